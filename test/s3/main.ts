/**
 * The S3 double as a program: `main.ts [--port N] [--ignore-conditions] BUCKET...` prints its endpoint as a line of JSON.
 * Each line of its input is a fault as JSON, or `clear`; it ends with its input.
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { startS3Double } from './s3-double.js';
import type { S3Fault } from './s3-faults.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    port: { type: 'string' },
    'ignore-conditions': { type: 'boolean' },
  },
});
const double = await startS3Double({
  port: values.port === undefined ? undefined : Number(values.port),
  ignoresConditions: values['ignore-conditions'],
});
for (const name of positionals) double.bucket(name);
process.stdout.write(`${JSON.stringify({ endpoint: double.endpoint })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'clear') double.clearFaults();
  else if (line !== '') double.fault(JSON.parse(line) as S3Fault);
}
await double.close();
