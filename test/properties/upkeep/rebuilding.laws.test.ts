/**
 * Laws of folding anew: after schemas or machines have changed a store is used at once, what it shows says that it is stale, nothing is
 * decided on it, and it ends in what opening without kept states gives; whenever it is interrupted.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { memoryStorage, type RebuildStatus, type StorageAdapter, type Store } from '../../../src/index.ts';
import { hookedStorage } from '../../../src/testing/index.ts';
import { casebook, collect, item, LOCK, openDevice, outcomeOf, Visit } from '../../unit/store/trial.ts';
import { type Act, acts, IDS, openWorld, perform } from './devices.ts';
import { forgetful, gated, hurried, LaterVisit, laterRows, RECORD_BYTES, streamsOf } from './kept.ts';

const LATER = { aggregates: [LaterVisit], views: [laterRows] };

const shownBy = async (store: Store) => {
  await store.caughtUp();
  return {
    streams: await streamsOf(store, LaterVisit, IDS),
    rows: store.view(laterRows).orderBy('items').result(),
    conflicts: (await conflictsOf(store)).map(({ stream }) => stream),
  };
};

const conflictsOf = async (store: Store) => {
  const { seen, stop } = collect(store.conflicts$);
  stop();
  return seen.at(-1) ?? [];
};

it('folding anew ends in what opening without kept states gives, whatever is recorded and synced meanwhile, and wherever it is cut off [PRJ-17]', async () => {
  await fc.assert(
    fc.asyncProperty(acts, acts, fc.nat(6), async (before, during, pieces) => {
      const world = await openWorld({ ...hurried() });
      const [node] = world;
      if (node === undefined) return;
      for (const act of before) {
        const one = world[act.device];
        if (one !== undefined) await perform(one, act);
      }
      await node.store.compact();
      await node.store.close();
      for (let times = 0; times < 3; times++) {
        Object.assign(node, await node.open({ ...LATER, ...hurried() }));
        const now = during.slice(times * 4, times * 4 + 4).filter(({ kind }) => kind !== 'reopen');
        for (const act of now) await perform(node, act);
        for (let piece = 0; piece < pieces; piece++) await new Promise((resolve) => setTimeout(resolve));
        if (times < 2) await node.store.close();
      }
      const other = await openDevice({ ...LATER, storage: forgetful(node.storage), name: node.name, upkeep: 'manual' });
      await node.store.verify(); // reads on to the end
      const [anew, plain] = [await shownBy(node.store), await shownBy(other.store)];
      expect(anew).toEqual(plain);
      expect(anew.rows.stale).toBe(false);
      for (const { store } of [...world, other]) await store.close();
    }),
    { numRuns: 25 },
  );
});

/** A database with kept states of the version before: 40 items in three visits, the last of them with one. */
const before = async (name: string) => {
  const storage = memoryStorage({ recordBytesMax: RECORD_BYTES });
  const { store } = await openDevice({ storage, name, upkeep: 'manual' });
  for (let at = 0; at < 40; at++) await store.aggregate(Visit, IDS[at % 2] ?? '').send(item(`i${at}`, at));
  await store.aggregate(Visit, 's-3').send(item('one', 1));
  await store.compact();
  await store.close();
  return storage;
};

it('a store of changed machines opens without folding the log: rows of before are stale, then all change at once [PRJ-17]', async () => {
  const { adapter, release } = gated(await before('gated'));
  const { store } = await openDevice({ storage: adapter, name: 'gated', app: '2', upkeep: 'manual' });
  const { seen } = collect(store.view(casebook).orderBy('id').result$);
  const rows = collect(store.view(casebook).orderBy('id').rows$).seen;
  expect(seen.map(({ stale, rows: shown }) => [stale, shown.length])).toEqual([[true, 3]]);
  expect(store.aggregate(Visit, 's-1').state()).toMatchObject({ stale: true, version: 20 });
  const statuses = collect(store.rebuild$).seen;
  release();
  await store.caughtUp();
  expect(statuses.at(0)).toEqual({ state: 'rebuilding', folded: 0, size: 41 } satisfies RebuildStatus);
  expect(statuses.at(-1)).toEqual({ state: 'current', folded: 41, size: 41 } satisfies RebuildStatus);
  expect(seen.at(-1)).toMatchObject({ stale: false, changes: { added: [], updated: [], removed: [] } });
  expect(rows).toHaveLength(1);
  expect(store.aggregate(Visit, 's-1').state()).toMatchObject({ stale: false, version: 20 });
  await store.close();
});

