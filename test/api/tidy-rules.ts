/**
 * The house rules of DESIGN.md as pure functions over a map of files, so that each can be shown a fault. Lint holds
 * some of them too; here is the whole list.
 */
import { posix } from 'node:path';
import { parseAst } from 'rolldown/parseAst';

/** The text of each file by its path from the repository's root. */
export type Files = ReadonlyMap<string, string>;

/** One broken rule at one place. */
export interface Finding {
  readonly rule: string;
  readonly path: string;
  readonly detail: string;
}

/** Every rule, in the order of DESIGN.md. */
export function tidy(files: Files): readonly Finding[] {
  const sources = [...files].filter(([path]) => path.startsWith('src/') && path.endsWith('.ts'));
  return [
    ...folders(sources.map(([path]) => path.slice('src/'.length))),
    ...sources.flatMap(([path, text]) => sourceRules(path.slice('src/'.length), text)),
    ...[...files].flatMap(([path, text]) => textRules(path, text)),
  ];
}

const BASE: readonly string[] = ['errors.ts', 'clock.ts', 'version.ts'];

/** The folders of the house; a new room is added here in the commit that moves its tenants in. */
const FOLDERS: readonly string[] = [
  'cli',
  'log',
  'log/deletion-vector',
  'log/schema',
  'log/schema/variant',
  'ml',
  'storage',
  'storage/azure',
  'storage/gcs',
  'storage/parquet',
  'storage/s3',
  'table',
  'table/expression',
  'table/expression/sql',
  'table/row',
  'testing',
];

/** The entries of package.json's `exports`: the only files that gather names from others. */
const ENTRIES: readonly string[] = [
  'index.ts',
  'ml/index.ts',
  'testing/index.ts',
  'storage/azure/index.ts',
  'storage/gcs/index.ts',
  'storage/s3/index.ts',
];

const isIn =
  (...rooms: readonly string[]) =>
  (target: string): boolean =>
    rooms.some((room) => target === room || target.startsWith(`${room}/`));

const isBelowTable = (target: string): boolean =>
  isIn(...BASE, 'storage/parquet', 'storage/object-store.ts', 'log')(target);

/** The import table: what each room may import besides packages. */
const ROOMS: Readonly<Record<string, (target: string) => boolean>> = {
  'errors.ts': () => false,
  'clock.ts': () => false,
  'version.ts': () => false,
  storage: isIn('errors.ts', 'clock.ts', 'storage'),
  log: isBelowTable,
  // Opening a table turns its URL into a store, so it meets what all stores share: keys, and the choice of a provider.
  table: (target) =>
    isBelowTable(target) || isIn('table', 'storage/key.ts', 'storage/locate.ts')(target),
  ml: isIn('index.ts', 'ml'),
  testing: isIn('errors.ts', 'clock.ts', 'storage', 'testing'),
  cli: isIn('index.ts', 'ml/index.ts', 'cli'),
  'index.ts': isIn(...BASE, 'storage', 'log', 'table'),
};

/** The stores themselves: what they share with others is the contract in object-store.ts. */
const isConcreteStore = (path: string): boolean =>
  /^storage\/(?:(?:memory|local|no-local|http)-store\.ts$|(?:azure|s3|gcs)\/)/u.test(path);

/** Where `#name` leads under Node; package.json has the other target. */
const HOST_IMPORTS: Readonly<Record<string, string>> = {
  '#local-store': 'storage/local-store.ts',
  '#page-bytes': 'storage/parquet/page-bytes-node.ts',
  '#parquet-host': 'storage/parquet/host-node.ts',
};

/** The files that may use what only Node has; no bundler for browsers reaches them. */
/** Training runs on Node: local artifacts and lakes, the git commit, and a digest that streams. */
const ML_ON_NODE = ['ml/artifacts.ts', 'ml/input-digest.ts', 'ml/lake-url.ts', 'ml/run-source.ts'];

const isNodeOnly = (path: string): boolean =>
  path.startsWith('cli/') ||
  ML_ON_NODE.includes(path) ||
  Object.values(HOST_IMPORTS).includes(path);

