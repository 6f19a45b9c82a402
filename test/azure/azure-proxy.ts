/** A proxy in front of the emulator that loses, cuts and refuses what a test says. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { listen } from '../support/listen.js';

/** What becomes of a request: `lose` does it and drops the answer, `cut` ends the answer in its middle. */
export type ProxyFault =
  | 'lose'
  | 'cut'
  | { readonly status: number; readonly code: string; readonly retryAfter?: number };

/** A request as it came. */
export interface ProxiedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

export interface AzureProxy {
  readonly port: number;
  /** In the order of their arrival. */
  readonly requests: readonly ProxiedRequest[];
  /** Decides for each request; none fails when it is not set. */
  fault: ((request: ProxiedRequest) => ProxyFault | undefined) | undefined;
  close(): void;
}

/** @param target - the emulator's port; undefined where every request is answered by a fault */
export async function azureProxy(target?: number): Promise<AzureProxy> {
  const requests: ProxiedRequest[] = [];
  const server = createServer((incoming, outgoing) => {
    const { method = 'GET', url: path = '/' } = incoming;
    const headers = incoming.headers as ProxiedRequest['headers'];
    const seen = { method, path, headers };
    requests.push(seen);
    const fault = proxy.fault?.(seen);
    if (typeof fault === 'object') refuse(incoming, outgoing, fault);
    else forward(incoming, outgoing, target ?? 0, fault);
  });
  const proxy: AzureProxy = {
    port: await listen(server),
    requests,
    fault: undefined,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return proxy;
}

function refuse(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { status, code, retryAfter }: Exclude<ProxyFault, string>,
): void {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>planned</Message></Error>`;
  incoming.resume().on('end', () => {
    outgoing.writeHead(status, {
      'content-type': 'application/xml',
      'x-ms-error-code': code,
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    });
    outgoing.end(incoming.method === 'HEAD' ? '' : body);
  });
}

function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  port: number,
  fault: 'lose' | 'cut' | undefined,
): void {
  const { method, url: path, headers } = incoming;
  const onward = request({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
    if (fault === 'lose') {
      answer.resume().on('end', () => incoming.socket.destroy());
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
    if (fault === undefined) {
      answer.pipe(outgoing);
      return;
    }
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    answer.on('end', () => {
      const body = Buffer.concat(chunks);
      outgoing.write(body.subarray(0, body.length / 2), () => incoming.socket.destroy());
    });
  });
  incoming.pipe(onward);
}
