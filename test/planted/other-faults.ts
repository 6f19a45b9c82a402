/** Mistakes around the commit: files, the head, checkpoints, clean-up, the disk, and reading. */
import type { PlantedFault } from './planted.js';

export const OTHER_FAULTS: readonly PlantedFault[] = [
  {
    name: 'an unknown outcome takes its files away',
    check: 'histories',
    edits: [
      {
        file: 'table/commit-files.ts',
        from: "if (result.outcome === 'conflict' || result.outcome === 'already-applied') {",
        to: "if (result.outcome !== 'committed') {",
      },
    ],
  },
  {
    name: 'a refused commit leaves its files',
    check: 'histories',
    edits: [
      {
        file: 'table/commit-files.ts',
        from: "if (result.outcome === 'conflict' || result.outcome === 'already-applied') {",
        to: "if (result.outcome === 'already-applied') {",
      },
    ],
  },
  {
    name: 'the newest snapshot is used again without a look',
    check: 'histories',
    edits: [
      {
        file: 'table/open.ts',
        from: ': await refreshSnapshot(log, latest, { atLeast, signal }),',
        to: ': await refreshSnapshot(log, latest, { atLeast, signal }).then(() => latest),',
      },
    ],
  },
  {
    name: 'what fails after a commit fails the commit',
    check: 'failing calls',
    edits: [
      {
        file: 'table/post-commit.ts',
        from: '    return [isVarveError(error) ? error : mistake(error)];',
        to: '    throw error;',
      },
    ],
  },
  {
    name: 'files of a failed write stay',
    check: 'failing calls',
    edits: [
      {
        file: 'table/write-files.ts',
        from: '    await discardFiles(target.store, writer.keys);\n    throw error;',
        to: '    throw error;',
      },
    ],
  },
  {
    name: 'a descriptor stays open when a write fails',
    check: 'failing calls',
    edits: [
      {
        file: 'storage/local-write.ts',
        from: '      } finally {\n        await fs.close(fd);\n      }\n      return { path, stat };',
        to: '      } finally {\n        fs.fstat(fd).catch(() => undefined);\n      }\n      await fs.close(fd);\n      return { path, stat };',
      },
    ],
  },
  {
    name: 'a commit whose bytes are not flushed',
    check: 'power cuts',
    edits: [
      {
        file: 'storage/local-write.ts',
        from: '        await fs.fsync(fd);\n        stat = await fs.fstat(fd);',
        to: '        stat = await fs.fstat(fd);',
      },
    ],
  },
  {
    name: 'a commit whose name is not flushed',
    check: 'power cuts',
    edits: [
      {
        file: 'storage/local-write.ts',
        from: '    try {\n      await folders.sync(place.folder);\n      return ',
        to: '    try {\n      folders.forget();\n      return ',
      },
    ],
  },
  {
    name: 'a checkpoint that lacks a file',
    check: 'histories',
    edits: [
      {
        file: 'log/checkpoint-writer.ts',
        from: 'for await (const batch of fileBatches(work, batches)) await encoder.write(batch);',
        to: 'for await (const batch of fileBatches(work, batches)) await encoder.write(batch.slice(1));',
      },
    ],
  },
  {
    name: 'a checkpoint without tombstones',
    check: 'checkpoints',
    edits: [
      {
        file: 'log/plan-checkpoint.ts',
        from: 'keepsTombstone: ({ deletionTimestamp = -Infinity }) => deletionTimestamp > oldestMs,',
        to: 'keepsTombstone: ({ deletionTimestamp = -Infinity }) => deletionTimestamp > nowMs + oldestMs,',
      },
    ],
  },
  {
    name: 'clean-up before a checkpoint stands',
    check: 'histories',
    edits: [
      {
        file: 'log/plan-cleanup.ts',
        from: 'if (!isBefore(name, anchor.version)) continue;',
        to: 'if (!isBefore(name, newest + 1)) continue;',
      },
    ],
  },
  {
    name: 'clean-up looks at no pin',
    check: 'histories',
    edits: [
      {
        file: 'log/log-cleanup.ts',
        from: 'planCleanup(listing, { ...facts, pins: kept ?? [] })',
        to: 'planCleanup(listing, { ...facts, pins: [] })',
      },
    ],
  },
  {
    name: 'a version that is missing is passed over',
    check: 'damaged logs',
    edits: [
      {
        file: 'log/log-segment.ts',
        from: '    if (commit === undefined) {\n',
        to: '    if (commit === undefined && next < version) continue;\n    if (commit === undefined) {\n',
      },
    ],
  },
  {
    name: 'a line that is no action is passed over',
    check: 'damaged logs',
    edits: [
      {
        file: 'log/action-codec.ts',
        from: "      if (visit(decodeLine(chunk)) === 'stop') return;",
        to: "      try {\n        if (visit(decodeLine(chunk)) === 'stop') return;\n      } catch {\n        continue;\n      }",
      },
    ],
  },
  {
    name: 'a sidecar that is missing is passed over',
    check: 'damaged logs',
    edits: [
      {
        file: 'log/checkpoint.ts',
        from: "  const inSidecars = await readParts(sources, index, 'files', signal);",
        to: "  const inSidecars = await readParts(sources, index, 'files', signal).catch(() => readParts([], index, 'files', signal));",
      },
    ],
  },
  {
    name: 'the hint is believed',
    check: 'damaged logs',
    edits: [
      {
        file: 'log/log-segment.ts',
        from: "    if (!('problem' in plan)) return plan;\n",
        to: '    return plan;\n',
      },
    ],
  },
  {
    name: 'the checksum of a deletion vector is not looked at',
    check: 'damaged logs',
    edits: [
      {
        file: 'log/deletion-vector/read-deletion-vector.ts',
        from: 'if (sizeAt(bytes, SIZE_BYTES + sizeInBytes) !== crc32(stored)) {',
        to: 'if (sizeAt(bytes, SIZE_BYTES + sizeInBytes) < 0 && crc32(stored) < 0) {',
      },
    ],
  },
];
