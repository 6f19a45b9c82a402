import { InvalidArgumentError } from 'varve';

/** The arguments of one command: each is asked for once by name and kind, and what nobody asked for is refused. */
export class Arguments {
  readonly id: unknown;
  readonly op: string;
  readonly #values: Map<string, unknown>;

  private constructor(op: string, id: unknown, values: Map<string, unknown>) {
    this.op = op;
    this.id = id;
    this.#values = values;
  }

  /** @throws InvalidArgumentError when the line is no JSON object, or names no operation */
  static parse(line: string): Arguments {
    let command: unknown;
    try {
      command = JSON.parse(line);
    } catch (cause) {
      throw invalid('a command is no json', 'command', 'one JSON object a line', cause);
    }
    if (typeof command !== 'object' || command === null || Array.isArray(command)) {
      throw invalid('a command is no json object', 'command', 'one JSON object a line');
    }
    const { id, op, ...args } = command as Record<string, unknown>;
    if (typeof op !== 'string') throw invalid('a command names no operation', 'op', 'a string');
    // A null stands for an argument that is left out, as it does for the Python peers.
    const given = Object.entries(args).filter(([, value]) => value !== null);
    return new Arguments(op, id, new Map(given));
  }

  /** @throws InvalidArgumentError when it is missing or no string */
  text(name: string): string {
    const value = this.optionalText(name);
    if (value === undefined) throw this.invalid(name, 'a string');
    return value;
  }

  optionalText(name: string): string | undefined {
    return this.#take(name, 'a string', isText);
  }

  optionalNumber(name: string): number | undefined {
    return this.#take(name, 'an integer', isInteger);
  }

  optionalTexts(name: string): readonly string[] | undefined {
    return this.#take(name, 'an array of strings', isTexts);
  }

  /** Call it when every argument has been asked for, before anything is done. */
  end(): void {
    const [name] = this.#values.keys();
    if (name !== undefined) throw this.invalid(name, 'no such argument, or not there yet');
  }

  /** The error for an argument that cannot be used. */
  invalid(name: string, expected: string): Error {
    return invalid(`${this.op}: ${name} cannot be used`, name, expected);
  }

  #take<T>(name: string, expected: string, isRight: (value: unknown) => value is T): T | undefined {
    const value = this.#values.get(name);
    this.#values.delete(name);
    if (value === undefined || isRight(value)) return value;
    throw this.invalid(name, expected);
  }
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isInteger = (value: unknown): value is number => Number.isSafeInteger(value);
const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every(isText);

function invalid(message: string, option: string, expected: string, cause?: unknown): Error {
  return new InvalidArgumentError({ message, option, expected, cause });
}
