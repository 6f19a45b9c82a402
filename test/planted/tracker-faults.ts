/** Mistakes of a tracker: what it says was read must be kept, and what it was given must not be lost. */
import type { PlantedFault } from './planted.js';

const check = 'failing calls of a tracker';
const file = 'ml/run.ts';
const WRITE =
  "      await this.#write([this.#event('input', { name, value: tableId, details })]);\n";

export const TRACKER_FAULTS: readonly PlantedFault[] = [
  {
    name: 'an input is recorded before it is pinned',
    check,
    edits: [
      { file, from: '      await table.pins.create(pin, { version, note });\n', to: '' },
      {
        file,
        from: WRITE,
        to: `${WRITE}      await table.pins.create(pin, { version, note });\n`,
      },
    ],
  },
  {
    name: 'an input that failed stays in the buffer',
    check,
    edits: [
      {
        file,
        from: WRITE,
        to: "      this.#add([['input', { name, value: tableId, details }]]);\n      await this.flush();\n",
      },
    ],
  },
  {
    name: 'a run that could not be ended is taken for ended',
    check,
    edits: [
      { file, from: '    if (!this.#ended) {\n', to: '    if (this.#ended) return;\n    {\n' },
    ],
  },
];
