/** An HTTP proxy on 127.0.0.1 that loses what a plan tells it to, between a client and one server. */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';

/**
 * `lost-request`: the server never sees it. `lost-reply`: the server has done it, and the client does not learn so.
 * `cut-reply`: the connection breaks in the middle of the answer's body. `unavailable`: 503, nothing done.
 */
export type WireFault = 'lost-request' | 'lost-reply' | 'cut-reply' | 'unavailable';

export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: NodeJS.Dict<string | string[]>;
}

/** Decides for each request what is to happen to it; undefined for nothing. */
export type WirePlan = (request: WireRequest) => WireFault | undefined;

export interface LossyProxy {
  readonly port: number;
  /** How many requests met a fault. */
  faults(): number;
  close(): void;
}

/** Starts a proxy before the server at `port`. */
export async function startLossyProxy(port: number, plan: WirePlan): Promise<LossyProxy> {
  const agent = new Agent({ keepAlive: true });
  let faults = 0;
  const server = createServer((incoming, outgoing) => {
    const { method = 'GET', headers, url: path = '/' } = incoming;
    const fault = plan({ method, path, headers });
    if (fault !== undefined) faults++;
    if (fault === 'lost-request') drop(incoming);
    else if (fault === 'unavailable') refuse(incoming, outgoing);
    else forward({ agent, port, fault }, incoming, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    faults: () => faults,
    close: () => {
      server.closeAllConnections();
      server.close();
      agent.destroy();
    },
  };
}

interface Way {
  readonly agent: Agent;
  readonly port: number;
  readonly fault: 'lost-reply' | 'cut-reply' | undefined;
}

function forward(way: Way, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, headers, url: path } = incoming;
  const { agent, port, fault } = way;
  const onward = request({ host: '127.0.0.1', port, method, path, headers, agent }, (answer) => {
    if (fault === 'lost-reply') {
      answer.resume();
      answer.on('end', () => incoming.socket.destroy());
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
    if (fault === 'cut-reply') answer.once('data', (chunk: Buffer) => cut(chunk, outgoing));
    else answer.pipe(outgoing);
    answer.on('error', () => outgoing.destroy());
  });
  // The client may be a process that was killed, and the server may be gone: neither is the proxy's fault.
  onward.on('error', () => incoming.socket.destroy());
  incoming.on('error', () => onward.destroy());
  outgoing.on('error', () => onward.destroy());
  incoming.pipe(onward);
}

function cut(chunk: Buffer, outgoing: ServerResponse): void {
  outgoing.write(chunk.subarray(0, chunk.length / 2), () => outgoing.destroy());
}

function drop(incoming: IncomingMessage): void {
  incoming.resume();
  incoming.on('end', () => incoming.socket.destroy());
}

function refuse(incoming: IncomingMessage, outgoing: ServerResponse): void {
  incoming.resume();
  incoming.on('end', () => outgoing.writeHead(503, { 'retry-after': '0' }).end());
}
