/** The Palmer penguins as vega-datasets ships them, under column names that every engine accepts. */
import { readFile } from 'node:fs/promises';

export const penguins = {
  id: 'long not null',
  species: 'string',
  island: 'string',
  beak_length_mm: 'double',
  beak_depth_mm: 'double',
  flipper_length_mm: 'long',
  body_mass_g: 'long',
  sex: 'string',
};

const NAMES = {
  Species: 'species',
  Island: 'island',
  'Beak Length (mm)': 'beak_length_mm',
  'Beak Depth (mm)': 'beak_depth_mm',
  'Flipper Length (mm)': 'flipper_length_mm',
  'Body Mass (g)': 'body_mass_g',
  Sex: 'sex',
};

/** 344 rows; a sex that was not determined (`.`) is null. */
export async function loadPenguins() {
  const file = new URL('../node_modules/vega-datasets/data/penguins.json', import.meta.url);
  const source = JSON.parse(await readFile(file, 'utf8'));
  return source.map((penguin, index) => {
    const row = { id: index + 1 };
    for (const [from, to] of Object.entries(NAMES)) row[to] = penguin[from];
    return { ...row, sex: row.sex === '.' ? null : row.sex };
  });
}
