/**
 * What a failed attempt costs, measured: with a derivation that costs what its kind costs (less of it, for the test's sake), in processor
 * time, which a busy machine hardly changes. Which of the failures it was must not be told by it.
 */
import { argon2id } from '@noble/hashes/argon2.js';
import { expect, it } from 'vitest';
import type { DerivePassphrase } from '../../../src/crypto/passphrase.ts';
import { at, codeOfAsync, flipped } from '../support.ts';
import { ADA, BEA, world } from './world.ts';

const ROUNDS = 4;

const derive: DerivePassphrase = async (passphrase, salt) =>
  Uint8Array.from(argon2id(passphrase, salt, { m: 4_096, t: 1, p: 1, dkLen: 32 }));

/** Milliseconds of processor time, of all threads of this process. */
const costOf = async (work: () => Promise<unknown>): Promise<number> => {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
};

const median = (values: readonly number[]): number =>
  at(
    [...values].sort((a, b) => a - b),
    values.length >> 1,
  );

it('a failed attempt costs one derivation, whether secret, user or wrap is wrong [KEY-06]', async () => {
  const { vault, tamper, time } = world({ derive });
  const ada = await vault.create(ADA);
  await vault.enrol(ada, BEA, { share: [] });
  await ada.lock();
  await tamper((stored) => {
    const [first, bea] = [at(stored.users, 0), at(stored.users, 1)];
    const way = at(bea.ways, 0);
    return { ...stored, users: [first, { ...bea, ways: [{ ...way, wrap: flipped(way.wrap, 20) }] }] };
  });
  const COST = { memoryKib: 4_096, passes: 1 };
  const salt = new Uint8Array(16);
  const text = Uint8Array.from(ADA.passphrase, (letter) => letter.charCodeAt(0));
  const attempts = {
    secret: { user: 'ada', passphrase: 'not the passphrase' },
    user: { user: 'nobody', passphrase: ADA.passphrase },
    wrap: BEA,
  };
  const costs: Record<string, number[]> = { secret: [], user: [], wrap: [], derivation: [] };
  await derive(text, salt, COST); // the first is compiled
  for (let round = 0; round < ROUNDS; round++) {
    costs['derivation']?.push(await costOf(() => derive(text, salt, COST)));
    for (const [name, proof] of Object.entries(attempts)) {
      time.advance(2 * 3_600_000); // past the wait that failures lead to
      const code: { told: string | undefined } = { told: undefined };
      const refused = async () => {
        code.told = await codeOfAsync(() => vault.unlock(proof));
      };
      costs[name]?.push(await costOf(refused));
      expect(code.told).toBe('key.refused');
    }
  }
  const derivation = median(costs['derivation'] ?? []);
  for (const name of Object.keys(attempts)) {
    const share = median(costs[name] ?? []) / derivation;
    expect(share, name).toBeGreaterThan(0.6); // one that ended early would cost next to nothing
    expect(share, name).toBeLessThan(2.2); // nor is there a second one in it
  }
});
