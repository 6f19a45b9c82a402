import { isVarveError } from '../../src/index.js';

/** How a probe went: the right answer, an honest refusal of something that is not there yet, or anything else. */
export type Outcome =
  | { readonly status: 'pass' }
  | { readonly status: 'refused'; readonly by: string }
  | { readonly status: 'fail'; readonly reason: string };

/** One question to the library, and how its answer is judged. */
export interface Probe {
  /** `<corpus>/<table>/<question>`: unique over all corpora. */
  readonly id: string;
  readonly run: () => Promise<Outcome>;
}

export const pass: Outcome = { status: 'pass' };

export const refusedBy = (by: string): Outcome => ({ status: 'refused', by });

export const failure = (reason: string): Outcome => ({ status: 'fail', reason });

/** The outcome of a probe, whatever it throws: a refusal counts as one only when it names the features it lacks. */
export async function outcomeOf(probe: Probe): Promise<Outcome> {
  try {
    return await probe.run();
  } catch (error) {
    if (isVarveError(error, 'UNSUPPORTED_FEATURE')) {
      return refusedBy(error.features.toSorted().join(', '));
    }
    return failure(describe(error));
  }
}

/** What `run` must be refused with. */
export interface ExpectedError {
  readonly code: string;
  /** Must be named by the error, where that is asked for. */
  readonly feature?: string;
  /** Must stand in the message. */
  readonly message?: string;
}

/** Passes when `run` rejects with the expected error. Answering, or another error, fails. */
export async function expectRefusal(
  run: () => Promise<unknown>,
  expected: ExpectedError,
): Promise<Outcome> {
  try {
    await run();
  } catch (error) {
    return judge(error, expected);
  }
  return failure(`answered, where ${expected.code} was expected`);
}

function judge(error: unknown, { code, feature, message }: ExpectedError): Outcome {
  if (!isVarveError(error) || error.code !== code) {
    return failure(`expected ${code}, got ${describe(error)}`);
  }
  if (feature !== undefined && !error.message.includes(feature)) {
    return failure(`expected the feature ${feature} to be named: ${error.message}`);
  }
  if (message !== undefined && !error.message.includes(message)) {
    return failure(`expected the message to name ${message}: ${error.message}`);
  }
  return pass;
}

function describe(error: unknown): string {
  if (isVarveError(error)) return `${error.code}: ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
