/** Room: the forecast follows from what was measured, and persistence is asked for once, after an act. */
import fc from 'fast-check';
import { firstValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import type { StorageFacts } from '../../../src/core/ports.ts';
import { memoryStorage, type Store } from '../../../src/index.ts';
import { forecastOf, type Sample, withSample } from '../../../src/store/space.ts';
import { item, openDevice, Visit } from '../../unit/store/trial.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const sample = (atMs: number, events: number, usageBytes: number): Sample => ({ atMs, events, usageBytes, pending: 0 });

it('a steady rate is forecast as it is: bytes of an event, events of a day, days left [REC-17]', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 100, max: 5_000 }),
      fc.integer({ min: 10, max: 2_000 }),
      fc.integer({ min: 2, max: 13 }),
      (bytesPerEvent, eventsPerDay, days) => {
        let samples: readonly Sample[] = [];
        for (let day = 0; day <= days; day++)
          samples = withSample(
            samples,
            sample(day * DAY_MS, day * eventsPerDay, 50_000 + day * eventsPerDay * bytesPerEvent),
          );
        const now = samples.at(-1) ?? sample(0, 0, 0);
        const quota = now.usageBytes + 30 * eventsPerDay * bytesPerEvent;
        const forecast = forecastOf(samples, now, quota);
        expect(forecast.bytesPerEvent).toBeCloseTo(bytesPerEvent, 6);
        expect(forecast.eventsPerDay).toBeCloseTo(eventsPerDay, 6);
        expect(forecast.daysLeft).toBeCloseTo(30, 6);
      },
    ),
  );
});

it('a forecast is never negative, never of nothing, and silent until there is enough to go by [REC-17]', () => {
  const any = fc.record({
    atMs: fc.integer({ min: 0, max: 40 * DAY_MS }),
    events: fc.integer({ min: 0, max: 1_000_000 }),
    usageBytes: fc.integer({ min: 0, max: 2 ** 40 }),
    pending: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(any, { maxLength: 20 }), any, fc.integer({ min: 0, max: 2 ** 40 }), (raw, now, quota) => {
      let samples: readonly Sample[] = [];
      for (const each of raw) samples = withSample(samples, each);
      const { bytesPerEvent, eventsPerDay, daysLeft } = forecastOf(samples, now, quota);
      for (const figure of [bytesPerEvent, eventsPerDay, daysLeft])
        if (figure !== undefined) expect(figure >= 0 && Number.isFinite(figure)).toBe(true);
      if (daysLeft !== undefined) expect(bytesPerEvent !== undefined && eventsPerDay !== undefined).toBe(true);
    }),
  );
  const young = forecastOf([sample(0, 0, 1_000)], sample(HOUR_MS / 2, 500, 90_000), 1e9);
  expect([young.eventsPerDay, young.daysLeft]).toEqual([undefined, undefined]);
});

it('samples are an hour apart, bounded, and of a log that only grows [REC-17]', () => {
  let samples: readonly Sample[] = [];
  for (let minute = 0; minute < 60 * 24 * 20; minute += 7)
    samples = withSample(samples, sample(minute * 60_000, minute, minute));
  expect(samples.length).toBeLessThanOrEqual(336);
  for (const [at, { atMs }] of samples.entries())
    if (at > 0) expect(atMs - (samples[at - 1]?.atMs ?? 0)).toBeGreaterThanOrEqual(HOUR_MS);
  expect(withSample(samples, sample(30 * DAY_MS, 3, 3))).toEqual([sample(30 * DAY_MS, 3, 3)]);
});

const platform = (answer: boolean | undefined, acted = true) => {
  const asked: string[] = [];
  let persisted = false;
  const facts: StorageFacts = {
    estimate: async () => ({ usageBytes: 4_000, quotaBytes: 1_000_000 }),
    persisted: async () => persisted,
    persist: async () => {
      asked.push('persist');
      persisted = answer === true;
      return answer;
    },
    hasActed: () => acted,
  };
  return { asked, facts };
};

const record = (store: Store, name: string) => store.aggregate(Visit, 'v').send(item(name, 1), { reason: 'r' });
const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};
const persistence = async (store: Store) => (await firstValueFrom(store.health$)).persistence;

it.each([
  [true, 'granted'],
  [false, 'denied'],
  [undefined, 'unknown'],
] as const)(
  'persistence is asked for once, after something was recorded, and the answer %s is told [REC-17]',
  async (answer, told) => {
    const { asked, facts } = platform(answer);
    const { store, time } = await openDevice({ space: facts });
    time.advance(60_000);
    await settle();
    expect([asked, await persistence(store)]).toEqual([[], 'unasked']);
    for (const name of ['A', 'B', 'C']) await record(store, name);
    await settle();
    expect([asked, await persistence(store)]).toEqual([['persist'], told]);
  },
);

it('nothing is asked for what nobody did, or what is promised already [REC-17]', async () => {
  const idle = platform(true, false);
  const { store } = await openDevice({ space: idle.facts });
  await record(store, 'A');
  const pulled = platform(true);
  const promised = platform(true);
  await promised.facts.persist();
  const second = await openDevice({ space: { ...promised.facts } });
  await record(second.store, 'A');
  await settle();
  expect([idle.asked, pulled.asked, promised.asked]).toEqual([[], [], ['persist']]);
  expect(await persistence(second.store)).toBe('granted');
});

it('the room is looked at a while after opening and after commits, and its samples outlive the session [REC-17]', async () => {
  const { facts } = platform(true);
  const storage = memoryStorage();
  for (let start = 0; start < 3; start++) {
    const { store, time } = await openDevice({ space: facts, storage, name: 'roomy' });
    time.advance(start * 2 * HOUR_MS + 3_000);
    await settle();
    const { forecast } = await firstValueFrom(store.health$);
    expect(forecast).toMatchObject({ usageBytes: 4_000, quotaBytes: 1_000_000 });
    for (let at = 0; at < 20; at++) await record(store, `n${at}`);
    time.advance(3_000);
    await settle();
    await store.close();
  }
  const marks = await (await storage.open('roomy')).readMarks();
  expect(marks['space']).toHaveLength(3);
});
