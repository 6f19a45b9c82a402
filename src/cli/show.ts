/** `varve show`: what a table is. */
import { type DataType, DeltaTable } from '../index.js';
import type { CommandOptions } from './command.js';
import { byteText, columns, json, timeText } from './format.js';

export async function show(url: string, options: CommandOptions): Promise<string> {
  const table = await DeltaTable.open(url);
  const detail = await table.detail();
  const snapshot = await table.snapshot({ version: detail.version });
  const { domains, transactions, rowCount, schema } = snapshot;
  if (options.json) return json({ ...detail, rowCount, domains, transactions, schema });
  const { minReaderVersion, minWriterVersion, features, createdAt } = detail;
  const facts = [
    ['table', detail.url],
    ['name', detail.name ?? '-'],
    ...(detail.description === undefined ? [] : [['description', detail.description]]),
    ['version', `${detail.version}, committed ${timeText(detail.modifiedAt)}`],
    ['created', timeText(createdAt)],
    ['files', `${detail.numFiles}, ${byteText(detail.sizeBytes)}`],
    ...(rowCount === undefined ? [] : [['rows', String(rowCount)]]),
    ['partitioned by', detail.partitionColumns.join(', ') || '-'],
    ['clustered by', detail.clusteringColumns.map((path) => path.join('.')).join(', ') || '-'],
    ['protocol', `reader ${minReaderVersion}, writer ${minWriterVersion} ${features.join(' ')}`],
    ...[...detail.properties].map(([name, value]) => [name, value ?? '']),
    ...[...domains].map(([name, configuration]) => [`domain ${name}`, configuration]),
    ...[...transactions].map(([appId, sequence]) => [`application ${appId}`, String(sequence)]),
  ];
  const fields = schema.fields.map(({ name, type, nullable }) => [
    `  ${name}`,
    typeText(type),
    nullable ? '' : 'not null',
  ]);
  return `${columns(facts)}\n\n${columns(fields)}`;
}

function typeText(type: DataType): string {
  if (typeof type === 'string') return type;
  switch (type.type) {
    case 'array':
      return `array<${typeText(type.elementType)}>`;
    case 'map':
      return `map<${typeText(type.keyType)}, ${typeText(type.valueType)}>`;
    case 'struct':
      return `struct<${type.fields.map((field) => `${field.name}: ${typeText(field.type)}`).join(', ')}>`;
    case 'unknown':
      return type.name;
  }
}
