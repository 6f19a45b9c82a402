/** Random sequences of what Spark can do to a table, from a seed. */
import { seededNumbers } from '../../src/testing/seeded.js';

/** One statement; `{path}` stands for the table. */
export interface SparkStep {
  readonly statement: string;
  /** The change feed is not to be asked for across it: Spark refuses, or takes another schema. */
  readonly changesSchema?: boolean;
}

interface Column {
  name: string;
  type: string;
}

/** The value of a column in row `id`, made different by a salt: SQL by the column's type. */
const VALUES: Readonly<Record<string, (salt: number) => string>> = {
  byte: (salt) => `cast((id + ${salt}) % 100 as byte)`,
  short: (salt) => `cast((id * 5 + ${salt}) % 1000 as short)`,
  int: (salt) => `cast((id * 7 + ${salt}) % 1000 as int)`,
  bigint: (salt) => `(id * 1000003 + ${salt}) * 4294967296`,
  float: (salt) => `cast((id + ${salt}) % 100 / 8 as float)`,
  double: (salt) => `cast((id + ${salt}) / 3 as double)`,
  'decimal(10,2)': (salt) => `cast((id + ${salt}) % 1000 / 10 as decimal(10,2))`,
  'decimal(20,4)': (salt) => `cast((id + ${salt}) * 10000000001 / 10000 as decimal(20,4))`,
  boolean: (salt) => `(id + ${salt}) % 2 = 0`,
  string: (salt) => `concat('ü ', (id + ${salt}) % 13)`,
  binary: (salt) => `cast(concat('b', (id + ${salt}) % 13) as binary)`,
  date: (salt) => `date_add(date'1969-12-01', cast((id + ${salt}) % 500 as int))`,
  timestamp_ntz: (salt) =>
    `cast(date_add(date'1969-12-01', cast((id + ${salt}) % 500 as int)) as timestamp_ntz)`,
  timestamp: (salt) => `timestamp_micros((id - 40 + ${salt}) * 1234567891)`,
  'array<int>': (salt) => `array(cast((id + ${salt}) % 10 as int), null)`,
  'map<string,int>': (salt) => `map('k', cast((id + ${salt}) % 10 as int), 'n', null)`,
  'struct<a:int,b:string>': (salt) =>
    `named_struct('a', cast((id + ${salt}) % 10 as int), 'b', if(id % 2 = 0, null, 'b'))`,
};

const WIDER: Readonly<Record<string, readonly string[]>> = {
  byte: ['short', 'int', 'bigint'],
  short: ['int', 'bigint'],
  int: ['bigint', 'double'],
  float: ['double'],
  date: ['timestamp_ntz'],
  'decimal(10,2)': ['decimal(20,4)'],
};

/** What a table is made with, by the seed; the rest may be enabled later. */
export interface SparkTable {
  readonly create: string;
  readonly hasFeed: boolean;
}

