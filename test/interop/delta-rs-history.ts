/** Random sequences of what delta-rs can do to a table, from a seed. */
import {
  Bool,
  Field,
  Float64,
  Int32,
  Int64,
  List,
  Struct,
  Table,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import { seededNumbers } from '../../src/testing/seeded.js';

/** One command of the peer. */
export interface DeltaRsStep {
  readonly op: string;
  readonly args: object;
  /** The rows that it takes, as an Arrow IPC file for the peer. */
  readonly rows?: Uint8Array;
}

export class DeltaRsHistory {
  readonly first: DeltaRsStep;
  readonly #random: () => number;
  readonly #isPartitioned: boolean;
  #nextId = 0;

  constructor(seed: number) {
    this.#random = seededNumbers(seed);
    this.#isPartitioned = this.#random() < 0.5;
    this.first = this.#write({
      ...(this.#isPartitioned ? { partitionBy: ['p'] } : {}),
      configuration: { 'delta.enableChangeDataFeed': 'true', 'delta.checkpointInterval': '5' },
    });
  }

  /** What is done next. @param version - the table's newest */
  next(version: number): DeltaRsStep {
    const steps: readonly (() => DeltaRsStep)[] = [
      () => this.#write({}),
      () => this.#write({}),
      () => this.#write({ mode: 'overwrite' }),
      () => this.#replace(),
      () => ({ op: 'delete', args: { where: this.#some() } }),
      () => ({ op: 'delete', args: { where: this.#some() } }),
      () => ({ op: 'update', args: { updates: { name: "'new'" }, where: this.#some() } }),
      () => ({ op: 'update', args: { updates: { v: 'v + 1' }, where: this.#some() } }),
      () => this.#merge(),
      () => this.#merge(),
      () => ({ op: 'optimize', args: {} }),
      () => ({ op: 'optimize', args: { zorderBy: ['v'] } }),
      () => ({ op: 'restore', args: { version: Math.floor(this.#random() * (version + 1)) } }),
      () => ({ op: 'checkpoint', args: {} }),
    ];
    const step = steps[Math.floor(this.#random() * steps.length)];
    if (step === undefined) throw new TypeError('there is no step');
    return step();
  }

  #write(args: object): DeltaRsStep {
    const from = this.#nextId;
    this.#nextId += 5 + Math.floor(this.#random() * 20);
    return { op: 'write', args, rows: this.#rows(from, this.#nextId) };
  }

  #replace(): DeltaRsStep {
    const [from, id] = [this.#nextId, this.#nextId++];
    const predicate = this.#isPartitioned ? `p = 'p${id % 3}'` : `id = ${id}`;
    return {
      op: 'write',
      args: { mode: 'overwrite', predicate },
      rows: this.#rows(from, from + 1),
    };
  }

  #merge(): DeltaRsStep {
    const from = Math.floor(this.#random() * this.#nextId);
    this.#nextId = Math.max(this.#nextId, from + 12);
    const clauses = [
      ['when_matched_delete', { predicate: 's.id % 3 = 0' }],
      ['when_matched_update_all', {}],
      ['when_not_matched_insert_all', {}],
    ];
    return {
      op: 'merge',
      args: { on: 's.id = t.id', clauses },
      rows: this.#rows(from, from + 12),
    };
  }

  #some(): string {
    const modulus = 2 + Math.floor(this.#random() * 6);
    return `id % ${modulus} = ${Math.floor(this.#random() * modulus)}`;
  }

  #rows(from: number, to: number): Uint8Array {
    const salt = Math.floor(this.#random() * 100);
    const ids = Array.from({ length: to - from }, (_, at) => from + at);
    const column = <T>(value: (id: number) => T): (T | null)[] =>
      ids.map((id) => ((id + salt) % 6 === 0 ? null : value(id)));
    const rows = new Table({
      id: vectorFromArray(ids.map(BigInt), new Int64()),
      v: vectorFromArray(
        column((id) => (id * 7 + salt) % 1000),
        new Int32(),
      ),
      name: vectorFromArray(
        column((id) => `ü ${(id + salt) % 13}`),
        new Utf8(),
      ),
      share: vectorFromArray(
        column((id) => (id + salt) / 3),
        new Float64(),
      ),
      yes: vectorFromArray(
        column((id) => id % 2 === 0),
        new Bool(),
      ),
      list: vectorFromArray(
        column((id) => [id % 10, null]),
        new List(new Field('item', new Int32(), true)),
      ),
      s: vectorFromArray(
        column((id) => ({ a: id % 4 === 0 ? null : id })),
        new Struct([new Field('a', new Int32(), true)]),
      ),
      p: vectorFromArray(
        ids.map((id) => (id % 7 === 0 ? null : `p${id % 3}`)),
        new Utf8(),
      ),
    });
    return tableToIPC(rows, 'file');
  }
}
