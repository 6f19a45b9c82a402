/** What the service says of an object, in the JSON of its API and in the headers of a download. */
import { UnsupportedFeatureError } from '../../errors.js';
import type { ObjectInfo } from '../object-store.js';

/** The part of an object's resource that is looked at. */
export interface ObjectResource {
  readonly name: string;
  readonly size?: string | undefined;
  readonly generation?: string | undefined;
  readonly updated?: string | undefined;
}

/** What to ask for, so that no more is sent. */
export const OBJECT_FIELDS = 'name,size,generation,updated';

/**
 * The etag is the generation, which is what conditions are made with. Times have whole seconds, as the headers of a
 * download have them: an object has one time, whichever way it is asked for.
 */
export function infoOf(key: string, resource: ObjectResource): ObjectInfo {
  return {
    key,
    sizeBytes: Number(resource.size ?? 0),
    modifiedMs: wholeSeconds(resource.updated ?? null) ?? 0,
    etag: resource.generation ?? '',
  };
}

/** What a download says of the whole object; its time is undefined where the service does not tell it. */
export interface Downloaded {
  readonly generation: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number | undefined;
  /** Of the whole object. */
  readonly crc32c: string | undefined;
  /** Where in the object the body begins. */
  readonly start: number;
}

/**
 * Reads the headers of a download.
 * @returns undefined when they do not say what is needed
 * @throws UnsupportedFeatureError when the object is stored compressed, so that sizes and ranges mean something else
 */
export function downloaded({ status, headers }: Response, key: string): Downloaded | undefined {
  const encoding = headers.get('x-goog-stored-content-encoding') ?? 'identity';
  if (encoding !== 'identity') throw compressed(key, encoding);
  const range =
    status === 206
      ? /^bytes (\d+)-\d+\/(\d+)$/u.exec(headers.get('content-range') ?? '')
      : undefined;
  const size =
    range?.[2] ?? headers.get('x-goog-stored-content-length') ?? headers.get('content-length');
  const generation = headers.get('x-goog-generation');
  if (size === null || generation === null || range === null) return undefined;
  return {
    generation,
    sizeBytes: Number(size),
    modifiedMs: wholeSeconds(headers.get('last-modified')),
    crc32c: /crc32c=([^,\s]+)/u.exec(headers.get('x-goog-hash') ?? '')?.[1],
    start: Number(range?.[1] ?? 0),
  };
}

/** The generation that an etag of ours is; undefined for any other text, which no object has. */
export function generationOf(etag: string): string | undefined {
  return /^[1-9]\d*$/u.test(etag) ? etag : undefined;
}

function wholeSeconds(text: string | null): number | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000) * 1000;
}

function compressed(key: string, encoding: string): UnsupportedFeatureError {
  return new UnsupportedFeatureError({
    message: `${key} is stored with Content-Encoding ${encoding}, so its sizes and ranges are not those of its content`,
    features: ['compressed objects in Google Cloud Storage'],
    side: 'read',
    remedy: 'store the object again without a Content-Encoding',
  });
}
