/** A process of its own that appends some of the penguins in five commits: `quickstart-writer.mjs TABLE FROM TO`. */
import { DeltaTable } from 'varve';
import { loadPenguins } from './penguins.mjs';

const COMMITS = 5;
const [url, from, to] = process.argv.slice(2);
const rows = (await loadPenguins()).slice(Number(from), Number(to));
const table = await DeltaTable.open(url);
const size = Math.ceil(rows.length / COMMITS);
for (let start = 0; start < rows.length; start += size) {
  await table.append(rows.slice(start, start + size));
}
console.log(`process ${from}-${to} is done`);
