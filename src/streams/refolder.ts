/** Streams that are folded anew from the log, some at a time, while batches wait for their turn. */
import type { StreamId } from '../core/ids.ts';

export const union = (into: Set<StreamId>, from: Iterable<StreamId>): void => {
  for (const stream of from) into.add(stream);
};

/** Streams that are folded anew together: the log is read once for them, and their histories are held at once. */
const TOGETHER = 32;

/** Folds streams anew, some at a time, and tells of changes when everything published so far is folded. */
export const refolder = (
  refold: (streams: readonly StreamId[]) => Promise<void>,
  tell: (changed: ReadonlySet<StreamId>) => void,
) => {
  const stale = new Set<StreamId>();
  let untold = new Set<StreamId>();
  let queue: Promise<void> | undefined;

  const tellAll = (): void => {
    const changed = untold;
    untold = new Set();
    if (changed.size > 0) tell(changed);
  };
  const run = async (apply: () => void): Promise<void> => {
    apply();
    while (stale.size > 0) {
      const streams = [...stale].slice(0, TOGETHER);
      for (const stream of streams) stale.delete(stream); // before they are read: what becomes stale meanwhile is read again
      await refold(streams).catch((error: unknown) => {
        union(stale, streams);
        throw error;
      });
    }
    tellAll();
  };
  const enqueue = (apply: () => void): void => {
    const running: Promise<void> = (queue ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => run(apply))
      .finally(() => {
        if (queue === running) queue = undefined;
      });
    running.catch(() => undefined); // told to whoever awaits `settled`; tried again then, or with the next batch
    queue = running;
  };
  const note = (taken: { readonly changed: Iterable<StreamId>; readonly stale: Iterable<StreamId> }): void => {
    union(untold, taken.changed);
    union(stale, taken.stale);
  };
  return {
    note,
    /** Takes a batch: at once if nothing is being folded anew, else after that. */
    follow: (take: () => Parameters<typeof note>[0]): void => {
      if (queue !== undefined) enqueue(() => note(take()));
      else {
        note(take());
        if (stale.size === 0) tellAll();
        else enqueue(() => undefined);
      }
    },
    isSettled: () => queue === undefined && stale.size === 0,
    settled: (): Promise<void> => {
      if (queue === undefined && stale.size > 0) enqueue(() => undefined);
      return queue ?? Promise.resolve();
    },
  };
};
