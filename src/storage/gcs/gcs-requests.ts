/** Requests in the time that each has, tried again where that helps. */
import type { Clock } from '../../clock.js';
import { isVarveError } from '../../errors.js';
import { Deadline } from '../deadline.js';
import type { Retries } from '../retries.js';
import { networkError } from './gcs-error.js';
import { type GcsRequest, type GcsService, send } from './gcs-http.js';

/** A request without the end of its time. */
export type Wanted = Omit<GcsRequest, 'signal'>;

/** A request that was answered: its body is still to come, in the time that is left. */
export interface Begun {
  readonly response: Response;
  readonly deadline: Deadline;
  /** What to throw for an error of the body. */
  readonly failure: (error: unknown) => unknown;
}

export class GcsRequests {
  readonly service: GcsService;
  readonly retries: Retries;
  readonly #clock: Clock;

  constructor(service: GcsService, clock: Clock, retries: Retries) {
    this.service = service;
    this.retries = retries;
    this.#clock = clock;
  }

  /**
   * Sends what may be sent again, as often as that helps, and reads the answer.
   * @throws StorageUnavailableError, AccessDeniedError, `signal.reason` and whatever of ours `read` throws
   */
  async run<T>(
    wanted: Wanted,
    signal: AbortSignal | undefined,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    return await this.retries.run(signal, () => this.once(wanted, signal, read));
  }

  /** As {@link run}, sent once. */
  async once<T>(
    wanted: Wanted,
    signal: AbortSignal | undefined,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const { response, deadline, failure } = await this.begin(wanted, signal);
    try {
      return await read(response);
    } catch (error) {
      throw failure(error);
    } finally {
      deadline.end();
    }
  }

  /** Sends a request; whoever reads its body ends the deadline. */
  async begin(wanted: Wanted, signal: AbortSignal | undefined): Promise<Begun> {
    signal?.throwIfAborted();
    const deadline = new Deadline(this.#clock, signal, bytesOf(wanted));
    const failure = (error: unknown): unknown => {
      if (signal?.aborted === true) return signal.reason;
      return isVarveError(error) ? error : networkError(error, deadline.signal.aborted, wanted);
    };
    try {
      const response = await send(this.service, { ...wanted, signal: deadline.signal });
      return { response, deadline, failure };
    } catch (error) {
      deadline.end();
      throw failure(error);
    }
  }

  /**
   * Sends what may take effect only once: only time ends it, for an abort would leave open whether it had.
   * @returns undefined when nobody can know
   * @throws StorageUnavailableError or AccessDeniedError when nothing was done
   */
  async sure<T>(wanted: Wanted, read: (response: Response) => Promise<T>): Promise<T | undefined> {
    const deadline = new Deadline(this.#clock, undefined, bytesOf(wanted));
    try {
      return await read(await send(this.service, { ...wanted, signal: deadline.signal }));
    } catch (error) {
      if (isVarveError(error)) throw error;
      return undefined;
    } finally {
      deadline.end();
    }
  }
}

/** What is read of an answer that nobody reads, so that its connection can be used again. */
const MAX_DISCARDED_BYTES: number = 64 * 1024;

/** `outcome`, once the answer was read to its end; one that is longer than is worth it loses its connection. */
export async function discarded<T>(response: Response, outcome: T): Promise<T> {
  try {
    let seen = 0;
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      seen += chunk.length;
      if (seen > MAX_DISCARDED_BYTES) break;
    }
  } catch {
    // A connection that breaks now changes nothing of what was answered.
  }
  return outcome;
}

function bytesOf({ body }: Wanted): number {
  return typeof body === 'object' ? body.length : 0;
}