it('what is sent to a stale aggregate is decided by the machine of now on the state of now, at once [PRJ-17, AGG-01]', async () => {
  const { adapter, release } = gated(await before('decided'));
  const { store } = await openDevice({ ...LATER, storage: adapter, name: 'decided', upkeep: 'manual' });
  const [first, third] = [store.aggregate(LaterVisit, 's-1'), store.aggregate(LaterVisit, 's-3')];
  expect([first.can(LOCK), third.can(LOCK)]).toEqual([false, false]); // states of before have no `order`
  expect(first.getSnapshot()).toMatchObject({ value: 'capture' });
  expect(await third.send(LOCK)).toMatchObject({ kind: 'refused', why: 'illegal', state: '"capture"' });
  expect(await first.send(LOCK)).toMatchObject({ kind: 'committed', version: 21 });
  expect(await store.aggregate(LaterVisit, 'new').send(LOCK)).toMatchObject({ kind: 'refused', why: 'illegal' });
  expect(first.state()).toMatchObject({ stale: false, value: 'closed' });
  expect(store.aggregate(LaterVisit, 's-2').state().stale).toBe(true);
  expect(store.view(laterRows).orderBy('id').result()).toMatchObject({ stale: true, keys: ['s-1', 's-3'] });
  release();
  await store.caughtUp();
  expect(store.view(laterRows).orderBy('id').result()).toMatchObject({ stale: false, keys: ['s-1', 's-2', 's-3'] });
  await store.close();
});

it('conflicts among stale aggregates are known before everything is folded anew [PRJ-17, CNF-01]', async () => {
  const world = await openWorld();
  const [left, right] = world;
  if (left === undefined || right === undefined) return expect.unreachable();
  const alone: readonly Act[] = [0, 1].map((device) => ({ kind: 'send', device, id: 's-1', item: 'a' }));
  const both: readonly Act[] = [0, 1, 0].map((device) => ({ kind: 'sync', device }));
  const others = Array.from({ length: 20 }, (): Act => ({ kind: 'send', device: 0, id: 's-2', item: 'a' }));
  for (const act of [...others, ...alone, ...both]) await perform(act.device === 0 ? left : right, act);
  await left.store.compact();
  for (const { store } of world) await store.close();
  const { adapter, release } = gated(left.storage);
  const { store } = await openDevice({ ...LATER, storage: adapter, name: left.name, upkeep: 'manual' });
  const { seen } = collect(store.conflicts$);
  await expect.poll(() => seen.at(-1)?.map(({ id }) => id)).toEqual(['s-1']);
  expect(
    [store.aggregate(LaterVisit, 's-1'), store.aggregate(LaterVisit, 's-2')].map((visit) => visit.state().stale),
  ).toEqual([false, true]);
  expect(store.view(laterRows).result()).toMatchObject({ stale: true, rows: [{ id: 's-1', conflicted: true }] });
  release();
  await store.caughtUp();
  expect(await conflictsOf(store)).toHaveLength(1);
  await store.close();
});

it('folding anew goes on where a session that was killed had kept it, and reads nothing twice [PRJ-17]', async () => {
  const storage = await before('killed');
  let isDead = false;
  const mortal = hookedStorage(storage, {
    before: () => (isDead ? Promise.reject(new Error('killed')) : Promise.resolve()),
  });
  const { store } = await openDevice({ ...LATER, ...hurried(), storage: mortal, name: 'killed' });
  const raw = await storage.open('killed');
  while (((await raw.readSnapshot('rebuild'))?.length ?? 0) === 0) await new Promise((resolve) => setTimeout(resolve));
  isDead = true;
  expect(await outcomeOf(store.caughtUp().catch(() => 'failed'))).toBe('failed');
  const { adapter, from } = gated(storage);
  const next = await openDevice({ ...LATER, storage: adapter, name: 'killed', upkeep: 'manual' });
  await next.store.caughtUp();
  expect(Math.min(...from)).toBeGreaterThan(0);
  const plain = await openDevice({ ...LATER, storage: forgetful(storage), name: 'killed', upkeep: 'manual' });
  expect(await shownBy(next.store)).toEqual(await shownBy(plain.store));
});

it('folding anew that fails says so, keeps no event from being recorded, and is tried again [PRJ-17]', async () => {
  const storage = await before('failing');
  let isBroken = false;
  const broken: StorageAdapter = {
    open: async (name) => {
      const opened = await storage.open(name);
      return {
        ...opened,
        read: (at, max) => (at === 0 && isBroken ? Promise.reject(new Error('io')) : opened.read(at, max)),
      };
    },
  };
  isBroken = true;
  const { store, time } = await openDevice({ ...LATER, storage: broken, name: 'failing', upkeep: 'manual' });
  await expect(store.caughtUp()).rejects.toThrow();
  const { seen } = collect(store.rebuild$);
  expect(seen.at(-1)).toMatchObject({ state: 'failing' });
  const { checks } = await store.health();
  expect(checks.flatMap(({ warnings }) => warnings.map(({ code }) => code))).toContain('health.rebuild-failing');
  expect(await store.aggregate(LaterVisit, 's-1').send(LOCK)).toMatchObject({ kind: 'committed' });
  isBroken = false;
  time.advance(5_000);
  await store.caughtUp();
  expect(seen.at(-1)).toMatchObject({ state: 'current' });
  await store.close();
});
