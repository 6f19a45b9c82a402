/** Paths and URLs that try to leave a table: every trick beside every way to spell it. */

/** What the vectors aim at. */
export interface Targets {
  /** The absolute path of the table, without a trailing slash. */
  readonly table: string;
  /** The absolute path of a file outside of it, in the folder above. */
  readonly secret: string;
  /** The URL of a host that must not be asked. */
  readonly canaryUrl: string;
}

const SPELLINGS: readonly ((path: string) => string)[] = [
  (path) => path,
  (path) => path.replaceAll('.', '%2e'),
  (path) => path.replaceAll('.', '%2E').replaceAll('/', '%2F'),
  (path) => path.replaceAll('/', '%2f'),
  (path) => path.replaceAll('..', '.%2e'),
  (path) => path.replaceAll('.', '%252e').replaceAll('/', '%252f'),
  (path) => path.replaceAll('.', '%25252e'),
  (path) => path.replaceAll('/', '\\'),
  (path) => path.replaceAll('/', '%5c'),
  (path) => path.replaceAll('..', '..\\'),
  (path) => path.replaceAll('.', '%c0%ae'),
  (path) => path.replaceAll('/', '%c0%af'),
  (path) => path.replaceAll('.', '\uff0e'),
  (path) => path.replaceAll('..', '\u2025'),
  (path) => path.replaceAll('/', '\u2215'),
  (path) => path.replaceAll('/', '%e2%88%95'),
  (path) => path.replaceAll('..', '..\u0000'),
  (path) => path.replaceAll('..', '..%00'),
  (path) => path.replaceAll('/', '/\r\n'),
  (path) => path.replaceAll('/', '%0d%0a/'),
  (path) => `${path}?x=1`,
  (path) => `${path}#x`,
  (path) => ` ${path}`,
  (path) => `%20${path}`,
  (path) => `${path}%00.parquet`,
];

/** Every vector, more than three hundred, each once. */
export function hostilePaths(targets: Targets): readonly string[] {
  const { table, secret, canaryUrl } = targets;
  const name = secret.slice(secret.lastIndexOf('/') + 1);
  const host = new URL(canaryUrl).host;
  const climbing = [
    `../${name}`,
    `./../${name}`,
    `a/../../${name}`,
    `a/b/../../../${name}`,
    `${'../'.repeat(40)}${secret.slice(1)}`,
    `....//${name}`,
    `..;/${name}`,
    `.../../../${name}`,
    `p=1/../../${name}`,
    secret,
    `/${secret}`,
    `${table}/../${name}`,
  ];
  const elsewhere = [
    `file://${secret}`,
    `file:${secret}`,
    `FILE://${secret}`,
    `file://localhost${secret}`,
    `file://${host}${secret}`,
    `file:..${secret}`,
    `file:../${name}`,
    `file://${table}/../${name}`,
    `file://${table}/%2e%2e/${name}`,
    `file://${table}/%2e%2e%2f${name}`,
    `file://${table}%2f..%2f${name}`,
    `file://${table}2/${name}`,
    `${table}2/${name}`,
    `file:////${name}`,
    `%66ile://${secret}`,
    `file%3a//${secret}`,
    `jar:file:${secret}!/x`,
    `${canaryUrl}/${name}`,
    `${canaryUrl.replace('://', '://user:password@')}/${name}`,
    `${canaryUrl}/../${name}`,
    `https://${host}/${name}`,
    `//${host}/${name}`,
    `///${host}/${name}`,
    `/\\${host}/${name}`,
    `\\\\${host}\\share\\${name}`,
    `//user@${host}/${name}`,
    `s3://${host}/${name}`,
    `az://${host}/${name}`,
    `abfss://container@${host}/${name}`,
    `gs://${host}/${name}`,
    `memory://${host}/${name}`,
    `data:application/octet-stream;base64,AAAA`,
    'javascript:alert(1)',
    'C:\\secret.parquet',
    'C:/secret.parquet',
    'c:secret.parquet',
    '\\\\?\\C:\\secret.parquet',
    '//./C:/secret.parquet',
    '/proc/self/environ',
    '/dev/zero',
    '/dev/stdin',
    '~/secret.parquet',
    '$HOME/secret.parquet',
    '..',
    '../',
    '.',
    './',
    '/',
    '//',
    '///',
    '',
    ' ',
    '%',
    '%2',
    '%zz',
    '%ff%fe',
    '\ud800',
    'x\udfff/y',
    '\u202esecret',
    'x'.repeat(5000),
    'd/'.repeat(3000),
    '../'.repeat(3000),
    'con',
    'nul.parquet',
    'a:stream',
    'a\u0001b',
    'a\u007fb',
    '_delta_log/../../x',
    '_delta_log/00000000000000000000.json',
  ];
  const spelled = climbing.flatMap((path) => SPELLINGS.map((spell) => spell(path)));
  return [...new Set([...spelled, ...elsewhere])];
}
