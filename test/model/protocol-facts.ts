/** What the operations of the protocol's model do to the files of a table, and whether two of them are in conflict. */
import type { Action, AddFile } from '../../src/log/actions.js';
import { type checkConflict, NOTHING_READ, winningCommit } from '../../src/log/conflict.js';
import type { IsolationLevel } from '../../src/log/isolation.js';
import type { Layout } from './protocol-layout.js';

/** Adds a file to a part; replaces what is in a part; changes the metadata. */
export type Operation =
  | { readonly kind: 'append'; readonly part: 'p' | 'q' }
  | { readonly kind: 'replace'; readonly part: 'p' | 'q' }
  | { readonly kind: 'metadata' };

/** Answers are kept: there are few logs, and a great many states with each. */
export class ProtocolFacts {
  readonly #operations: readonly Operation[];
  readonly #layout: Layout;
  readonly #checkConflict: typeof checkConflict;
  readonly #isolation: IsolationLevel;
  readonly #live = new Map<number, readonly number[]>();
  readonly #conflicts = new Map<number, boolean>();
  readonly #whole = new Map<number, boolean>();

  constructor(
    operations: readonly Operation[],
    layout: Layout,
    decisions: {
      readonly checkConflict: typeof checkConflict;
      readonly isolation: IsolationLevel;
    },
  ) {
    this.#operations = operations;
    this.#layout = layout;
    this.#checkConflict = decisions.checkConflict;
    this.#isolation = decisions.isolation;
  }

  /** Whether the operation looks at files before it writes. */
  reads(operation: number): boolean {
    return this.#operations[operation]?.kind === 'replace';
  }

  /** Whether the operation may not go behind the commit at `version`. */
  isInConflict(state: Uint8Array, operation: number, version: number): boolean {
    const base = this.#layout.base(state, operation);
    const key = (this.#keyOf(state, version) * 8 + operation) * 8 + base;
    const known = this.#conflicts.get(key);
    if (known !== undefined) return known;
    const winner = this.#layout.maker(state, version);
    const { reads, actions } = this.#transaction(state, operation);
    const theirs = this.#transaction(state, winner).actions;
    const mine = { ...LOSER, isolation: this.#isolation, reads, actions };
    const found = this.#checkConflict(mine, winningCommit(version, theirs)) !== undefined;
    this.#conflicts.set(key, found);
    return found;
  }

  /**
   * Whether every commit did what it would have done alone on the version before it: it removed only live files, and
   * where it replaced a part, all that was in it. With WriteSerializable it may have come before blind appends that it
   * did not see, with SnapshotIsolation before whatever was added since it looked.
   */
  isSerial(state: Uint8Array): boolean {
    const latest = this.#layout.latest(state);
    const key = this.#keyOf(state, latest);
    const known = this.#whole.get(key);
    if (known !== undefined) return known;
    let isSerial = true;
    for (let version = 1; version <= latest; version++) {
      const operation = this.#layout.maker(state, version);
      const step = this.#operations[operation];
      if (step?.kind !== 'replace') continue;
      const before = this.#liveAt(state, version - 1);
      const removed = this.#removedBy(state, operation);
      const wanted = before.filter(
        (file) => this.#isIn(file, step.part) && !this.#mayComeLater(state, file, operation),
      );
      if (removed.join() !== wanted.join()) isSerial = false;
    }
    this.#whole.set(key, isSerial);
    return isSerial;
  }

  #mayComeLater(state: Uint8Array, file: number, operation: number): boolean {
    if (this.#isolation === 'Serializable') return false;
    const isBlind = this.#operations[file]?.kind === 'append';
    if (this.#isolation === 'WriteSerializable' && !isBlind) return false;
    const base = this.#layout.base(state, operation);
    for (let version = 1; version <= base; version++) {
      if (this.#layout.maker(state, version) === file) return false;
    }
    return true;
  }

  /** A number for the log up to `version`: who made each version, and what that looked at. */
  #keyOf(state: Uint8Array, version: number): number {
    let key = 0;
    for (let at = 1; at <= version; at++) {
      const maker = this.#layout.maker(state, at);
      key = (key * 8 + maker + 1) * 8 + (maker < 0 ? 0 : this.#layout.base(state, maker));
    }
    return key;
  }

  /** The live files after `version`, each by the operation that added it. */
  #liveAt(state: Uint8Array, version: number): readonly number[] {
    const key = this.#keyOf(state, version);
    const known = this.#live.get(key);
    if (known !== undefined) return known;
    let live: readonly number[] = [];
    for (let at = 1; at <= version; at++) {
      const operation = this.#layout.maker(state, at);
      const removed = this.#removedBy(state, operation);
      live = live.filter((file) => !removed.includes(file));
      if (this.#operations[operation]?.kind !== 'metadata') live = [...live, operation];
    }
    this.#live.set(key, live);
    return live;
  }

  #removedBy(state: Uint8Array, operation: number): readonly number[] {
    const step = this.#operations[operation];
    if (step?.kind !== 'replace') return [];
    const live = this.#liveAt(state, this.#layout.base(state, operation));
    return live.filter((file) => this.#isIn(file, step.part));
  }

  #isIn(file: number, part: string): boolean {
    const step = this.#operations[file];
    return step !== undefined && step.kind !== 'metadata' && step.part === part;
  }

  #transaction(
    state: Uint8Array,
    operation: number,
  ): {
    readonly reads: Parameters<typeof checkConflict>[0]['reads'];
    readonly actions: readonly Action[];
  } {
    const step = this.#operations[operation];
    const info: Action = {
      kind: 'commitInfo',
      commitInfo: { operation: 'WRITE', isBlindAppend: step?.kind === 'append' },
    };
    if (step === undefined || step.kind === 'metadata') {
      return { reads: NOTHING_READ, actions: [info, METADATA] };
    }
    const added: Action = { kind: 'add', add: fileOf(operation, step.part) };
    if (step.kind === 'append') return { reads: NOTHING_READ, actions: [info, added] };
    const paths = this.#removedBy(state, operation).map((file) => fileOf(file, step.part).path);
    const matches = (file: AddFile): boolean => file.partitionValues.get('part') === step.part;
    const removes = paths.map(
      (path) => ({ kind: 'remove', remove: { path, dataChange: true } }) as const,
    );
    return {
      reads: { ...NOTHING_READ, matches, files: new Set(paths) },
      actions: [info, ...removes, added],
    };
  }
}

function fileOf(operation: number, part: string): AddFile {
  return {
    path: `part=${part}/${operation}.parquet`,
    partitionValues: new Map([['part', part]]),
    size: 1,
    modificationTime: 1,
    dataChange: true,
  };
}

const METADATA = {
  kind: 'metaData',
  metaData: {
    id: 'model',
    format: { provider: 'parquet', options: new Map() },
    schemaString: '{"type":"struct","fields":[]}',
    partitionColumns: ['part'],
    configuration: new Map(),
  },
} as const;

const PROTOCOL = { minReaderVersion: 1, minWriterVersion: 2 } as const;

const LOSER = {
  tableUrl: 'memory://lake/model',
  operation: 'WRITE',
  readProtocol: PROTOCOL,
  protocol: PROTOCOL,
  metadata: METADATA.metaData,
} as const;
