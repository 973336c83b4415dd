/** Real commits for the storage tests, and the verifier that every case ends in. */
import { expect } from 'vitest';
import type { Head } from '../../src/core/commit.ts';
import { headAfter } from '../../src/core/commit.ts';
import type { CommitContext, EventBody } from '../../src/core/envelope.ts';
import { aggregateId, aggregateType, eventId, eventType, streamId, tenantId, userId } from '../../src/core/ids.ts';
import { position, sequence } from '../../src/core/position.ts';
import { replicaIdOf } from '../../src/crypto/chain.ts';
import { checkCommit, checkContinues, emptyHead } from '../../src/crypto/checkCommit.ts';
import { encodeEvent, prepareCommit, sealContext, signCommit } from '../../src/crypto/sealCommit.ts';
import { makeSigningKey } from '../../src/crypto/signer.ts';
import type { CommitBytes, EventStorage, Identity, StoredRecord } from '../../src/storage/port.ts';

export const TENANT = tenantId('acme-042');
const STREAM = streamId(aggregateType('form'), aggregateId('subject-17/visit-1'));
const CREATED_AT = '2026-01-01T00:00:00.000Z';

let made = 0;
const nextEventId = () => eventId(`01890000-0000-7000-8000-${(++made).toString(16).padStart(12, '0')}`);

/** A replica that seals one commit after the other, each continuing its chain. */
export type Writer = {
  readonly identity: Identity;
  /** Seals a commit of so many events, with a filler of so many characters in each. */
  readonly seal: (events?: number, filler?: number) => Promise<CommitBytes>;
};

const contextOf = (identity: Identity): CommitContext => ({
  format: 1,
  tenant: TENANT,
  replica: identity.replica,
  actor: { user: userId('u-1'), role: 'investigator' },
  recordedAt: { utc: CREATED_AT, offsetMin: 60, zone: 'Europe/Berlin', uptimeMs: 1 },
  receipt: null,
  software: { store: '0.1.0', registry: 'r1' },
});

const bodyOf = (at: number, filler: number): EventBody => ({
  id: nextEventId(),
  stream: STREAM,
  type: eventType('ItemRecorded'),
  schema: 1,
  sequence: sequence(at),
  basis: {},
  payload: { item: 'BP.SYS', value: 'x'.repeat(filler) },
});

export const makeIdentity = async (): Promise<Identity> => {
  const key = await makeSigningKey();
  return { tenant: TENANT, replica: replicaIdOf(key.publicKey), key, createdAt: CREATED_AT };
};

export const makeWriter = async (known?: Identity): Promise<Writer> => {
  const identity = known ?? (await makeIdentity());
  const context = sealContext(contextOf(identity));
  let head: Head = emptyHead(identity.replica, TENANT);
  return {
    identity,
    seal: async (events = 1, filler = 8) => {
      const first = sequence(head.sequence + 1);
      const encoded = Array.from({ length: events }, (_, at) => encodeEvent(bodyOf(first + at, filler)));
      const prepared = prepareCommit({ key: identity.key, context, first, previous: head.link, events: encoded });
      head = headAfter(prepared);
      return { bytes: (await signCommit(identity.key, prepared)).bytes, events };
    },
  };
};

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
