import type { Snapshot } from './table-snapshot.js';

/**
 * What this process knows of a table, shared by every handle of it. It never goes back, whichever of several calls ends
 * first and whatever a late listing shows.
 */
export class Head {
  #latest: Snapshot | undefined;
  #known = -1;

  /** The newest snapshot that was read; undefined before the first. */
  get latest(): Snapshot | undefined {
    return this.#latest;
  }

  /** The newest version that is known to exist; -1 when none is. It may be newer than what was read. */
  get known(): number {
    return this.#known;
  }

  /** Notes that a version exists. */
  meet(version: number): void {
    this.#known = Math.max(this.#known, version);
  }

  /** Notes what was read; of one version the last, for its file may have been replaced. @returns the newest */
  learn(read: Snapshot): Snapshot {
    this.meet(read.version);
    if (this.#latest === undefined || read.version >= this.#latest.version) this.#latest = read;
    return this.#latest;
  }
}
