/** What must be true in every state of the protocol's model. */
import type { ProtocolFacts } from './protocol-facts.js';
import { ACKED, CRASHED, FAILED, type Layout, UNKNOWN } from './protocol-layout.js';

/** The first rule that the state breaks. */
export function brokenRule(
  state: Uint8Array,
  layout: Layout,
  facts: ProtocolFacts,
): string | undefined {
  const latest = layout.latest(state);
  for (let version = latest + 1; version <= layout.operations; version++) {
    if (layout.maker(state, version) >= 0)
      return `version ${version} is there without the one before`;
  }
  for (let operation = 0; operation < layout.operations; operation++) {
    const broken = brokenOutcome(state, layout, operation);
    if (broken !== undefined) return `operation ${operation} ${broken}`;
  }
  if (!canBeRead(state, layout, latest)) return `version ${latest} cannot be read any more`;
  if (!facts.isSerial(state)) return 'a commit did not do what it would have done alone';
  return undefined;
}

function brokenOutcome(state: Uint8Array, layout: Layout, operation: number): string | undefined {
  let times = 0;
  let made = 0;
  for (let version = 1; version <= layout.operations; version++) {
    if (layout.maker(state, version) !== operation) continue;
    times++;
    made = version;
  }
  if (times > 1) return 'is in the log more than once';
  const said = layout.outcomeVersion(state, operation);
  switch (layout.outcome(state, operation)) {
    case ACKED:
      return times === 1 && made === said
        ? undefined
        : `was acknowledged at ${said} and is not there`;
    case FAILED:
      return times === 0 ? undefined : 'failed and is in the log';
    case UNKNOWN:
    case CRASHED:
      // Whoever asks for that version later learns the truth: nothing else can have come of the operation.
      return times === 0 || made === said
        ? undefined
        : `is not at the version ${said} that was tried`;
    default:
      return undefined;
  }
}

/** From the beginning, or from a checkpoint and every commit after it; that version's own commit is kept, too. */
function canBeRead(state: Uint8Array, layout: Layout, latest: number): boolean {
  const oldest = layout.oldest(state);
  if (oldest === 0) return true;
  for (let version = oldest; version <= latest; version++) {
    if ((layout.checkpoints(state) & (1 << version)) !== 0) return true;
  }
  return false;
}
