/** What a lake is called. */
import { pathToFileURL } from 'node:url';

/** A scheme; a single letter is a Windows drive, so that `C:\\lake` is a path. */
const SCHEME = /^[a-z][a-z0-9+.-]+:/iu;

/**
 * The absolute URL of a lake, without a trailing slash. A path means where it leads now, whatever the working directory
 * is by the time of the first run.
 */
export function lakeUrl(url: string | URL): string {
  const given = String(url);
  return (SCHEME.test(given) ? given : pathToFileURL(given).href).replace(/\/+$/u, '');
}
