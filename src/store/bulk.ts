/** Bulk append: many events in order, in transactions of bounded size, with progress and cancel. */
import { StoreError } from '../core/errors.ts';
import type { AggregateDefinition, EventDefinitions } from '../machines/aggregate.ts';
import { draftOf } from './aggregates.ts';
import type { Session } from './session.ts';
import type { BulkItem, BulkOptions, SendOutcome } from './types.ts';

const CHUNK = 1_024;

/** @throws StoreError `append.*` before anything is stored of the chunk at fault, `import.cancelled`, `storage.*` */
export const appendAll = async <E extends EventDefinitions, C>(
  session: Session,
  definition: AggregateDefinition<E, C>,
  items: readonly BulkItem<E>[],
  { signal, onProgress }: BulkOptions,
): Promise<readonly SendOutcome[]> => {
  const outcomes: SendOutcome[] = [];
  for (let from = 0; from < items.length; from += CHUNK) {
    if (signal?.aborted === true) throw new StoreError('import.cancelled', { done: from, total: items.length });
    const drafts = items.slice(from, from + CHUNK).map((item) => draftOf(definition, item));
    outcomes.push(...(await session.writer.write({ drafts, actor: session.actor(), atomic: false })));
    onProgress?.({ done: outcomes.length, total: items.length });
  }
  return outcomes;
};
