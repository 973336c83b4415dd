/**
 * Who writes here, and how one replica is succeeded by another: the old one is closed by an event of the new one, in the
 * same database, without a reload. Nothing of the old chain is changed, hidden or deleted.
 *
 * Invariants: once a closing is decided, nothing more is sealed under the old name, also when there is no room to record
 * the closing yet; a tab that reads the closing of its own replica goes on as the new one; whatever is interrupted is
 * taken up when the store opens again. Law: `succession.laws`.
 */
import type { BehaviorSubject } from 'rxjs';
import type { RecordedEvent } from '../core/commit.ts';
import type { ReplicaId } from '../core/ids.ts';
import type { EventStorage, Identity } from '../storage/port.ts';
import type { AggregateStates } from '../streams/aggregateState.ts';
import type { Log } from '../streams/log.ts';
import type { Writer } from '../streams/writer.ts';
import type { Closing } from '../sync/closings.ts';
import { openClosings } from './closings.ts';
import { closingDraft, replicaStream, STORE_ACTOR } from './replica.ts';

export type SuccessionParts = {
  readonly storage: EventStorage;
  readonly log: Pick<Log, 'committed$'>;
  readonly states: Pick<AggregateStates, 'get'>;
  readonly first: Identity;
  /** The closings as they were read when the store opened. */
  readonly closings: readonly Closing[];
  readonly newIdentity: () => Promise<Identity>;
  /** Told before the new replica seals anything. */
  readonly onSuccession: (identity: Identity) => Promise<void>;
  readonly writer: () => Pick<Writer, 'write'>;
};

export type Succession = {
  readonly identity: () => Identity;
  /** True if nothing may be sealed before `settle`. */
  readonly isDue: () => boolean;
  /** Makes the replica that is to write next the one that writes. @throws StoreError `storage.*`; asked again then */
  readonly settle: () => Promise<void>;
  /** Closes a replica; resolves when that is recorded. @throws StoreError `storage.*`: taken up later */
  readonly close: (closing: Closing) => Promise<void>;
  /** Records what an earlier session decided and could not record. */
  readonly resume: () => Promise<void>;
  /** How often a replica was succeeded since the store was opened. */
  readonly count: () => number;
  readonly closings$: BehaviorSubject<readonly Closing[]>;
  /** Takes what other tabs have learned of closed replicas. */
  readonly reread: () => Promise<void>;
  /** Keeps what became known of a closed replica. Without room for it, it is known until the store closes. */
  readonly keepClosing: (closing: Closing) => Promise<void>;
};

const isClosingOf =
  (replica: ReplicaId) =>
  ({ body, context }: RecordedEvent): boolean =>
    body.stream === replicaStream(replica) && context.replica !== replica;

export const openSuccession = (parts: SuccessionParts): Succession => {
  const { storage, log, states, onSuccession } = parts;
  const { closings$, tell, keep, keepIfRoom, reread } = openClosings(storage, parts.closings);
  let identity = parts.first;
  let due: Closing | undefined;
  let isStale = false;
  let count = 0;

  const succeedBy = async (next: Identity): Promise<void> => {
    if (next.replica === identity.replica) return;
    identity = next;
    count += 1;
    closings$.next(closings$.value); // whoever follows them learns who writes
    await onSuccession(next);
  };
  const settle = async (): Promise<void> => {
    if (due !== undefined) {
      const closing = due;
      await keep(closing); // first: whoever finds only this knows what was meant
      if (closing.replica === identity.replica)
        await succeedBy(await storage.keepIdentity(await parts.newIdentity(), closing.replica));
      due = undefined;
    }
    if (isStale) {
      const newest = await storage.readIdentity();
      await reread();
      if (newest !== undefined) await succeedBy(newest);
      isStale = false;
    }
  };
  const record = async (closing: Closing): Promise<void> => {
    await parts.writer().write({ drafts: [closingDraft(closing)], actor: STORE_ACTOR, atomic: true });
  };
  log.committed$.subscribe(({ events }) => {
    isStale ||= events.some(isClosingOf(identity.replica)); // another tab has closed it, or another copy of this database
  });
  return {
    identity: () => identity,
    isDue: () => due !== undefined || isStale,
    settle,
    close: (closing) => {
      due = closing;
      tell(closing); // at once, also if there is no room to keep it
      return record(closing);
    },
    resume: async () => {
      for (const closing of closings$.value) {
        if (closing.replica === identity.replica) due = closing;
        if (states.get(replicaStream(closing.replica))?.fold.state.value !== 'closed') await record(closing);
      }
    },
    count: () => count,
    closings$,
    keepClosing: keepIfRoom,
    reread,
  };
};
