/** What a storage engine brings to the conformance suite. */
import { expect } from 'vitest';
import { isStoreError } from '../../src/core/errors.ts';
import { position } from '../../src/core/position.ts';
import { toBase64 } from '../../src/crypto/bytes.ts';
import type { Durability, EventStorage, StorageAdapter, StoredRecord } from '../../src/storage/port.ts';
import type { Faults } from './faults.ts';

/** One place where data is kept, empty at first. */
export type Place = {
  /** An adapter on this place, as another page or process would make it. */
  readonly adapter: () => StorageAdapter;
  /** An adapter on the same place whose operations fail on demand; absent where no operation can fail. */
  readonly faulty?: () => { readonly adapter: StorageAdapter; readonly faults: Faults };
  readonly remove: () => Promise<void>;
};

export type Engine = {
  readonly durability: Durability;
  readonly makePlace: () => Place;
  /** Runs of the model; fewer where each step costs a disk. */
  readonly modelRuns: number;
};

export const NAME = 'trial-042';

/** Runs a case in a place of its own, which is removed whatever happens; connections that the case opens are closed. */
export const inPlace = async (
  engine: Engine,
  work: (open: () => Promise<EventStorage>, place: Place) => Promise<void>,
): Promise<void> => {
  const place = engine.makePlace();
  const opened: EventStorage[] = [];
  const open = async () => {
    const storage = await place.adapter().open(NAME);
    opened.push(storage);
    return storage;
  };
  try {
    await work(open, place);
  } finally {
    for (const storage of opened) await storage.close();
    await place.remove();
  }
};

export type Settled<T> = { readonly value: T } | { readonly code: string };

/** What a call came to: its value, or the code of its failure. A failure without a code fails the test. */
export const settled = async <T>(call: Promise<T>): Promise<Settled<T>> => {
  try {
    return { value: await call };
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return { code: error.code };
  }
};

/** Bytes as text and records as plain values: compared at once, where an array is compared element by element. */
export const plain = (records: readonly StoredRecord[]) =>
  records.map((record) => ({
    position: record.position,
    commits: record.commits.map(({ bytes, events }) => ({ bytes: toBase64(bytes), events })),
  }));

/** Everything that a storage holds, as plain values. */
export const contentOf = async (storage: EventStorage) => {
  const identity = await storage.readIdentity();
  const identities = await storage.readIdentities();
  return {
    size: await storage.size(),
    records: plain(await storage.read(position(0), Number.MAX_SAFE_INTEGER)),
    marks: { ...(await storage.readMarks()) },
    findings: await storage.readFindings(),
    snapshot: await storage.readSnapshot('view'),
    packedTo: await storage.packedTo(),
    identities: identities.map(({ replica, tenant, createdAt }) => ({ replica, tenant, createdAt })),
    replica: identity?.replica,
    publicKey: identity?.key.publicKey,
  };
};

/** Waits until `holds`, at most two seconds. */
export const eventually = async (holds: () => boolean): Promise<void> => {
  const until = Date.now() + 2_000;
  while (!holds() && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(holds()).toBe(true);
};
