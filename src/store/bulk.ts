/** Bulk append: many events in order, in transactions of bounded size, with progress and cancel. */
import { StoreError } from '../core/errors.ts';
import type { AggregateDefinition, EventDefinitions } from '../machines/aggregate.ts';
import { draftOf } from './aggregates.ts';
import type { Session } from './session.ts';
import type { BulkItem, BulkOptions, SendOutcome } from './types.ts';

const CHUNK = 512;
/** Chunks under way at once: while one is stored, one is sealed and one decided. */
const UNDER_WAY_MAX = 3;

/** @throws StoreError `append.*` before anything is stored of the chunk at fault, `import.cancelled`, `storage.*` */
export const appendAll = async <E extends EventDefinitions, C>(
  session: Session,
  definition: AggregateDefinition<E, C>,
  items: readonly BulkItem<E>[],
  { signal, onProgress }: BulkOptions,
): Promise<readonly SendOutcome[]> => {
  const outcomes: SendOutcome[] = [];
  const underWay: Promise<readonly SendOutcome[]>[] = [];
  const series = {};
  const land = async (leave: number): Promise<void> => {
    while (underWay.length > leave) {
      const [oldest] = underWay;
      if (oldest !== undefined) outcomes.push(...(await oldest));
      underWay.shift();
      onProgress?.({ done: outcomes.length, total: items.length });
    }
  };
  try {
    for (let from = 0; from < items.length; from += CHUNK) {
      await land(UNDER_WAY_MAX - 1);
      if (signal?.aborted === true) break;
      const drafts = items.slice(from, from + CHUNK).map((item) => draftOf(definition, item));
      const written = session.writer.write({ drafts, actor: session.actor(), atomic: false, series });
      written.catch(() => undefined); // told when its turn comes
      underWay.push(written);
    }
    await land(0);
  } finally {
    await Promise.allSettled(underWay);
  }
  if (outcomes.length < items.length)
    throw new StoreError('import.cancelled', { done: outcomes.length, total: items.length });
  return outcomes;
};
