/** The verifier that every case ends in. */
import { expect } from 'vitest';
import { type Head, headAfter } from '../../src/core/commit.ts';
import { position } from '../../src/core/position.ts';
import { checkCommit, checkContinues, emptyHead } from '../../src/crypto/checkCommit.ts';
import type { EventStorage, StoredRecord } from '../../src/storage/port.ts';

/** The verifier: every commit is sound, counts what it says, and continues the chain of its replica. */
export const verifyRecords = async (records: readonly StoredRecord[]): Promise<number> => {
  const heads = new Map<string, Head>();
  let events = 0;
  for (const record of records) {
    expect(record.position).toBe(events);
    for (const stored of record.commits) {
      const check = await checkCommit(stored.bytes);
      if (check.kind === 'faulty') throw new Error(`faulty commit at ${events}: ${check.fault.code}`);
      const { commit } = check;
      expect(commit.events.length).toBe(stored.events);
      const head = heads.get(commit.replica) ?? emptyHead(commit.replica, commit.context.tenant);
      expect(checkContinues(head, commit)).toBeUndefined();
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
    from = position(from + events);
  }
  const events = await verifyRecords(records);
  expect(await storage.size()).toBe(events);
  return events;
};
