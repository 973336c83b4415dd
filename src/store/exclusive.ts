/** Work that one at a time may do: across tabs where the platform can order them, within this program elsewhere. */

const turns = new Map<string, Promise<unknown>>();

const inTurn = <T>(name: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> => {
  const turn = (turns.get(name) ?? Promise.resolve()).then(() => {
    signal.throwIfAborted();
    return work();
  });
  const ended = turn
    .catch(() => undefined) // told to whoever asked for this turn
    .then(() => {
      if (turns.get(name) === ended) turns.delete(name);
    });
  turns.set(name, ended);
  return turn;
};

/** Runs work when nobody else runs any under this name. @throws what the work throws, or the signal's reason */
export const exclusively =
  (name: string) =>
  <T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> =>
    typeof navigator === 'undefined' || navigator.locks === undefined
      ? inTurn(name, work, signal)
      : navigator.locks.request(name, { signal }, work);
