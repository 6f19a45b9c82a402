import { isVarveError } from 'varve';

/** A failure as an answer: the error's class, its code, and the feature that is missing when that is the reason. */
export function failure(error: unknown): object {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const said = { ok: false, error: name, message: message.split('\n', 1)[0] };
  if (!isVarveError(error)) return { ...said, code: 'INTERNAL' };
  return {
    ...said,
    code: error.code,
    ...(error.code === 'UNSUPPORTED_FEATURE' ? { feature: error.features.join(', ') } : {}),
  };
}
