/** What `health$` tells of commits, how often, and of what it wakes nobody. */
import { expect, it } from 'vitest';
import type { HealthState, Store } from '../../../src/index.ts';
import { item, openDevice, Visit } from './trial.ts';

const record = (store: Store, name: string) => store.aggregate(Visit, 'v').send(item(name, 1), { reason: 'r' });
const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

const followed = async () => {
  const { store, time } = await openDevice({});
  await record(store, 'first'); // a first act asks the platform to keep the data
  await settle();
  time.advance(60_000); // the room is looked at a while after it
  await settle();
  const told: HealthState[] = [];
  const listener = store.health$.subscribe((state) => told.push(state));
  await settle();
  told.length = 0;
  return { store, time, told, stop: () => listener.unsubscribe() };
};

it('commits are told though nothing syncs: what is pending, how many events, and when the newest was recorded [HLT-03]', async () => {
  const { store, time, told } = await followed();
  const before = store.size();
  time.advance(1_000);
  await record(store, 'weight');
  time.advance(250);
  expect(told.at(-1)).toMatchObject({ pending: before + 1, events: before + 1, sync: undefined });
  expect(Date.parse(told.at(-1)?.newestAt ?? '')).toBe(time.clock.nowMs() - 250);
  await store.close();
});

it('a hundred commits of a short while are told once, and those after it once more [HLT-03]', async () => {
  const { store, time, told } = await followed();
  for (let at = 0; at < 100; at++) await record(store, `a${at}`);
  expect(told).toHaveLength(0);
  time.advance(250);
  expect(told.map(({ events }) => events)).toEqual([store.size()]);
  for (let at = 0; at < 5; at++) await record(store, `b${at}`);
  time.advance(249);
  expect(told).toHaveLength(1);
  time.advance(1);
  expect(told.map(({ events }) => events)).toEqual([store.size() - 5, store.size()]);
  await store.close();
});

it('nobody is woken while nothing changes, nor by what was committed after listening ended [HLT-03]', async () => {
  const { store, time, told, stop } = await followed();
  for (let minute = 0; minute < 60; minute++) {
    time.advance(60_000);
    await settle();
  }
  expect(told).toHaveLength(0);
  stop();
  await record(store, 'late');
  time.advance(60_000);
  await settle();
  expect(told).toHaveLength(0);
  await store.close();
});
