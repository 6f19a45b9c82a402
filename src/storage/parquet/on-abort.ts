/** Waiting for an abort, many at once: one listener a signal, for Node warns of more than ten. */

interface Watch {
  readonly acts: Set<() => void>;
  readonly listener: () => void;
}

const watches = new WeakMap<AbortSignal, Watch>();

/** Calls `act` when the signal aborts. @returns what ends the wait */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  const { acts, listener } = watches.get(signal) ?? watch(signal);
  acts.add(act);
  return () => {
    acts.delete(act);
    if (acts.size > 0 || watches.get(signal)?.acts !== acts) return;
    watches.delete(signal);
    signal.removeEventListener('abort', listener);
  };
}

function watch(signal: AbortSignal): Watch {
  const acts = new Set<() => void>();
  const listener = (): void => {
    watches.delete(signal);
    for (const act of acts) act();
  };
  const started = { acts, listener };
  watches.set(signal, started);
  signal.addEventListener('abort', listener, { once: true });
  return started;
}
