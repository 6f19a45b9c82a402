/**
 * The double as a process of its own: `node scripts/run-tool.mjs test/gcs/main.ts BUCKET...`. Its first line says where
 * it answers, as JSON; it ends when its standard input does. Faults: `POST /_double/faults`, an array of FaultRule.
 */
import { startGcsDouble } from './gcs-double.js';

const double = await startGcsDouble();
for (const name of process.argv.slice(2)) double.bucket(name);
process.stdout.write(`${JSON.stringify({ endpoint: double.endpoint, token: double.token })}\n`);
process.stdin.resume();
process.stdin.on('end', () => void double.close());
