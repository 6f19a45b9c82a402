/** `varve show`: what a table is. */
import { type DataType, DeltaTable } from '../index.js';
import { byteText, columns, json } from './format.js';
import type { CommandOptions } from './run-command.js';

export async function show(url: string, options: CommandOptions): Promise<string> {
  const table = await DeltaTable.open(url);
  const snapshot = await table.snapshot();
  const { minReaderVersion, minWriterVersion, readerFeatures, writerFeatures } = snapshot.protocol;
  const features = [...new Set([...(readerFeatures ?? []), ...(writerFeatures ?? [])])].sort();
  if (options.json) {
    return json({
      url: snapshot.url,
      version: snapshot.version,
      timestamp: snapshot.timestamp.toISOString(),
      tableId: snapshot.tableId,
      numFiles: snapshot.numFiles,
      sizeBytes: snapshot.sizeBytes,
      partitionColumns: snapshot.partitionColumns,
      properties: snapshot.properties,
      minReaderVersion,
      minWriterVersion,
      features,
      schema: snapshot.schema,
    });
  }
  const facts = [
    ['table', snapshot.url],
    ['version', `${snapshot.version}, committed ${snapshot.timestamp.toISOString()}`],
    ['files', `${snapshot.numFiles}, ${byteText(snapshot.sizeBytes)}`],
    ['partitioned by', snapshot.partitionColumns.join(', ') || '-'],
    ['protocol', `reader ${minReaderVersion}, writer ${minWriterVersion} ${features.join(' ')}`],
    ...[...snapshot.properties].map(([name, value]) => [name, value ?? '']),
  ];
  const fields = snapshot.schema.fields.map(({ name, type, nullable }) => [
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
