/**
 * The one door to what nobody here wrote: corpora with known answers, and other engines. Where they are absent, tests
 * that need them are skipped by name and counted; in CI their absence is a failure.
 */
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { type Engine, missingOracle, type Oracle, oracleFolder } from './oracle-folder.js';
import { askBroker } from './peer-broker.js';
import { type Answer, PeerError } from './peer-process.js';

export { type Answer, PeerError } from './peer-process.js';

/** An engine that answers for the whole run. */
export interface Peer {
  readonly engine: Engine;
  /**
   * Asks and expects `ok`.
   * @throws {PeerError} when the engine refuses; its `errorClass` is the engine's own
   */
  ask<T extends object = Answer>(op: string, args?: object): Promise<T>;
  /** Asks for either outcome. */
  tryAsk(op: string, args?: object): Promise<Answer>;
}

/** The operations are listed in `peers/README.md` beside the corpora. Spark's first answer may take two minutes. */
export function peer(engine: Engine): Peer {
  const tryAsk = async (op: string, args: object = {}): Promise<Answer> =>
    await askBroker({ engine, op, args });
  return {
    engine,
    tryAsk,
    ask: async <T extends object>(op: string, args?: object): Promise<T> => {
      const answer = await tryAsk(op, args);
      if (!answer.ok) throw new PeerError(engine, op, answer);
      return answer as unknown as T;
    },
  };
}

/** What `read` and `parquet` answer: how many rows there are, and the digest of their canonical form. */
export interface Digest {
  readonly rows: number;
  readonly sha256: string;
}

export type Corpus = 'dat' | 'golden' | 'spark';

/** A folder of tables with known answers; each corpus has a README. */
export function corpusFolder(corpus: Corpus): string {
  return join(oracleFolder, 'corpora', corpus);
}

/**
 * `describe`, when every oracle in `needs` is there. `body` is not called otherwise, so it may list a corpus.
 * Otherwise one test stands for the block: skipped, or failed in CI.
 */
export function describeWithOracles(
  title: string,
  needs: readonly Oracle[],
  body: () => void,
): void {
  const reason = whatIsMissing(needs);
  describe(title, reason === undefined ? body : () => standIn(`needs ${reason}`, reason));
}

/** `it`, under the conditions of {@link describeWithOracles}. */
export function itWithOracles(
  title: string,
  needs: readonly Oracle[],
  body: () => void | Promise<void>,
): void {
  const reason = whatIsMissing(needs);
  if (reason === undefined) it(title, body);
  else standIn(`${title}: needs ${reason}`, reason);
}

function whatIsMissing(needs: readonly Oracle[]): string | undefined {
  const reasons = needs.flatMap((need) => {
    const reason = missingOracle(need);
    return reason === undefined ? [] : [`${need}: ${reason}`];
  });
  return reasons.length === 0 ? undefined : reasons.join('; ');
}

/** Stands for what cannot run: skipped, or failed in CI. */
function standIn(title: string, reason: string): void {
  it.skipIf(process.env['CI'] !== 'true')(title, () => {
    throw new Error(`CI runs every oracle; ${reason}`);
  });
}
