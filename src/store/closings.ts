/** What is known of the replicas that this database has closed: followed, kept, and shared with other tabs by its mark. */
import { BehaviorSubject } from 'rxjs';
import { isStoreError, StoreError } from '../core/errors.ts';
import type { ReplicaId } from '../core/ids.ts';
import type { EventStorage } from '../storage/port.ts';
import { type Closing, closingMarks, readClosings, withClosing } from '../sync/closings.ts';

const TRIES_MAX = 2;

export type Closings = {
  readonly closings$: BehaviorSubject<readonly Closing[]>;
  /** Told from now on, kept or not. */
  readonly tell: (closing: Closing) => void;
  /** @throws StoreError `storage.*` */
  readonly keep: (closing: Closing) => Promise<void>;
  /** Keeps it, or without room for it knows it until the store closes. */
  readonly keepIfRoom: (closing: Closing) => Promise<void>;
  /** Takes what other tabs have kept meanwhile. */
  readonly reread: () => Promise<void>;
};

/** Writes them and looks: of all that marks hold, a closing alone is told by nobody else (decision 0043). */
const writeClosings = async (storage: EventStorage, next: readonly Closing[], replica: ReplicaId): Promise<void> => {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    await storage.writeMarks(closingMarks(next));
    if ((await readClosings(storage)).some((kept) => kept.replica === replica)) return;
  }
  throw new StoreError('storage.connection-lost');
};

/** @param first  the closings as they were read when the store opened */
export const openClosings = (storage: EventStorage, first: readonly Closing[]): Closings => {
  const closings$ = new BehaviorSubject(first);
  const unkept = new Set<ReplicaId>();
  const tell = (closing: Closing): void => {
    unkept.add(closing.replica);
    closings$.next(withClosing(closings$.value, closing));
  };
  const keep = async (closing: Closing): Promise<void> => {
    const next = withClosing(closings$.value, closing);
    await writeClosings(storage, next, closing.replica);
    unkept.clear();
    closings$.next(next);
  };
  return {
    closings$,
    tell,
    keep,
    keepIfRoom: async (closing) => {
      try {
        await keep(closing);
      } catch (error) {
        if (!isStoreError(error, 'storage.quota-exceeded')) throw error;
        tell(closing);
      }
    },
    reread: async () => {
      const mine = closings$.value.filter(({ replica }) => unkept.has(replica));
      closings$.next(mine.reduce(withClosing, await readClosings(storage)));
    },
  };
};
