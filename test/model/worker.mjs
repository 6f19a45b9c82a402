/**
 * A process of its own that appends or replaces: `worker.mjs URL NAME COUNT append|replace [service]`, where the service
 * is a connection string of Azure or, as JSON, what s3Storage takes, or an endpoint of Google's and a token.
 */
import { DeltaTable, eq } from 'varve';

const [url, name, count, kind, service] = process.argv.slice(2);
let storage;
if (url.startsWith('s3:')) {
  const { s3Storage } = await import('varve/storage/s3');
  storage = s3Storage(JSON.parse(service));
} else if (url.startsWith('gs:')) {
  const { gcsStorage } = await import('varve/storage/gcs');
  const { endpoint, token } = JSON.parse(service);
  storage = gcsStorage({ endpoint, auth: { getAccessToken: async () => token } });
} else if (service !== undefined) {
  const { azureStorage } = await import('varve/storage/azure');
  storage = azureStorage({ connectionString: service });
}
const table = await DeltaTable.open(url, storage === undefined ? {} : { storage });
for (let index = 0; index < Number(count); index++) {
  const op = `${name}.${index}`;
  const rows = [{ op, part: name }];
  const commit =
    kind === 'append'
      ? await table.append(rows)
      : await table.overwrite(rows, { where: eq('part', name), attempts: 20 });
  process.stdout.write(`${JSON.stringify({ op, kind, version: commit.version })}\n`);
}