function folders(paths: readonly string[]): readonly Finding[] {
  const found = new Map<string, number>();
  for (const path of paths) {
    for (let folder = posix.dirname(path); folder !== '.'; folder = posix.dirname(folder)) {
      found.set(folder, (found.get(folder) ?? 0) + 1);
    }
  }
  const strangers = paths.filter((path) => !path.includes('/') && ROOMS[path] === undefined);
  return [
    ...strangers.map((path) => finding('unknown root file', path, 'the house has no such room')),
    ...[...found].flatMap(([folder, count]) => {
      if (!FOLDERS.includes(folder)) {
        return [finding('unknown folder', folder, 'the house has no such room')];
      }
      return count < 2 ? [finding('lonely folder', folder, 'a folder holds two files')] : [];
    }),
  ];
}

function sourceRules(path: string, text: string): readonly Finding[] {
  const nodes = [...walk(parseAst(text, { lang: 'ts' }, path))];
  const targets = nodes.flatMap((node) => importTarget(path, node));
  return [
    ...targets.flatMap((target) => importRules(path, target)),
    ...nodes.flatMap((node) => nodeRules(path, node)),
    ...fileRules(path, text),
  ];
}

function importRules(path: string, target: string): readonly Finding[] {
  if (!target.endsWith('.ts')) return packageRules(path, target);
  const room = path.includes('/') ? path.slice(0, path.indexOf('/')) : path;
  if (ROOMS[room]?.(target) === false) return [finding(`imports of ${room}`, path, target)];
  // `locate.ts` is where a URL without a provider meets the local store.
  const isSettled =
    ['index.ts', 'testing'].includes(room) || isConcreteStore(path) || path === 'storage/locate.ts';
  return isConcreteStore(target) && !isSettled
    ? [finding('concrete store', path, `${target} is for index.ts, testing and its own subpath`)]
    : [];
}

/** Where the packages of each cloud may be imported. */
const CLOUD_CLIENTS: readonly (readonly [scope: string, room: string])[] = [
  ['@azure/', 'storage/azure'],
  ['@aws-sdk/', 'storage/s3'],
];

function packageRules(path: string, name: string): readonly Finding[] {
  if (name.startsWith('node:')) {
    return isNodeOnly(path) ? [] : [finding('node in portable code', path, name)];
  }
  const room = CLOUD_CLIENTS.find(([scope]) => name.startsWith(scope))?.[1];
  return room !== undefined && !path.startsWith(`${room}/`)
    ? [finding('cloud client', path, `${name} is for ${room}`)]
    : [];
}

const TIME_AND_CHANCE: readonly string[] = [
  'performance',
  'hrtime',
  'randomUUID',
  'getRandomValues',
  'setTimeout',
  'setInterval',
];

function nodeRules(path: string, node: Node): readonly Finding[] {
  switch (node.type) {
    case 'ExportDefaultDeclaration':
      return [finding('default export', path, 'exports have names')];
    case 'ExportSpecifier':
      return nameOf(node['exported']) === 'default'
        ? [finding('default export', path, 'exports have names')]
        : [];
    case 'ExportAllDeclaration':
      return [finding('barrel', path, 'export * hides what is exported')];
    case 'ExportNamedDeclaration':
      return node['source'] === null || ENTRIES.includes(path)
        ? []
        : [finding('barrel', path, 'only an entry exports the names of others')];
    case 'TSEnumDeclaration':
      return [finding('enum', path, 'a union of literals instead')];
    case 'TSAnyKeyword':
      return [finding('any', path, 'unknown, or the type')];
    case 'TSNonNullExpression':
      return [finding('non-null assertion', path, 'narrow, or assert')];
    case 'NewExpression':
      return constructionRules(path, node);
    case 'MemberExpression':
      return ambientMember(path, node);
    case 'Identifier':
      return nameRules(path, nameOf(node) ?? '');
    default:
      return [];
  }
}

