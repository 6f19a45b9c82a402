/** The options every long call takes, and how options of any call are checked. */

import { z } from 'zod';
import { InvalidArgumentError } from '../errors.js';
import { ISOLATION_LEVELS, type IsolationLevel } from '../log/isolation.js';
import type { Idempotency, Progress } from './options.js';
import { describeValue, tagOf } from './row/describe-value.js';

const aborter: z.ZodType<AbortSignal> = z.custom<AbortSignal>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    'throwIfAborted' in value &&
    typeof value.throwIfAborted === 'function' &&
    'addEventListener' in value &&
    typeof value.addEventListener === 'function',
  { message: 'expected an AbortSignal' },
);

const progress: z.ZodType<(progress: Progress) => void> = z.custom<(progress: Progress) => void>(
  (value) => typeof value === 'function',
  { message: 'expected a function' },
);

interface CallShape {
  readonly signal: z.ZodOptional<typeof aborter>;
  readonly onProgress: z.ZodOptional<typeof progress>;
}

/** The keys of {@link CallOptions}, to spread into a call's own. */
export const callOptions: CallShape = {
  signal: aborter.optional(),
  onProgress: progress.optional(),
};

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Text that comes back as it was given: a checkpoint is in UTF-8, which has no half of a surrogate pair. */
export const textOf: z.ZodType<string> = z.string().refine((value) => !LONE_SURROGATE.test(value), {
  message: 'expected text without half a surrogate pair',
});

/** Table properties. Zod leaves `__proto__` out of a record without a word, so it is refused before. */
export const propertiesOf: z.ZodType<Readonly<Record<string, string>>> = z
  .custom<object>((value) => !Object.hasOwn(Object(value), '__proto__'), {
    message: 'expected another name than __proto__',
  })
  .pipe(z.record(textOf, textOf));

const idempotency: z.ZodType<Idempotency> = z.strictObject({
  appId: textOf.check(z.minLength(1)),
  sequence: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
});

/** What `OpenOptions.allowedRoots` may be. */
export const allowedRoots: z.ZodOptional<z.ZodArray<z.ZodType<string | URL>>> = z
  .array(z.custom<string | URL>((value) => typeof value === 'string' || value instanceof URL))
  .optional();

const isolation: z.ZodType<IsolationLevel> = z.enum(ISOLATION_LEVELS);

interface WriteShape extends CallShape {
  readonly idempotency: z.ZodOptional<typeof idempotency>;
  readonly isolation: z.ZodOptional<typeof isolation>;
}

/** The keys of {@link WriteOptions}, to spread into a call's own. */
export const writeOptions: WriteShape = {
  ...callOptions,
  idempotency: idempotency.optional(),
  isolation: isolation.optional(),
};

const OPTION_TAGS: ReadonlySet<string> = new Set(['[object Object]', '[object Module]']);

/**
 * Checks options, or another argument, before anything is read or written.
 *
 * @param argument - what the whole is called, for the error
 * @throws InvalidArgumentError naming the option, for a wrong value and for a key that is not known
 */
export function checkOptions<S extends z.ZodType>(
  call: string,
  schema: S,
  options: unknown,
  argument = 'options',
): z.output<S> {
  // Zod takes any object whose own properties fit, so one without any would mean that no option was given.
  if (typeof options === 'object' && !Array.isArray(options) && !OPTION_TAGS.has(tagOf(options))) {
    throw new InvalidArgumentError({
      message: `${call}: what was given is not valid`,
      option: argument,
      expected: `a plain object, not ${describeValue(options)}`,
    });
  }
  const checked = schema.safeParse(options);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  const isUnknown = issue?.code === 'unrecognized_keys';
  const path = [...(issue?.path ?? []), ...(isUnknown ? issue.keys.slice(0, 1) : [])];
  throw new InvalidArgumentError({
    message: isUnknown
      ? `${call}: there is no such option; leave it out, or spell it as the types do`
      : `${call}: what was given is not valid`,
    option: path.length === 0 ? argument : path.map(String).join('.'),
    ...(isUnknown ? {} : expectedBy(issue?.message)),
    cause: checked.error,
  });
}

/** What would have been accepted, where zod says so. */
function expectedBy(message = ''): { readonly expected?: string } {
  const [, expected] = /expected (.*)$/su.exec(message) ?? [];
  return expected === undefined ? {} : { expected };
}
