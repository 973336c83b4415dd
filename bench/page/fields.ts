/** What protected fields cost: two in each event, one value by itself, and unlocking the keys. */

import type { EventId, EventType, StreamId, TenantId } from '../../src/core/ids.ts';
import { makeDataKey } from '../../src/crypto/dataKey.ts';
import { type FieldPlace, openField, openFieldSealer, type SealedValue } from '../../src/crypto/fieldCipher.ts';
import { openStore, type Store } from '../../src/index.ts';
import { type KeySession, memorySheet, memoryVault, openVault } from '../../src/keys.ts';
import { systemEntropy } from '../../src/store/platform.ts';
import { dropDatabase } from './bare.ts';
import { currentActor, itemOf, ProtectedVisit, series } from './event.ts';
import { openStale, statesOf } from './scale.ts';
import { elapsed, inTurns, type Single } from './turns.ts';
import { protectedVisits } from './views.ts';

/** A store with protected fields, its keys unlocked by a key of the host. Keys lie in memory: they are asked for once. */
const openProtected = async (name: string) => {
  const vault = openVault({ name, idleMinutes: 60, storage: memoryVault(), sheet: memorySheet() });
  const keys = await vault.create({ user: 'ada', key: systemEntropy.bytes(32) });
  await keys.makeWrappingKey('study');
  const store = await openStore({
    ...{ name, keys, tenant: 'bench', app: 'bench' },
    aggregates: [ProtectedVisit],
    actor: currentActor,
  });
  const close = async (): Promise<void> => {
    await store.close();
    await keys.lock();
  };
  return { store, close };
};

const singleFields = async (asked: Single) => {
  const { store, close } = await openProtected(asked.name);
  const send = async ({ id, event, options = {} }: ReturnType<typeof itemOf>): Promise<void> => {
    const outcome = await store.aggregate(ProtectedVisit, id).send(event, options);
    if (outcome.kind !== 'committed') throw new Error(`not committed: ${outcome.kind}`);
  };
  return inTurns(asked, { send, close });
};

const bulkFields = async ({ name, count }: { readonly name: string; readonly count: number }): Promise<number> => {
  const { store, close } = await openProtected(name);
  const items = series(itemOf, count);
  const took = await elapsed(() => store.appendAll(ProtectedVisit, items));
  if (store.size() !== count) throw new Error(`${store.size()} events instead of ${count}`);
  await close();
  await dropDatabase(name);
  return took;
};

const placeAt = (at: number): FieldPlace => ({
  tenant: 'bench' as TenantId,
  stream: itemOf(at).id as StreamId,
  event: `019500a0-1b2c-7d3e-8f40-${((at * 2_654_435_761) % 2 ** 48).toString(16).padStart(12, '0')}` as EventId,
  type: 'ItemRecorded' as EventType,
  path: '/value',
});

const IN_FLIGHT = 500;

/** One value encrypted by the platform, under a fresh nonce. */
const bareSealer = async (): Promise<(at: number) => Promise<unknown>> => {
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt']);
  const encoder = new TextEncoder();
  return (at) => {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    return crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, encoder.encode(`value ${at}`));
  };
};

const inGroups = async (work: (at: number) => Promise<unknown>, count: number, atOnce: number): Promise<void> => {
  for (let from = 0; from < count; from += atOnce)
    await Promise.all(series(work, Math.min(atOnce, count - from), from));
};

/** Milliseconds that so many bare encryptions take. */
const bareSeals = async ({ count }: { readonly count: number }): Promise<number> => {
  const seal = await bareSealer();
  return elapsed(() => inGroups(seal, count, IN_FLIGHT));
};

/** Microseconds for each value, the least of several rounds in which the ways take turns. */
const values = async ({ count, atOnce }: { readonly count: number; readonly atOnce: number }) => {
  const key = makeDataKey(systemEntropy);
  const sealer = openFieldSealer(systemEntropy);
  const places = series(placeAt, count);
  const sealed: SealedValue[] = [];
  const ways: Record<'bare' | 'seal' | 'open', (at: number) => Promise<unknown>> = {
    bare: await bareSealer(),
    seal: async (at: number) => {
      sealed[at] = await sealer.seal(key, places[at] ?? placeAt(at), `value ${at}`);
    },
    open: async (at: number) => {
      const value = sealed[at];
      const opened = value === undefined ? undefined : await openField(key, places[at] ?? placeAt(at), value);
      if (opened?.kind !== 'opened') throw new Error('not opened');
    },
  };
  const least = { bare: Number.POSITIVE_INFINITY, seal: Number.POSITIVE_INFINITY, open: Number.POSITIVE_INFINITY };
  const run = async (way: keyof typeof ways): Promise<number> => elapsed(() => inGroups(ways[way], count, atOnce));
  for (let round = 0; round < 12; round++) {
    for (const way of ['bare', 'seal', 'open'] as const)
      least[way] = Math.min(least[way], (1_000 * (await run(way))) / count);
  }
  return least;
};

/** From a passphrase to unlocked keys, Argon2id in its worker. */
const unlock = async ({ name }: { readonly name: string }): Promise<number> => {
  const passphrase = 'correct horse battery';
  const vault = openVault({ name, idleMinutes: 60, storage: memoryVault(), sheet: memorySheet() });
  await (await vault.create({ user: 'ada', passphrase })).lock();
  let unlocked = false;
  const took = await elapsed(async () => {
    const session = await vault.unlock({ user: 'ada', passphrase });
    unlocked = !session.isLocked();
  });
  if (!unlocked) throw new Error('not unlocked');
  return took;
};

/** A key that the host keeps: the same in every page. */
const HOST_KEY = { user: 'ada', key: new Uint8Array(32).fill(7) };

const openKept = (name: string, keys: KeySession): Promise<Store> =>
  openStore({
    ...{ name, keys, tenant: 'bench', app: 'bench', upkeep: 'manual' },
    aggregates: [ProtectedVisit],
    views: [protectedVisits],
    actor: currentActor,
  });

type Sized = { readonly name: string; readonly count: number };

/** A log with protected fields, packed, with what is kept of its states. */
const seedFields = async ({ name, count }: Sized): Promise<void> => {
  const keys = await openVault({ name, idleMinutes: 60 }).create(HOST_KEY);
  await keys.makeWrappingKey('study');
  const store = await openKept(name, keys);
  const step = 5_000;
  for (let from = 0; from < count; from += step)
    await store.appendAll(ProtectedVisit, series(itemOf, Math.min(step, count - from), from));
  await store.compact();
  await store.close();
  await keys.lock();
};

/** Opening it in a fresh page, from unlocked keys on. */
const openFieldsLog = async ({ name, count }: Sized) => {
  const keys = await openVault({ name, idleMinutes: 60 }).unlock(HOST_KEY);
  const opened = await openStale({
    open: () => openKept(name, keys),
    rows: (store) => store.view(protectedVisits).rows().length,
    isWhole: (store) => store.size() === count && statesOf(store, ProtectedVisit) === count,
  });
  await keys.lock();
  return opened;
};

export const fieldCalls = { singleFields, bulkFields, bareSeals, values, unlock, seedFields, openFieldsLog };
