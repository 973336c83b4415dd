/** The turn to sync, lost in the middle of an exchange: what the tab knew then is not written any more. */
import { afterEach, expect, it, vi } from 'vitest';
import { memoryStorage } from '../../../src/index.ts';
import { hookedStorage, UNDISTURBED } from '../../../src/testing/index.ts';
import { fakeBrowser } from '../store/locks.ts';
import { makeBed } from './bed.ts';

const NAME = 'shared';

afterEach(() => void vi.unstubAllGlobals());

/** Lets everything run that waits for nothing but its turn. */
const settle = async (): Promise<void> => {
  for (let round = 0; round < 50; round++) await new Promise((resolve) => setImmediate(resolve));
};

it.each([
  ['to another tab, it writes no marks: it knows older ones', true],
  ['to nobody, it writes them', false],
])('when the turn passes %s [SYN-04, REC-03]', async (_, isStolen) => {
  const browser = fakeBrowser();
  const locks = browser.locks('this tab');
  let asked = () => {};
  const query = () => {
    asked();
    return locks.query();
  };
  vi.stubGlobal('navigator', { locks: { ...locks, query } });
  const shared = memoryStorage();
  const calls: string[] = [];
  const storage = hookedStorage(shared, { before: async (call) => void calls.push(call) });
  const bed = await makeBed({ storage, name: NAME });
  await bed.record('A');
  const other = await shared.open(NAME);
  let before: unknown;
  let turnIsAskedFor: Promise<void> | undefined;
  bed.meet(({ kind }) => {
    if (kind === 'push') {
      calls.length = 0;
      before = other.readMarks();
      turnIsAskedFor = new Promise((resolve) => {
        asked = resolve;
      });
      const hold = () => new Promise<never>(() => {});
      if (isStolen) void browser.locks('another tab').request(`indelible:sync:${NAME}`, { steal: true }, hold);
    }
    return UNDISTURBED;
  });
  bed.sync.setOnline(true);
  await bed.sync.now();
  await turnIsAskedFor;
  await settle();
  expect(bed.messages).toContain('push');
  expect(calls.includes('writeMarks')).toBe(!isStolen);
  if (isStolen) expect(await other.readMarks()).toEqual(await before);
  bed.sync.stop();
});
