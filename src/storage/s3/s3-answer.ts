/** What S3 says of an object, as the contract has it. */
import { UnsupportedFeatureError } from '../../errors.js';
import type { ObjectInfo } from '../object-store.js';

interface Described {
  readonly ETag?: string | undefined;
  readonly LastModified?: Date | undefined;
}

/**
 * Some services leave out the quotes of an etag in listings.
 *
 * @throws UnsupportedFeatureError when there is no size, by which a body that was cut short is told from a whole one
 */
export function infoOf(key: string, sizeBytes: number | undefined, from: Described): ObjectInfo {
  if (sizeBytes === undefined) throw unsized(key);
  const etag = from.ETag ?? '';
  return {
    key,
    sizeBytes,
    modifiedMs: from.LastModified?.getTime() ?? 0,
    etag: etag.startsWith('"') ? etag : `"${etag}"`,
  };
}

interface Answered extends Described {
  readonly ContentLength?: number | undefined;
  readonly ContentRange?: string | undefined;
}

/** Of the whole object, also where the answer has a range of it. */
export function answeredInfo(key: string, answer: Answered): ObjectInfo {
  const total = /\/(\d+)$/u.exec(answer.ContentRange ?? '')?.[1];
  return infoOf(key, total === undefined ? answer.ContentLength : Number(total), answer);
}

/** Where in the object an answer's body begins. */
export function firstByteOf({ ContentRange }: Answered): number {
  return Number(/^bytes (\d+)-/u.exec(ContentRange ?? '')?.[1] ?? 0);
}

/** A body as it comes: a stream of Node's under Node, one of the web's elsewhere. */
export async function* bodyChunks(body: unknown): AsyncGenerator<Uint8Array, void, undefined> {
  if (isIterable(body)) {
    yield* body;
    return;
  }
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel();
  }
}

function isIterable(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}

function unsized(key: string): UnsupportedFeatureError {
  return new UnsupportedFeatureError({
    message: `the service did not say how long ${JSON.stringify(key)} is`,
    features: ['Content-Length'],
    side: 'read',
    remedy: 'take a service that says so, or reach it without what stands between',
  });
}

/** The SDK's command, as far as its answer's headers are of interest. */
interface ObservedCommand {
  readonly middlewareStack: {
    add(
      middleware: (next: (args: never) => Promise<unknown>) => (args: unknown) => Promise<never>,
      options: { readonly step: 'deserialize'; readonly name: string },
    ): void;
  };
}

/** When the service answered, by its own clock: the answer to a put does not say when the object was modified. */
export function notingDate(command: ObservedCommand): () => Date | undefined {
  let date: Date | undefined;
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = (await next(args as never)) as {
        readonly response: { readonly headers?: Readonly<Record<string, string>> };
      };
      const text = result.response.headers?.['date'];
      if (text !== undefined) date = new Date(text);
      return result as never;
    },
    { step: 'deserialize', name: 'varveDate' },
  );
  return () => date;
}
