/** The verifier that every case ends in. */
import { type Head, headAfter } from '../../core/commit.ts';
import { position } from '../../core/position.ts';
import { emptyHead } from '../../crypto/chain.ts';
import { checkCommit } from '../../crypto/checkCommit.ts';
import { checkContinues } from '../../crypto/inChain.ts';
import type { EventStorage, StoredRecord } from '../../storage/port.ts';
import { ConformanceError, holds, same } from './check.ts';

/** The verifier: every commit is sound, counts what it says, and continues the chain of its replica. */
export const verifyRecords = async (records: readonly StoredRecord[]): Promise<number> => {
  const heads = new Map<string, Head>();
  let events = 0;
  for (const record of records) {
    same(record.position, events, 'start of a record');
    for (const stored of record.commits) {
      const check = await checkCommit(stored.bytes);
      if (check.kind === 'faulty') throw new ConformanceError(`faulty commit at ${events}: ${check.fault.code}`);
      const { commit } = check;
      same(commit.events.length, stored.events, `events of the commit at ${events}`);
      const head = heads.get(commit.replica) ?? emptyHead(commit.replica, commit.context.tenant);
      same(checkContinues(head, commit)?.code, undefined, `chain of the commit at ${events}`);
      heads.set(commit.replica, headAfter(commit));
      events += stored.events;
    }
  }
  return events;
};

/** Reads the whole log in small pieces and verifies it; gives the number of events. */
export const verifyLog = async (storage: EventStorage): Promise<number> => {
  const records: StoredRecord[] = [];
  let from = position(0);
  for (;;) {
    const piece = await storage.read(from, 100_000);
    if (piece.length === 0) break;
    records.push(...piece);
    const events = piece.flatMap(({ commits }) => commits).reduce((total, commit) => total + commit.events, 0);
    holds(events > 0, `reading from ${from} gives records with events`);
    from = position(from + events);
  }
  const events = await verifyRecords(records);
  same(await storage.size(), events, 'size of the log');
  return events;
};
