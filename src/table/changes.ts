/** The change feed: what each version changed, one whole version at a time. */
import { z } from 'zod';
import { InvalidArgumentError, NotFoundError } from '../errors.js';
import { callOptions, checkOptions } from './call-options.js';
import { type CommitRange, openChanges } from './changes-log.js';
import type { ChangesOptions, VersionChanges } from './changes-types.js';
import { latestSnapshot } from './open.js';
import type { TableHandle } from './table-state.js';
import { versionChanges } from './version-changes.js';

/** How long a feed that follows the table waits before it looks again. */
export const FOLLOW_POLL_MS = 1_000;

const version = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const optionsOf = z.strictObject({
  ...callOptions,
  from: version,
  to: version.optional(),
  follow: z.boolean().optional(),
});
type Request = z.output<typeof optionsOf>;

/** The changes of a range of versions; nothing is read before they are iterated. See {@link DeltaTable.changes}. */
export function tableChanges<R>(
  handle: TableHandle,
  options: ChangesOptions,
): AsyncIterable<VersionChanges<R>> {
  const request = checkOptions('changes', optionsOf, options);
  const { from, to } = request;
  if (to !== undefined && to < from) {
    throw new InvalidArgumentError({
      message: `changes: the range ends before it begins from=${from} to=${to}`,
      option: 'to',
      expected: 'a version from `from` on',
    });
  }
  return { [Symbol.asyncIterator]: () => feed<R>(handle, request) };
}

async function* feed<R>(
  handle: TableHandle,
  request: Request,
): AsyncGenerator<VersionChanges<R>, void, undefined> {
  const { state } = handle;
  const { from, to = Number.POSITIVE_INFINITY, follow = false, signal } = request;
  const range: CommitRange = { from, to, signal };
  let latest = await latestSnapshot(state, signal);
  if (request.to !== undefined && !follow && to > latest.version) {
    throw new NotFoundError({
      message: `the table has no version ${to} yet; leave \`to\` out, or follow the table`,
      kind: 'changes',
      thing: String(to),
      available: `..${latest.version}`,
    });
  }
  const commits = await openChanges(state.log, latest, range);
  for (;;) {
    for await (const commit of commits.upTo(Math.min(to, latest.version), signal)) {
      yield versionChanges<R>(handle, commit, request);
    }
    if (!follow || commits.next > to) return;
    await state.environment.clock.sleep(FOLLOW_POLL_MS, signal);
    latest = await latestSnapshot(state, signal);
  }
}
