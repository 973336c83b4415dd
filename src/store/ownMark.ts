/** The mark of the replica that writes here, and the pending counts that follow it. */
import { type Observable, Subject } from 'rxjs';
import type { RecordedEvent } from '../core/commit.ts';
import type { ReplicaId, StreamId } from '../core/ids.ts';
import type { Clock } from '../core/ports.ts';
import { position } from '../core/position.ts';
import type { EventStorage } from '../storage/port.ts';
import type { Log } from '../streams/log.ts';
import { asMarks, readSyncMark, type SyncMark, succeedingMark } from '../sync/marks.ts';
import type { OwnPending } from './ownPending.ts';

/** When a receipt came, by the server's clock and by the device's. */
export type ReceiptCame = { readonly serverMs: number; readonly deviceMs: number };

export type OwnMark = {
  readonly mark: () => SyncMark;
  /** Takes a new mark; resolves when pending counts follow it. */
  readonly set: (mark: SyncMark) => Promise<void>;
  /** Goes on as another replica. */
  readonly succeed: (replica: ReplicaId) => Promise<void>;
  readonly receiptCame: () => ReceiptCame | undefined;
  /** Streams whose pending count has changed. */
  readonly acknowledged$: Observable<ReadonlySet<StreamId>>;
};

/** Own events that no receipt covers, read again. */
export const unconfirmed = async (log: Log, replica: ReplicaId, mark: SyncMark): Promise<readonly RecordedEvent[]> => {
  const own: RecordedEvent[] = [];
  for await (const { events } of log.readAgain(position(mark.outboxFrom), { isSealed: true })) {
    for (const event of events)
      if (event.context.replica === replica && event.body.sequence > mark.acknowledged) own.push(event);
  }
  return own;
};

/** The new replica's mark: everything is pulled again, and what it sends begins where the log ends now. */
const markAfter = async (storage: EventStorage, log: Log, mark: SyncMark, replica: ReplicaId): Promise<SyncMark> => {
  if (log.head(replica).sequence > 0) return readSyncMark(storage, replica); // another tab was the first
  const next = succeedingMark(mark, replica, log.size());
  await storage.writeMarks(asMarks(next)).catch(() => undefined); // without room it follows from the identity
  return next;
};

export const openMark = (parts: {
  readonly first: SyncMark;
  readonly replica: ReplicaId;
  readonly storage: EventStorage;
  readonly log: Log;
  readonly pending: OwnPending;
  readonly clock: Clock;
}): OwnMark => {
  const { storage, log, pending, clock } = parts;
  const acknowledged = new Subject<ReadonlySet<StreamId>>();
  let mark = parts.first;
  let writer = parts.replica;
  let receiptCame: ReceiptCame | undefined;
  const tell = (streams: ReadonlySet<StreamId>) => {
    if (streams.size > 0) acknowledged.next(streams);
  };
  const reopen = async () => pending.reopen(mark.acknowledged, await unconfirmed(log, writer, mark));
  return {
    mark: () => mark,
    receiptCame: () => receiptCame,
    acknowledged$: acknowledged.asObservable(),
    set: async (next) => {
      const isLess = next.acknowledged < mark.acknowledged;
      const isAnother = next.acknowledged !== mark.acknowledged;
      if (next.receipt !== null && next.receipt.note !== mark.receipt?.note)
        receiptCame = { serverMs: Date.parse(next.receipt.time), deviceMs: clock.nowMs() };
      mark = next;
      tell(isLess || (isAnother && pending.isSummary()) ? await reopen() : pending.acknowledge(next.acknowledged));
    },
    succeed: async (replica) => {
      const had = pending.succeed(replica);
      writer = replica;
      mark = await markAfter(storage, log, mark, replica);
      tell(new Set([...had, ...(await reopen())]));
    },
  };
};