function constructionRules(path: string, node: Node): readonly Finding[] {
  const name = nameOf(node['callee']);
  if (name === 'Date' && (node['arguments'] as unknown[]).length === 0 && path !== 'clock.ts') {
    return [finding('ambient time', path, 'new Date() reads the machine: take a Clock')];
  }
  return name !== undefined && /^(?:Type|Range|Syntax)?Error$/u.test(name)
    ? [finding('bare error', path, `new ${name}: errors are those of errors.ts`)]
    : [];
}

function ambientMember(path: string, node: Node): readonly Finding[] {
  const member = `${nameOf(node['object'])}.${nameOf(node['property'])}`;
  return ['Date.now', 'Math.random'].includes(member) && path !== 'clock.ts'
    ? [finding('ambient time', path, `${member}: take a Clock or Entropy`)]
    : [];
}

function nameRules(path: string, name: string): readonly Finding[] {
  if (TIME_AND_CHANCE.includes(name) && path !== 'clock.ts') {
    return [finding('ambient time', path, `${name}: take a Clock or Entropy`)];
  }
  if (name === 'console' && !path.startsWith('cli/')) {
    return [finding('console', path, 'only the CLI prints')];
  }
  return ['Buffer', 'process'].includes(name) && !isNodeOnly(path)
    ? [finding('node in portable code', path, name)]
    : [];
}

const MAX_FILE_LINES = 500;

function fileRules(path: string, text: string): readonly Finding[] {
  const findings: Finding[] = [];
  const lines = text.split('\n').length - 1;
  const name = posix.basename(path);
  if (lines > MAX_FILE_LINES) findings.push(finding('long file', path, `${lines} lines`));
  if (/^(?:utils?|helpers?|common|misc)\.ts$/u.test(name)) {
    findings.push(finding('file without a subject', path, 'name it after what it does'));
  }
  if (name === 'index.ts' && !ENTRIES.includes(path)) {
    findings.push(finding('barrel', path, 'index.ts is for entries'));
  }
  return findings;
}

/** Spelled with a class, so that this file keeps its own rule. */
const UNFINISHED = /\b(?:T[O]DO|FIX[M]E)\b/u;
const REGISTRY =
  /https?:\/\/[^\s"'`]*(?:registry|npmjs|pypi|artifactory)|^\s*(?:@[\w-]+:)?registry\s*=/imu;

function textRules(path: string, text: string): readonly Finding[] {
  const findings: Finding[] = [];
  if (UNFINISHED.test(text)) {
    findings.push(finding('unfinished', path, 'file an issue, or do it'));
  }
  if (REGISTRY.test(text)) {
    findings.push(finding('registry address', path, 'where packages come from is not ours to say'));
  }
  if (posix.basename(path) === 'package-lock.json' && text.includes('"resolved"')) {
    findings.push(finding('registry address', path, 'the lock file holds addresses'));
  }
  return findings;
}

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Partial<Node>).type === 'string';

function* walk(value: unknown): Generator<Node> {
  if (Array.isArray(value)) {
    for (const item of value) yield* walk(item);
  } else if (isNode(value)) {
    yield value;
    for (const child of Object.values(value)) yield* walk(child);
  }
}

const nameOf = (node: unknown): string | undefined =>
  isNode(node) && node.type === 'Identifier' ? String(node['name']) : undefined;

/** What a node imports: a path in src/ that ends with `.ts`, or a package's name. */
function importTarget(path: string, node: Node): readonly string[] {
  const isImport =
    /^(?:Import(?:Declaration|Expression)|Export(?:Named|All)Declaration|TSImportType)$/u;
  const { source } = node;
  if (!isImport.test(node.type) || !isNode(source)) return [];
  const specifier = String(source['value']);
  const host = HOST_IMPORTS[specifier];
  if (host !== undefined) return [host];
  if (!specifier.startsWith('.')) return [specifier];
  return [posix.join(posix.dirname(path), specifier).replace(/\.js$/u, '.ts')];
}

function finding(rule: string, path: string, detail: string): Finding {
  return { rule, path, detail };
}