export class SparkHistory {
  readonly table: SparkTable;
  readonly #random: () => number;
  #columns: Column[] = [
    { name: 'id', type: 'bigint' },
    { name: 'v', type: 'int' },
    { name: 'name', type: 'string' },
  ];
  #enabled = new Set<string>();
  /** What was known of the table at each version: a statement that fails leaves it, and a restore goes back to it. */
  readonly #known = new Map<number, { columns: readonly Column[]; enabled: ReadonlySet<string> }>();
  readonly #isPartitioned: boolean;
  #nextId = 0;
  #names = 0;
  #version = 0;

  constructor(seed: number) {
    this.#random = seededNumbers(seed);
    this.#isPartitioned = this.#chance(0.5);
    for (const type of ['struct<a:int,b:string>', 'date', 'float', 'byte']) {
      if (this.#chance(0.6)) this.#add(this.#pick([type, this.#pick(Object.keys(VALUES))]));
    }
    if (this.#isPartitioned) this.#columns.push({ name: 'p', type: 'string' });
    const features = this.#pick([
      ['feed'],
      ['feed', 'vectors'],
      ['feed', 'vectors', 'mapping'],
      ['vectors', 'tracking', 'widening'],
      ['feed', 'mapping', 'times', 'widening'],
    ]);
    for (const name of features) this.#enabled.add(name);
    const properties = [
      "'delta.checkpointInterval' = '4'",
      "'delta.feature.timestampNtz' = 'supported'",
      ...features.map((name) => PROPERTIES[name] ?? ''),
    ];
    const columns = this.#columns.map(({ name, type }) => `${name} ${type}`);
    this.table = {
      create: `create table {path} (${columns.join(', ')}) using delta ${
        this.#isPartitioned ? 'partitioned by (p)' : ''
      } tblproperties (${properties.join(', ')})`,
      hasFeed: this.#enabled.has('feed'),
    };
  }

  /** What is done next. @param version - the table's newest */
  next(version: number): SparkStep {
    this.#version = version;
    if (this.#known.has(version)) this.#goBack(version);
    else
      this.#known.set(version, { columns: copied(this.#columns), enabled: new Set(this.#enabled) });
    const made = version < 2 ? this.#insert() : this.#any();
    return typeof made === 'string' ? { statement: made } : made;
  }

  #any(): string | SparkStep {
    const doable: readonly (readonly [weight: number, (() => string | SparkStep) | undefined])[] = [
      [4, () => this.#insert()],
      [4, () => `delete from {path} where ${this.#some()}`],
      [4, () => `update {path} set v = v + 1, name = 'updated' where ${this.#some()}`],
      [4, () => this.#merge()],
      [2, () => 'optimize {path}'],
      [1, () => `insert overwrite {path} ${this.#rows(12)}`],
      [1, () => this.#replace()],
      [2, () => this.#addColumn()],
      [2, this.#enabled.has('mapping') ? () => this.#rename() : undefined],
      [3, this.#enabled.has('mapping') ? () => this.#drop() : undefined],
      [4, this.#widenable().length > 0 ? () => this.#widen() : undefined],
      [1, this.#version > 3 ? () => this.#restore() : undefined],
      [1, this.#enabled.has('vectors') ? () => 'reorg table {path} apply (purge)' : undefined],
      [3, () => this.#enable()],
    ];
    const possible = doable.filter(([, make]) => make !== undefined);
    let at = this.#random() * possible.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, make] of possible) {
      at -= weight;
      if (at < 0 && make !== undefined) return make();
    }
    return this.#insert();
  }

  #insert(): string {
    return `insert into {path} ${this.#rows(10 + Math.floor(this.#random() * 20))}`;
  }

  /** New rows, of new ids, in two files. */
  #rows(count: number): string {
    const from = this.#nextId;
    this.#nextId += count;
    return `${this.#select()} from range(${from}, ${this.#nextId}, 1, 2)`;
  }

  #select(): string {
    const salt = Math.floor(this.#random() * 100);
    const values = this.#columns.map(({ name, type }, at) => {
      if (name === 'id') return 'id';
      if (name === 'p') return "if(id % 7 = 0, null, concat('p', id % 3)) as p";
      return `if((id + ${at}) % 6 = 0, null, ${VALUES[type]?.(salt)}) as ${name}`;
    });
    return `select ${values.join(', ')}`;
  }

  #merge(): string {
    const from = Math.floor(this.#random() * this.#nextId);
    this.#nextId = Math.max(this.#nextId, from + 20);
    const clauses = [
      'when matched and s.id % 3 = 0 then delete',
      'when matched then update set *',
      'when not matched then insert *',
      ...(this.#chance(0.3) ? ['when not matched by source and t.id % 9 = 0 then delete'] : []),
    ];
    return `merge into {path} t using (${this.#select()} from range(${from}, ${from + 20})) s
      on t.id = s.id ${clauses.join(' ')}`;
  }

  #replace(): string {
    if (!this.#isPartitioned) return `delete from {path} where ${this.#some()}`;
    return `insert into {path} replace where p = 'p1' select * from (${this.#rows(9)}) where p = 'p1'`;
  }

  #some(): string {
    const modulus = 2 + Math.floor(this.#random() * 6);
    const rest = Math.floor(this.#random() * modulus);
    return this.#isPartitioned && this.#chance(0.3)
      ? `p = 'p${rest % 3}'`
      : `id % ${modulus} = ${rest}`;
  }

  #addColumn(): string {
    const column = this.#add(this.#pick(Object.keys(VALUES)));
    return `alter table {path} add columns (${column.name} ${column.type})`;
  }

  #add(type: string): Column {
    const column = { name: `c${this.#names++}`, type };
    this.#columns.push(column);
    return column;
  }

  #rename(): string | SparkStep {
    const spare = this.#spare();
    if (spare.length === 0) return this.#insert();
    const column = this.#pick(spare);
    const old = column.name;
    column.name = `r${this.#names++}`;
    const statement = `alter table {path} rename column ${old} to ${column.name}`;
    return { statement, changesSchema: true };
  }

  #drop(): string | SparkStep {
    const spare = this.#spare();
    if (spare.length < 2) return this.#insert();
    const column = this.#pick(spare);
    this.#columns.splice(this.#columns.indexOf(column), 1);
    return { statement: `alter table {path} drop column ${column.name}`, changesSchema: true };
  }

  /** Columns that no other statement names. */
  #spare(): readonly Column[] {
    return this.#columns.filter(({ name }) => !['id', 'v', 'name', 'p'].includes(name));
  }

  #widenable(): readonly Column[] {
    if (!this.#enabled.has('widening')) return [];
    return this.#columns.filter(({ type }) => WIDER[type] !== undefined);
  }

  #widen(): SparkStep {
    const column = this.#pick(this.#widenable());
    column.type = this.#pick(WIDER[column.type] ?? [column.type]);
    const statement = `alter table {path} alter column ${column.name} type ${column.type}`;
    return { statement, changesSchema: true };
  }

  #goBack(version: number): void {
    const { columns = [], enabled = [] } = this.#known.get(version) ?? {};
    this.#columns = copied(columns);
    this.#enabled = new Set(enabled);
  }

  #restore(): SparkStep {
    const version = this.#pick([...this.#known.keys()].filter((known) => known > 0));
    const before = JSON.stringify([this.#columns, [...this.#enabled]]);
    this.#goBack(version);
    const changesSchema = JSON.stringify([this.#columns, [...this.#enabled]]) !== before;
    return { statement: `restore table {path} to version as of ${version}`, changesSchema };
  }

  #enable(): string | SparkStep {
    const left = Object.keys(PROPERTIES).filter((name) => !this.#enabled.has(name));
    if (left.length === 0) return this.#insert();
    const name = this.#pick(left);
    this.#enabled.add(name);
    const statement = `alter table {path} set tblproperties (${PROPERTIES[name]})`;
    return { statement, changesSchema: name === 'mapping' || name === 'feed' };
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }

  #pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.#random() * items.length)];
    if (item === undefined) throw new TypeError('nothing to pick from');
    return item;
  }
}

const copied = (columns: readonly Column[]): Column[] => columns.map((column) => ({ ...column }));

const PROPERTIES: Readonly<Record<string, string>> = {
  feed: "'delta.enableChangeDataFeed' = 'true'",
  vectors: "'delta.enableDeletionVectors' = 'true'",
  mapping: "'delta.columnMapping.mode' = 'name'",
  tracking: "'delta.enableRowTracking' = 'true'",
  times: "'delta.enableInCommitTimestamps' = 'true'",
  widening: "'delta.enableTypeWidening' = 'true'",
  checkpoints: "'delta.checkpointPolicy' = 'v2'",
  struct: "'delta.checkpoint.writeStatsAsJson' = 'false'",
};
