/** Several events at once: all or none of them in one commit, or many in transactions of bounded size, with progress and cancel. */
import { StoreError } from '../core/errors.ts';
import type { AggregateDefinition, EventDefinitions } from '../machines/aggregate.ts';
import { draftOf } from './aggregates.ts';
import { breatheBriefly } from './platform.ts';
import type { Session } from './session.ts';
import type { BulkItem, BulkOptions, CommitEntry, SendOutcome } from './types.ts';

/** Events decided at a time, between two of which the page goes on: some 5 ms of work. */
const CHUNK = 256;
/** Chunks under way at once: some are decided while others are sealed and stored. */
const UNDER_WAY_MAX = 16;
/** Events from which on the sealing worker is started while the first ones are decided. */
const MANY = 512;

/** Records entries of any registered aggregates in one commit. @throws StoreError as `send`; `aggregate.unknown-type` */
export const commitTogether = async (
  session: Session,
  entries: readonly CommitEntry[],
): Promise<readonly SendOutcome[]> => {
  const drafts = entries.map(({ type, ...entry }) => {
    const definition = session.definitions.get(type);
    if (definition === undefined) throw new StoreError('aggregate.unknown-type', { type });
    return draftOf(definition, entry);
  });
  return session.writer.write({ drafts, actor: session.actor(), atomic: true });
};

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
  if (items.length >= MANY) session.writer.prepare();
  try {
    for (let from = 0; from < items.length; from += CHUNK) {
      await land(UNDER_WAY_MAX - 1);
      if (signal?.aborted === true) break;
      const drafts = items.slice(from, from + CHUNK).map((item) => draftOf(definition, item));
      const written = session.writer.write({ drafts, actor: session.actor(), atomic: false, series });
      written.catch(() => undefined); // told when its turn comes
      underWay.push(written);
      await breatheBriefly();
    }
    await land(0);
  } finally {
    await Promise.allSettled(underWay);
  }
  if (outcomes.length < items.length)
    throw new StoreError('import.cancelled', { done: outcomes.length, total: items.length });
  return outcomes;
};
