/** Stands in for the local store where there is no disk, so that no bundler meets `node:fs`. */
import { UnsupportedFeatureError } from '../errors.js';
import type { ObjectStore } from './object-store.js';

/** Refuses `file:` URLs. */
export function filePath(url: URL): string {
  return refuse(url);
}

/** Refuses paths. */
export function fileUrl(path: string): URL {
  return refuse(path);
}

/** Refuses folders. */
export function localStore(root: string): ObjectStore {
  return refuse(root);
}

function refuse(place: string | URL): never {
  throw new UnsupportedFeatureError({
    message: `${String(place)} is on a local disk, which only Node can reach`,
    features: ['local disk'],
    side: 'read',
    remedy: 'give the URL of an object store and its provider as `storage`',
  });
}
