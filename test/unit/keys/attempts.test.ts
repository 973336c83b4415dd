import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { userId } from '../../../src/core/ids.ts';
import { LIMITS } from '../../../src/core/limits.ts';
import { bucketOf, waitAfter } from '../../../src/keys/attempts.ts';
import { memoryVault, type VaultStorage } from '../../../src/keys/storage.ts';
import { tagOf } from '../../../src/keys/unlocking.ts';
import { codeOfAsync } from '../support.ts';
import { ADA, BEA, world } from './world.ts';

const WRONG = { ...ADA, passphrase: 'a wrong passphrase' };

const locked = async (storage?: VaultStorage) => {
  const made = world(storage === undefined ? {} : { storage });
  const ada = await made.vault.create(ADA);
  await made.vault.enrol(ada, BEA, { share: [] });
  await ada.lock();
  return made;
};

describe('attempts that fail', () => {
  it('make each further one wait twice as long, up to a bound [KEY-12]', () => {
    const waits = Array.from({ length: 40 }, (_, failed) => waitAfter(failed));
    expect(waits.slice(0, 6)).toEqual([0, 0, 0, 1_000, 2_000, 4_000]);
    for (let failed = 4; failed < 40; failed++)
      expect(waits[failed]).toBe(Math.min(LIMITS.attemptWaitMsMax, 2 * (waits[failed - 1] ?? 0)));
    expect(waits.at(-1)).toBe(LIMITS.attemptWaitMsMax);
    expect(waitAfter(1e9)).toBe(LIMITS.attemptWaitMsMax);
  });

  it('refuse even the right passphrase until the wait is over, in every tab and after a restart [KEY-12]', async () => {
    const { vault, restarted, time, costs } = await locked();
    for (let failed = 1; failed <= 12; failed++) {
      expect(await codeOfAsync(() => vault.unlock(WRONG))).toBe('key.refused');
      const wait = waitAfter(failed);
      if (wait === 0) continue;
      const before = costs.length;
      time.advance(wait - 1);
      for (const each of [vault, restarted()]) expect(await codeOfAsync(() => each.unlock(ADA))).toBe('key.wait');
      expect(costs.length).toBe(before);
      time.advance(1);
    }
    await (await vault.unlock(ADA)).lock();
    expect(await codeOfAsync(() => vault.unlock(WRONG))).toBe('key.refused');
    expect((await vault.unlock(ADA)).user).toBe('ada');
  });

  it('make nobody else wait, and an unknown user as long as a known one [KEY-12]', async () => {
    const { vault, document } = await locked();
    const { id } = await document();
    const taken = [ADA, BEA].map(({ user }) => bucketOf(tagOf(id, userId(user))));
    const eve = ['eve', 'eva', 'evi'].find((name) => !taken.includes(bucketOf(tagOf(id, userId(name))))) ?? '';
    const codes = async (user: string) => {
      const found = [];
      for (let tries = 0; tries < 6; tries++) found.push(await codeOfAsync(() => vault.unlock({ ...WRONG, user })));
      return found;
    };
    const known = await codes('ada');
    expect(known).toEqual(['key.refused', 'key.refused', 'key.refused', 'key.wait', 'key.wait', 'key.wait']);
    expect(await codes(eve)).toEqual(known);
    expect((await vault.unlock(BEA)).user).toBe('bea');
  });

  it('are stored before they are made: what ends the program in the middle counts as failed [KEY-12]', async () => {
    const storage = memoryVault();
    const { vault, time, document } = await locked(storage);
    let swaps = 0;
    const dying = world({
      storage: {
        read: storage.read,
        swap: async (expected, next) => {
          swaps += 1;
          if (swaps % 2 === 0) throw new Error('killed'); // before success is stored
          return storage.swap(expected, next);
        },
      },
    });
    dying.time.stepClock(time.clock.nowMs() - dying.time.clock.nowMs());
    for (let times = 0; times < 3; times++) await expect(dying.vault.unlock(ADA)).rejects.toThrow('killed');
    expect((await document()).attempts).toMatchObject([{ failed: 3 }]);
    expect(await codeOfAsync(() => vault.unlock(ADA))).toBe('key.wait');
  });

  it('are not made where they cannot be stored [KEY-12]', async () => {
    const storage = memoryVault();
    await locked(storage);
    const full = world({
      storage: { read: storage.read, swap: () => Promise.reject(new Error('no room')) },
    });
    await expect(full.vault.unlock(ADA)).rejects.toThrow('no room');
    expect(full.costs).toEqual([]);
  });

  it('make nobody wait less where the clock is set back, nor in the same run where it is set ahead [KEY-12]', async () => {
    const { vault, restarted, time } = await locked();
    for (let failed = 0; failed < 8; failed++) {
      time.advance(waitAfter(failed));
      await codeOfAsync(() => vault.unlock(WRONG));
    }
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 10 ** 9 }), async (back) => {
        time.stepClock(-back);
        expect(await codeOfAsync(() => restarted().unlock(ADA))).toBe('key.wait');
        time.stepClock(back);
      }),
    );
    time.stepClock(10 ** 9);
    expect(await codeOfAsync(() => vault.unlock(ADA))).toBe('key.wait');
    time.advance(waitAfter(8));
    expect((await vault.unlock(ADA)).user).toBe('ada');
  });
});

describe('the record of attempts', () => {
  it('says who, when and by what to the next who unlocks, until it is recorded elsewhere [KEY-13]', async () => {
    const { vault, time } = await locked();
    const begun = time.clock.nowMs();
    await codeOfAsync(() => vault.unlock(WRONG));
    time.advance(1_000);
    await codeOfAsync(() => vault.unlock({ ...WRONG, user: 'eve' }));
    await codeOfAsync(() => vault.unlock({ user: 'bea', key: new Uint8Array(32).fill(9) }));
    const bea = await vault.unlock(BEA);
    const { attempts, more } = await bea.failures();
    expect(attempts.map(({ user, kind, at }) => [user, kind, Date.parse(at) - begun])).toEqual([
      ['ada', 'passphrase', 0],
      [undefined, 'passphrase', 1_000],
      ['bea', 'host', 1_000],
    ]);
    expect(more).toBe(0);
    await bea.failuresRecorded({ ids: attempts.slice(0, 2).map(({ id }) => id), more });
    expect((await bea.failures()).attempts.map(({ user }) => user)).toEqual(['bea']);
  });

  it('is bounded, and counts what fell out of it [KEY-13]', async () => {
    const { vault, time } = await locked();
    for (let failed = 0; failed < LIMITS.vaultFailuresMax + 5; failed++) {
      time.advance(LIMITS.attemptWaitMsMax);
      await codeOfAsync(() => vault.unlock(WRONG));
    }
    const bea = await vault.unlock(BEA);
    const { attempts, more } = await bea.failures();
    expect([attempts.length, more]).toEqual([LIMITS.vaultFailuresMax - 1, 6]);
    await bea.failuresRecorded({ ids: attempts.map(({ id }) => id), more });
    expect(await bea.failures()).toEqual({ attempts: [], more: 0 });
  });
});
