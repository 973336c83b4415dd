import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Idle, KeySession, TabMessage } from '../../../src/keys/session.ts';
import { memoryVault } from '../../../src/keys/storage.ts';
import { simulatedTime } from '../../../src/testing/index.ts';
import { codeOf, codeOfAsync } from '../support.ts';
import { ADA, BEA, IDLE_MS, world } from './world.ts';

const unlocked = async () => {
  const made = world();
  return { ...made, session: await made.vault.create(ADA) };
};

describe('a locked session', () => {
  it('gives nothing any more, whatever is asked of it [KEY-09]', async () => {
    const { session } = await unlocked();
    expect(session.isLocked()).toBe(false);
    await session.lock();
    expect(session.isLocked()).toBe(true);
    expect(codeOf(() => session.databaseKey)).toBe('key.locked');
    const { sharingKey, users, failures, selfTest } = session;
    for (const ask of [sharingKey, users, failures, selfTest]) expect(await codeOfAsync(ask)).toBe('key.locked');
    expect(await codeOfAsync(() => session.failuresRecorded({ ids: [], more: 0 }))).toBe('key.locked');
    session.touch();
    expect(session.isLocked()).toBe(true);
  });

  it('has dropped its keys before anybody hears of it, and waits until all have closed, also one that fails [KEY-09]', async () => {
    const { session } = await unlocked();
    const heard: unknown[] = [];
    session.onLock(async () => {
      heard.push(codeOf(() => session.databaseKey));
      throw new Error('could not close');
    });
    session.onLock(async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      heard.push('closed');
    });
    const forget = session.onLock(() => void heard.push('never'));
    forget();
    await Promise.all([session.lock(), session.lock()]);
    expect(heard).toEqual(['key.locked', 'closed']);
    await new Promise<void>((resolve) => session.onLock(resolve)); // who comes late hears at once
  });
});

describe('tabs of one vault', () => {
  const tabs = async (users: readonly { readonly user: string; readonly passphrase: string }[]) => {
    const time = simulatedTime();
    const storage = memoryVault();
    const hears = new Set<(message: TabMessage) => void>();
    const line: Idle['line'] = (hear) => {
      hears.add(hear);
      const post = (message: TabMessage) => {
        for (const other of [...hears]) if (other !== hear) other(message);
      };
      return { post, close: () => void hears.delete(hear) };
    };
    const open = () => world({ storage, time, line }).vault;
    const own = open();
    const first = await own.create(ADA);
    await own.enrol(first, BEA, { share: [] });
    const sessions = [first];
    for (const user of users) sessions.push(await open().unlock(user));
    return { time, sessions, hears };
  };
  const locked = (sessions: readonly KeySession[]) => sessions.map((session) => session.isLocked());

  it('lock together and hear it once each, and another user ends them all [KEY-25]', async () => {
    const { sessions, hears } = await tabs([ADA, ADA]);
    let heard = 0;
    for (const session of sessions) session.onLock(() => void heard++);
    await sessions[1]?.lock();
    expect([locked(sessions), heard, hears.size]).toEqual([[true, true, true], 3, 0]);
    const switched = await tabs([ADA, BEA, BEA]);
    expect(locked(switched.sessions)).toEqual([true, true, false, false]);
  });

  it('lock at one time, and never while the user is in any of them [KEY-25]', async () => {
    const touch = fc.record({ tab: fc.nat({ max: 2 }), afterMs: fc.integer({ min: 0, max: IDLE_MS + 50_000 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(touch, { maxLength: 12 }), async (touches) => {
        const { time, sessions } = await tabs([ADA, ADA]);
        const early = IDLE_MS - 1_000; // a tab tells the others once in a second
        for (const { tab, afterMs } of touches) {
          time.advance(afterMs);
          const states = new Set(locked(sessions));
          expect(states.size).toBe(1);
          expect(afterMs).toBeGreaterThanOrEqual(states.has(true) ? early : 0);
          expect(afterMs).toBeLessThan(states.has(true) ? Number.POSITIVE_INFINITY : IDLE_MS);
          if (states.has(true)) break;
          sessions[tab]?.touch();
        }
        time.advance(IDLE_MS);
        expect(locked(sessions)).toEqual([true, true, true]);
      }),
      { numRuns: 40 },
    );
  });
});

describe('idle time', () => {
  it('locks, unless the user shows up before it is over [KEY-09]', async () => {
    const { session, time } = await unlocked();
    for (let times = 0; times < 5; times++) {
      time.advance(IDLE_MS - 1);
      expect(session.isLocked()).toBe(false);
      session.touch();
    }
    time.advance(IDLE_MS - 1);
    expect(session.isLocked()).toBe(false);
    time.advance(1);
    expect(session.isLocked()).toBe(true);
    expect(time.waiting()).toEqual([]);
  });

  it('passes while the device sleeps: the first touch after it locks instead of going on [KEY-09]', async () => {
    const { session, time } = await unlocked();
    time.stepClock(IDLE_MS);
    session.touch();
    expect(session.isLocked()).toBe(true);
  });

  it('is not made longer by a clock that is set back [KEY-09]', async () => {
    const { session, time } = await unlocked();
    time.stepClock(-100 * IDLE_MS);
    time.advance(IDLE_MS);
    expect(session.isLocked()).toBe(true);
  });
});

describe('another user', () => {
  it('unlocks the same vault once the first has locked, and each has an own session [KEY-09]', async () => {
    const { vault, session } = await unlocked();
    await vault.enrol(session, { user: 'bea', passphrase: 'staple of the sea' }, { share: [] });
    await session.lock();
    const bea = await vault.unlock({ user: 'bea', passphrase: 'staple of the sea' });
    expect([bea.user, bea.isLocked(), session.isLocked()]).toEqual(['bea', false, true]);
    expect(codeOf(() => session.databaseKey)).toBe('key.locked');
  });
});
