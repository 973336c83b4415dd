import { describe, expect, it } from 'vitest';
import { codeOf, codeOfAsync } from '../support.ts';
import { ADA, IDLE_MS, world } from './world.ts';

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
