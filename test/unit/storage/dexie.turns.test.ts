/** Turns among tabs that append at once: asked for only when needed, one at a time, and never waited for beyond the bound. */
import { expect, it } from 'vitest';
import { LIMITS } from '../../../src/core/limits.ts';
import { hintsOver } from '../../../src/storage/dexie/hints.ts';
import type { Page } from '../../../src/storage/dexie/page.ts';
import { turnsOver } from '../../../src/storage/dexie/turns.ts';
import { watchdog } from '../../../src/storage/dexie/watchdog.ts';
import { simulatedTime } from '../../../src/testing/index.ts';
import { fakeBrowser } from '../store/locks.ts';

const LOCK = 'indelible:trial:turn';
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Tabs of one browser on one clock; `sleep` is what a tab is told before it is frozen. */
const world = () => {
  const browser = fakeBrowser();
  const time = simulatedTime();
  let asked = 0;
  const tab = (name: string) => {
    const sleepers = new Set<() => void>();
    const page: Page = {
      onWake: () => () => undefined,
      onSleep: (listener) => {
        sleepers.add(listener);
        return () => void sleepers.delete(listener);
      },
      isAsleep: () => false,
      isVisible: () => true,
    };
    const locks = browser.locks(name);
    const counted: typeof locks = {
      ...locks,
      request: ((...how: Parameters<typeof locks.request>) => {
        asked += 1;
        return locks.request(...how);
      }) as typeof locks.request,
    };
    const hints = hintsOver(browser.line(name)('hints'));
    const turns = turnsOver({ locks: counted, name: LOCK, hints, scheduler: time.scheduler, page });
    return {
      ...turns,
      sleep: () => {
        for (const each of sleepers) each();
      },
    };
  };
  const pass = async (ms: number) => {
    for (let at = 0; at < ms; at += 25) {
      time.advance(25);
      await settle();
    }
  };
  return { browser, tab, pass, asked: () => asked };
};

it('a tab that appends alone asks for no turn [TAB-02]', async () => {
  const { tab, asked } = world();
  const turns = tab('a');
  for (let at = 0; at < 100; at++) {
    expect(turns.isWanted()).toBe(false);
    turns.end();
  }
  expect(asked()).toBe(0);
});

it('who is overtaken has the next turn, and who overtook it waits for it to end [TAB-02]', async () => {
  const { tab, browser } = world();
  const [slow, quick] = [tab('slow'), tab('quick')];
  await slow.overtaken();
  await settle();
  expect(browser.holder(LOCK)).toBe('slow');
  expect(quick.isWanted()).toBe(true);
  let began = false;
  const next = quick.begin().then(() => {
    began = true;
  });
  await settle();
  expect(began).toBe(false);
  slow.end();
  await next;
  expect(quick.isWanted()).toBe(false);
  expect(browser.holder(LOCK)).toBe('quick');
  quick.end();
  await settle();
  expect(browser.holder(LOCK)).toBeUndefined();
});

it('a turn that is not used ends by itself [TAB-02]', async () => {
  const { tab, browser, pass } = world();
  const turns = tab('a');
  await turns.overtaken();
  await pass(LIMITS.turnKeptMs + 25);
  expect(browser.holder(LOCK)).toBeUndefined();
});

it('a tab that is about to be frozen lets go of its turn, and of its place among those who wait [TAB-02]', async () => {
  const { tab, browser } = world();
  const [first, second, third] = [tab('a'), tab('b'), tab('c')];
  await first.overtaken();
  const waits = [second.overtaken(), third.overtaken()];
  second.sleep();
  await waits[0];
  first.sleep();
  await waits[1];
  expect(browser.holder(LOCK)).toBe('c');
});

it('a holder that is frozen without a word loses its turn, to one of those who wait, within the bound [TAB-02]', async () => {
  const { tab, browser, pass } = world();
  browser
    .locks('frozen')
    .request(LOCK, {}, () => new Promise(() => {}))
    .catch(() => undefined); // taken away
  await settle();
  const names = ['b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const waitedMs: number[] = [];
  let nowMs = 0;
  const tabs = names.map((name) => tab(name));
  const all = tabs.map(async (turns) => {
    await turns.overtaken();
    waitedMs.push(nowMs);
    turns.end();
  });
  for (; nowMs <= LIMITS.turnWaitMs; nowMs += 25) await pass(25);
  await Promise.all(all);
  expect(Math.max(...waitedMs)).toBeLessThanOrEqual(LIMITS.turnWaitMs);
  expect(waitedMs).toHaveLength(names.length);
  await settle();
  expect(browser.holder(LOCK)).not.toBe('frozen');
});

it('where a turn cannot be had at all an append waits for the bound, and goes ahead [TAB-02]', async () => {
  const time = simulatedTime();
  const never: Pick<LockManager, 'request'> = { request: () => new Promise(() => {}) };
  const hints = hintsOver(undefined);
  const turns = turnsOver({ locks: never, name: LOCK, hints, scheduler: time.scheduler, page: undefined });
  let over = false;
  void turns.overtaken().then(() => {
    over = true;
  });
  for (let at = 25; at < LIMITS.turnWaitMs; at += 25) {
    time.advance(25);
    await settle();
    expect(over).toBe(false);
  }
  time.advance(25);
  await settle();
  expect(over).toBe(true);
});

it('a call that is never answered ends in time, and a page that slept gives it the rest of its time [REC-18]', async () => {
  const time = simulatedTime();
  const watch = watchdog(time.scheduler, 10_000);
  const outcome = { code: '' };
  void watch(new Promise(() => {})).catch((error: { code: string }) => {
    outcome.code = error.code;
  });
  time.advance(9_999);
  await settle();
  expect(outcome.code).toBe('');
  time.advance(1);
  await settle();
  expect(outcome.code).toBe('storage.unresponsive');
  expect(await watch(Promise.resolve(7))).toBe(7);
  await expect(watch(Promise.reject(new Error('no')))).rejects.toThrow('no');
  time.advance(10_000);
  expect(time.waiting()).toEqual([]);
});
