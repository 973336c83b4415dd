/**
 * What the archives hold, and how it is made: by the store of its day, the same for every layout. The definitions stay
 * as they are for ever, as those of an application's first version have to.
 */
import { hexToBytes } from '@noble/hashes/utils.js';
import { setup } from 'xstate';
import { z } from 'zod';
import { publicKey32, tenantId } from '../../src/core/ids.ts';
import { replicaIdOf } from '../../src/crypto/chain.ts';
import type { SigningKey } from '../../src/crypto/signer.ts';
import {
  type Clock,
  defineAggregate,
  defineEvent,
  openStore,
  type StorageAdapter,
  type Store,
} from '../../src/index.ts';
import type { EventStorage, Identity } from '../../src/storage/port.ts';
import { type Expected, PUBLIC_KEYS, privateKeyOf } from './archive.ts';

export const TENANT = 'acme-042';
const STARTED = Date.UTC(2026, 0, 5, 8);
const VISITS = 6;

type Items = { readonly items: Readonly<Record<string, string>> };
type Recorded = { readonly type: 'ItemRecorded'; readonly item: string; readonly value: string };
const visits = setup({ types: { context: {} as Items, events: {} as Recorded } });
const record = visits.assign(({ context, event }) => ({ items: { ...context.items, [event.item]: event.value } }));

export const Visit = defineAggregate({
  type: 'visit',
  events: {
    ItemRecorded: defineEvent({
      version: 1,
      schema: z.strictObject({ item: z.string(), value: z.string() }),
      touches: ({ item }) => [item],
    }),
  },
  machine: visits.createMachine({
    context: { items: {} },
    initial: 'open',
    states: { open: { on: { ItemRecorded: { actions: record } } } },
  }),
});

const visitId = (at: number): string => `subject-${at % VISITS}`;
export const item = (at: number, filler: number) =>
  ({ type: 'ItemRecorded', item: `I${at % 7}`, value: `${at}: ${'abcdefgh '.repeat(filler)}` }) as const;

/** A clock that moves a second each time it is asked, from so many days after the first one on. */
const steadyClock = (days: number): Clock => {
  let seconds = 0;
  return {
    nowMs: () => STARTED + 86_400_000 * days + 1_000 * ++seconds,
    uptimeMs: () => 1_000 * seconds,
    zone: () => ({ offsetMin: 60, name: 'Europe/Vienna' }),
  };
};

/** Bytes that look random and are always the same. */
export const steadyEntropy = () => {
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  };
  return { bytes: (length: number) => Uint8Array.from({ length }, next) };
};

export const openOn = (adapter: StorageAdapter, name: string, days = 0): Promise<Store> =>
  openStore({
    name,
    tenant: TENANT,
    aggregates: [Visit],
    actor: () => ({ userId: 'nurse-1', role: 'site' }),
    storage: adapter,
    upkeep: 'manual',
    clock: steadyClock(days),
    entropy: steadyEntropy(),
  });

const keyAt = async (at: number): Promise<SigningKey> => {
  const publicKey = PUBLIC_KEYS[at] ?? '';
  return { publicKey: publicKey32(hexToBytes(publicKey)), privateKey: await privateKeyOf(publicKey) };
};

export const identityAt = async (at: number): Promise<Identity> => {
  const key = await keyAt(at);
  const createdAt = new Date(STARTED).toISOString();
  return { tenant: tenantId(TENANT), replica: replicaIdOf(key.publicKey), key, createdAt };
};

/** Single events, then one large append, then single ones again: more than a segment of each. */
const recordAll = async (store: Store): Promise<void> => {
  for (let at = 0; at < 100; at++) await store.aggregate(Visit, visitId(at)).send(item(at, 20));
  const bulk = Array.from({ length: 120 }, (_, at) => ({ id: visitId(at), event: item(100 + at, 25) }));
  await store.appendAll(Visit, bulk);
  for (let at = 220; at < 240; at++) await store.aggregate(Visit, visitId(at)).send(item(at, 3));
};

export const statesOf = (store: Store): Expected['visits'] =>
  Object.fromEntries(
    Array.from({ length: VISITS }, (_, at) => {
      const { value, context, version } = store.aggregate(Visit, visitId(at)).state();
      return [visitId(at), { value, context, version }];
    }),
  );

const FINDING = {
  identity: 'chain.gap:7:0011223344556677',
  foundAt: '2026-01-05T08:00:00.000Z',
  code: 'chain.gap',
  sequence: 7,
} as const;

/** Fills a new database with something in every table; gives what a store on it has to show. */
export const makeContent = async (
  adapter: StorageAdapter,
  name: string,
  finish: (store: Store, storage: EventStorage) => Promise<void>,
): Promise<Expected> => {
  const storage = await adapter.open(name);
  await storage.keepIdentity(await identityAt(0));
  await storage.keepFinding(FINDING, Uint8Array.of(1, 2, 3));
  await storage.writeMarks({ sync: { cursor: '', acknowledged: 0, outboxFrom: 0, receipt: null, server: null } });
  await storage.writeSnapshot('app', Uint8Array.of(4, 5, 6));
  const store = await openOn(adapter, name);
  await recordAll(store);
  const expected = { size: store.size(), replicas: [store.replica], visits: statesOf(store) };
  await finish(store, storage);
  await store.close();
  const replicas = (await storage.readIdentities()).map(({ replica }) => replica);
  await storage.close();
  return { ...expected, replicas };
};
