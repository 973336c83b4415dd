/** A store is not opened over definitions that do not fit together, and nothing of the attempt goes on. */
import { expect, it } from 'vitest';
import { defineProcessor, defineRollup, memoryStorage, type StoreOptions } from '../../../src/index.ts';
import { simulatedTime } from '../../../src/testing/index.ts';
import { keyRing } from '../../support/keys.ts';
import { Patient } from '../fields/patients.ts';
import { casebook, item, openDevice, outcomeOf, Visit } from './trial.ts';

const byState = defineRollup({
  name: 'by state',
  of: casebook,
  groupBy: ['state'],
  measures: { visits: { count: {} } },
});
const handle = async (): Promise<void> => undefined;
const known = defineProcessor({ name: 'known', of: Visit, on: ['ItemRecorded'], from: 'beginning', handle });
const stranger = defineProcessor({ name: 'stranger', of: Patient, on: ['Closed'], from: 'beginning', handle });

const WRONG: readonly (readonly [code: string, wrong: Partial<StoreOptions>])[] = [
  ['query.unknown-view', { views: [byState] }],
  ['aggregate.unknown-type', { processors: [known, stranger] }],
];

it.each(WRONG)(
  'a store over definitions that miss another is refused as %s, and nothing of it goes on [REC-08]',
  async (code, wrong) => {
    const shared = { storage: memoryStorage(), name: `wrong ${code}`, upkeep: 'automatic' } as const;
    const { store } = await openDevice(shared);
    await store.aggregate(Visit, 'v').send(item('BP', 120));
    await store.close();
    const source = keyRing().source();
    let listeners = 0;
    const onChange = (listener: () => void) => {
      const stop = source.onChange(listener);
      listeners += 1;
      return () => {
        listeners -= 1;
        stop();
      };
    };
    const { clock, scheduler, waiting } = simulatedTime();
    const keys = { source: { ...source, onChange } };
    expect(await outcomeOf(openDevice({ ...shared, ...wrong, keys, clock, scheduler }))).toBe(code);
    expect([waiting(), listeners]).toEqual([[], 0]);
    const again = await openDevice(shared);
    expect(again.store.aggregate(Visit, 'v').state().version).toBe(1);
    await again.store.close();
  },
);
