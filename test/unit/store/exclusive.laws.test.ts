/** Exclusive work across tabs: one at a time, in the order asked for, and no frozen tab keeps the others waiting. */
import { expect, it } from 'vitest';
import { LIMITS } from '../../../src/core/limits.ts';
import { exclusivelyOver, type Turn } from '../../../src/store/exclusive.ts';
import { simulatedTime } from '../../../src/testing/index.ts';
import { fakeBrowser } from './locks.ts';

const SILENT_MS = LIMITS.exchangeSilentMs;
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Tabs of one browser, each with a time of its own that stands still while it is frozen. */
const world = () => {
  const browser = fakeBrowser();
  const tabs: { readonly name: string; readonly advance: (ms: number) => void; frozenMs: number | undefined }[] = [];
  const tab = (name: string) => {
    const { scheduler, advance } = simulatedTime();
    const self = { name, advance, frozenMs: undefined as number | undefined };
    tabs.push(self);
    const alone = exclusivelyOver('work', {
      locks: browser.locks(name),
      line: browser.line(name),
      scheduler,
      jitter: () => 0.5,
    });
    return {
      alone,
      freeze: () => {
        self.frozenMs = 0;
        browser.freeze(name);
      },
      /** The clock has gone on meanwhile; what was due runs now. */
      thaw: () => {
        const slept = self.frozenMs ?? 0;
        self.frozenMs = undefined;
        browser.thaw(name);
        return slept;
      },
      advance,
    };
  };
  const pass = async (ms: number) => {
    for (let at = 0; at < ms; at += 50) {
      for (const each of tabs) {
        if (each.frozenMs === undefined) each.advance(50);
        else each.frozenMs += 50;
      }
      await settle();
    }
  };
  return { browser, tab, pass };
};

/** One for each turn: nobody listens to another's. */
const forever = (): AbortSignal => new AbortController().signal;

/** Work that lasts until it is told to end. */
const longWork = () => {
  const state: { turn: Turn | undefined; end: () => void } = { turn: undefined, end: () => {} };
  const work = (turn: Turn): Promise<string> =>
    new Promise((resolve) => {
      state.turn = turn;
      state.end = () => resolve('done');
    });
  return { state, work };
};

it('a holder that works for long and answers keeps its turn [TAB-03]', async () => {
  const { tab, pass } = world();
  const { state, work } = longWork();
  const first = tab('a').alone(work, forever());
  await settle();
  let began = false;
  const second = tab('b').alone(async () => {
    began = true;
  }, forever());
  await pass(5 * SILENT_MS);
  expect(began).toBe(false);
  await state.turn?.check();
  state.end();
  expect(await first).toBe('done');
  await second;
  expect(began).toBe(true);
});

it('a frozen holder loses its turn within the bound, and may not go on when it thaws [TAB-03]', async () => {
  const { tab, pass } = world();
  const [a, b] = [tab('a'), tab('b')];
  const { state, work } = longWork();
  const outcome = a.alone(work, forever()).catch((error: unknown) => error);
  await settle();
  a.freeze();
  let began = false;
  const second = b.alone(async (turn) => {
    await turn.check();
    began = true;
  }, forever());
  await pass(SILENT_MS + 100);
  await second;
  expect(began).toBe(true);
  a.advance(a.thaw());
  await expect(state.turn?.check()).rejects.toThrow('store.turn-lost');
  expect(await outcome).toMatchObject({ code: 'store.turn-lost' });
});

it('a holder that froze a moment before it was asked loses its turn within the bound all the same [TAB-03]', async () => {
  for (let frozenAtMs = 0; frozenAtMs <= 700; frozenAtMs += 100) {
    const { tab, pass } = world();
    const [a, b] = [tab('a'), tab('b')];
    const lost = a.alone(longWork().work, forever()).catch(() => 'lost');
    await settle();
    const second = b.alone(async () => 'worked', forever());
    await pass(frozenAtMs);
    a.freeze();
    await pass(SILENT_MS + 100);
    expect(await second).toBe('worked');
    expect(await lost).toBe('lost');
  }
});

it('of many who wait for a frozen holder one takes the turn, and the others follow one by one [TAB-03]', async () => {
  const { tab, pass } = world();
  const a = tab('a');
  const held = a.alone(longWork().work, forever()).catch(() => 'lost');
  await settle();
  a.freeze();
  let [inside, most] = [0, 0];
  const others = ['b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) =>
    tab(name).alone(async (turn) => {
      inside += 1;
      most = Math.max(most, inside);
      await settle();
      await turn.check();
      inside -= 1;
    }, forever()),
  );
  await pass(SILENT_MS + 500);
  await Promise.all(others);
  expect(most).toBe(1);
  expect(await held).toBe('lost');
});

it('who gives up while it waits is told why, and leaves its place to the next [TAB-03]', async () => {
  const { tab, pass } = world();
  const { state, work } = longWork();
  const first = tab('a').alone(work, forever());
  await settle();
  const patience = new AbortController();
  const second = tab('b')
    .alone(async () => 'worked', patience.signal)
    .catch((error: unknown) => error);
  const third = tab('c').alone(async () => 'worked', forever());
  await pass(100);
  patience.abort(new Error('enough'));
  await settle();
  expect(await second).toBeInstanceOf(Error);
  state.end();
  expect(await first).toBe('done');
  expect(await third).toBe('worked');
});

it('what the work throws is thrown, and the next has its turn [TAB-03]', async () => {
  const { tab, browser } = world();
  const failed = tab('a').alone(() => Promise.reject(new Error('no')), forever());
  await expect(failed).rejects.toThrow('no');
  expect(await tab('b').alone(async () => 'worked', forever())).toBe('worked');
  await settle();
  expect(browser.holder('work')).toBeUndefined();
});
