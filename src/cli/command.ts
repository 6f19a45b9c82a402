/** What a command of `varve` is given, and what it gives. */
export interface CommandOptions {
  readonly json: boolean;
  readonly version: number | undefined;
  readonly from: number | undefined;
  readonly to: number | undefined;
  /** A condition in SQL. */
  readonly where: string | undefined;
}

/** What a command says: at once, or line by line. */
export type Command = (
  url: string,
  options: CommandOptions,
) => Promise<string> | AsyncIterable<string>;
