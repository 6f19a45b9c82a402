/** The digest of a table's rows whatever their order: what another engine that reads the same rows computes too. */
import { createHash } from 'node:crypto';

/**
 * SHA-256 over the schema's JSON and then the rows, each a JSON array of exact texts, sorted by their UTF-8 bytes.
 * For flat tables of text, integers and doubles.
 */
export function canonicalDigest(schema, rows) {
  const fields = schema.fields.map(({ name, type, nullable }) => ({ name, type, nullable }));
  const lines = rows
    .map((row) => JSON.stringify(fields.map((field) => canonicalValue(row[field.name], field.type))))
    .map((line) => Buffer.from(line))
    .sort((a, b) => Buffer.compare(a, b));
  const digest = createHash('sha256');
  digest.update(`${JSON.stringify({ type: 'struct', fields })}\n`);
  for (const line of lines) digest.update(line).update('\n');
  return digest.digest('hex');
}

function canonicalValue(value, type) {
  if (value === null) return null;
  if (type === 'string') return value;
  if (type === 'long') return String(value);
  if (type !== 'double') throw new Error(`no canonical form of ${type} here`);
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return `f64:${Number.isNaN(value) ? '7ff8000000000000' : bytes.toString('hex')}`;
}
