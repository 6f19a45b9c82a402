/** A small server of files: ranges, etags, and whatever else a real one does wrong. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ObjectStore, StoredObject } from '../../src/storage/object-store.js';

/** One request as it arrived. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

/** What a server does in its own way. */
export interface Manners {
  /** What it says of objects that are not there. Default 404. */
  readonly absent?: number;
  readonly ranges?: boolean;
  readonly etags?: boolean;
  /** When an object was changed, milliseconds since 1970; what is told has whole seconds. */
  readonly modifiedMs?: (path: string) => number;
  /** Answers a request itself, before anything else. */
  readonly answer?: (request: SeenRequest, response: ServerResponse) => boolean;
}

export interface HttpFiles {
  readonly url: string;
  readonly requests: SeenRequest[];
  manners: Manners;
  close(): Promise<void>;
}

/** Serves the objects of `store` at a free port of this machine. */
export async function serveFiles(store: ObjectStore, manners: Manners = {}): Promise<HttpFiles> {
  const requests: SeenRequest[] = [];
  const files: HttpFiles = { url: '', requests, manners, close: async () => await closed };
  const server = createServer((incoming, response) => {
    const { method = '', url = '', headers } = incoming;
    const request = { method, path: decodeURIComponent(url.slice(1)), headers };
    requests.push(request);
    if (files.manners.answer?.(request, response) === true) return;
    void store
      .get(request.path)
      .then((object) => respond(response, request, object, files.manners))
      .catch(() => response.writeHead(500).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  let closed: Promise<void> = Promise.resolve();
  const { port } = server.address() as AddressInfo;
  return Object.assign(files, {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      closed = new Promise((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  });
}

function respond(
  response: ServerResponse,
  { method, path, headers }: SeenRequest,
  object: StoredObject | undefined,
  { absent = 404, ranges = true, etags = true, modifiedMs }: Manners,
): void {
  if (object === undefined) {
    response.writeHead(absent).end();
    return;
  }
  const etag = `"${object.info.etag}"`;
  if (etags) response.setHeader('etag', etag);
  response.setHeader(
    'last-modified',
    new Date(modifiedMs?.(path) ?? object.info.modifiedMs).toUTCString(),
  );
  if (etags && headers['if-match'] !== undefined && headers['if-match'] !== etag) {
    response.writeHead(412).end();
    return;
  }
  const { bytes } = object;
  const [, first, last] = /^bytes=(\d+)-(\d+)$/u.exec(headers.range ?? '') ?? [];
  if (!ranges || first === undefined) {
    response.setHeader('content-length', bytes.length);
    response.writeHead(200).end(method === 'HEAD' ? undefined : bytes);
    return;
  }
  if (Number(first) >= bytes.length) {
    response.setHeader('content-range', `bytes */${bytes.length}`);
    response.writeHead(416).end();
    return;
  }
  const part = bytes.subarray(Number(first), Number(last) + 1);
  response.setHeader(
    'content-range',
    `bytes ${first}-${Number(first) + part.length - 1}/${bytes.length}`,
  );
  response.setHeader('content-length', part.length);
  response.writeHead(206).end(part);
}
