/** Access tokens, from an object that the caller made. */
import { AccessDeniedError, isVarveError } from '../../errors.js';

/**
 * What gives access tokens: `GoogleAuth` or any client of `google-auth-library` (service accounts, workload identity,
 * impersonation, a user's own), or an object of your own. It is asked before each request, so it keeps what it has
 * until that runs out.
 */
export interface GoogleAuthLike {
  /** The token, or an object that holds it. */
  getAccessToken(): Promise<string | null | undefined | { readonly token?: string | null }>;
  /** Where `refreshAccessToken` is, when not here. */
  getClient?(): Promise<object>;
  /** Gets a new token although the old one has not run out; asked after the service refused it. */
  refreshAccessToken?(): Promise<unknown>;
}

/** The tokens of one `auth`. */
export class Tokens {
  readonly #auth: GoogleAuthLike | undefined;
  #renewing: Promise<void> | undefined;

  /** @param auth - undefined where none is sent */
  constructor(auth: GoogleAuthLike | undefined) {
    this.#auth = auth;
  }

  /**
   * The token to send; undefined where none is.
   * @throws AccessDeniedError when there is none to be had
   */
  async token(): Promise<string | undefined> {
    const auth = this.#auth;
    return auth && (await asked(async () => textOf(await auth.getAccessToken())));
  }

  /**
   * Another token than the one that was refused; undefined when there is no other. Whoever asks while one is being
   * got shares it.
   */
  async another(refused: string | undefined): Promise<string | undefined> {
    const auth = this.#auth;
    if (auth === undefined) return undefined;
    let token = await this.token();
    if (token === refused) {
      this.#renewing ??= renew(auth).finally(() => (this.#renewing = undefined));
      await this.#renewing;
      token = await this.token();
    }
    return token === refused ? undefined : token;
  }
}

async function renew(auth: GoogleAuthLike): Promise<void> {
  await asked(async () => {
    const client = (await auth.getClient?.()) ?? auth;
    await (client as Partial<GoogleAuthLike>).refreshAccessToken?.();
    return '';
  });
}

function textOf(given: Awaited<ReturnType<GoogleAuthLike['getAccessToken']>>): string {
  const token = typeof given === 'object' ? given?.token : given;
  // Anything else could not be sent in a header.
  if (typeof token === 'string' && /^[\x21-\x7e]+$/u.test(token)) return token;
  throw noToken();
}

async function asked(get: () => Promise<string>): Promise<string> {
  try {
    return await get();
  } catch (error) {
    if (isVarveError(error)) throw error;
    throw noToken(error);
  }
}

function noToken(cause?: unknown): AccessDeniedError {
  return new AccessDeniedError({
    message: 'the credentials gave no access token; nothing was done',
    key: '',
    operation: 'getAccessToken',
    cause,
  });
}
