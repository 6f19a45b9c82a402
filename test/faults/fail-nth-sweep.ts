/** An operation of which every call goes wrong in every way there is, one after the other. */
import {
  diskModes,
  diskWorld,
  type Modes,
  memoryWorld,
  type OpenWorld,
  type Point,
  storeModes,
} from './fail-nth-world.js';

export interface Sweep {
  readonly name: string;
  readonly modes: Modes;
  /** Which part of its points is drawn. */
  readonly share: number;
  /** Whether it makes commits. */
  readonly isWriting: boolean;
  /** Runs it without a fault. */
  readonly begin: () => Promise<Begun>;
}

export interface Begun {
  /** What the operation calls, in order. */
  readonly calls: readonly string[];
  /** Every rule that is broken when one of them goes wrong. */
  readonly run: (point: Point) => Promise<readonly string[]>;
}

interface Kind extends Pick<Sweep, 'name' | 'modes' | 'share'> {
  readonly open: OpenWorld;
}

/** Of the disk a part is drawn: a file is put by a dozen calls that are alike everywhere. */
export const KINDS: readonly Kind[] = [
  { name: 'store', open: memoryWorld, modes: storeModes, share: 1 },
  { name: 'disk', open: diskWorld, modes: diskModes, share: 0.06 },
];
