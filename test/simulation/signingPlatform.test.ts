/** The signing platform of a world: what it signs holds, nothing else does, and histories are those that the real one gives. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { signature64 } from '../../src/core/ids.ts';
import { utf8 } from '../../src/crypto/bytes.ts';
import { makeSigningKey, sign, verifySignature } from '../../src/crypto/signer.ts';
import { CLONES, DISHONEST, seededEntropy, TAMPERED, type Weights } from '../../src/testing/index.ts';
import { tabOf } from '../../src/testing/world/device.ts';
import { drawHistory } from '../../src/testing/world/notation.ts';
import { type Signatures, signingPlatform } from '../../src/testing/world/signingPlatform.ts';
import { visitModel } from '../../src/testing/world/visit.ts';
import { endWorld, heal, live, openWorld } from '../../src/testing/world/world.ts';

const on = async <T>(signatures: Signatures, seed: number, run: () => Promise<T>): Promise<T> => {
  const free = signingPlatform(signatures, seed);
  try {
    return await run();
  } finally {
    free();
  }
};

const flipped = (bytes: Uint8Array<ArrayBuffer>, bit: number): Uint8Array<ArrayBuffer> =>
  bytes.map((byte, at) => (at === (bit >> 3) % bytes.length ? byte ^ (1 << (bit & 7)) : byte));

it('what is signed there verifies, with any bit flipped it does not, nor under another key [SIM-15]', () =>
  on('simulated', 5, async () => {
    const [mine, other] = [await makeSigningKey(), await makeSigningKey()];
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat(2_399), async (drawn, bit) => {
        const message = Uint8Array.from(drawn);
        const signature = await sign(mine, message);
        expect(await verifySignature(mine.publicKey, signature, message)).toBe(true);
        expect(await verifySignature(mine.publicKey, signature, flipped(message, bit))).toBe(false);
        const altered = signature64(flipped(Uint8Array.from(signature), bit));
        expect(await verifySignature(mine.publicKey, altered, message)).toBe(false);
        expect(await verifySignature(other.publicKey, signature, message)).toBe(false);
      }),
      { numRuns: 60 },
    );
  }));

it('a signature of the platform holds there, and one of its own holds nowhere else [SIM-15]', async () => {
  const message = utf8('subject 17, visit 3');
  const real = await makeSigningKey();
  const realSignature = await sign(real, message);
  const made = await on('simulated', 5, async () => {
    expect(await verifySignature(real.publicKey, realSignature, message)).toBe(true);
    const key = await makeSigningKey();
    return { key, signature: await sign(key, message) };
  });
  expect(await verifySignature(made.key.publicKey, made.signature, message)).toBe(false);
  expect(await verifySignature(made.key.publicKey, await sign(made.key, message), message)).toBe(true);
});

const lived = (signatures: Signatures, seed: number, weights: Weights) =>
  on(signatures, seed, async () => {
    const world = await openWorld({ model: visitModel, devices: 5, seed });
    const history = drawHistory(seededEntropy(seed).below, { operations: 60, devices: 5, weights });
    for (const word of history) await live(world, word);
    await heal(world);
    const found = await Promise.all(world.devices.map((device) => tabOf(device, 0).store.findings()));
    const codes = found.map((findings) => findings.map(({ code, replica, sequence }) => [code, replica, sequence]));
    const sizes = world.server.commits().map((bytes) => bytes.length);
    await endWorld(world);
    return { history, codes, sizes, injected: world.injected, acknowledged: [...world.acknowledged] };
  });

it.each([
  ['clones', CLONES],
  ['tampering', TAMPERED],
  ['lies', DISHONEST],
] as const)(
  'a world with %s lives the same history on both: events, sizes, faults and findings [SIM-15]',
  async (_, weights) => {
    for (const seed of [3, 4]) {
      const simulated = await lived('simulated', seed, weights);
      expect(simulated.sizes.length).toBeGreaterThan(0);
      expect(simulated).toEqual(await lived('platform', seed, weights));
    }
  },
);

it('two worlds that live at once sign alike, or the second is refused [SIM-15]', () =>
  on('simulated', 1, async () => {
    await on('simulated', 2, async () => undefined);
    await expect(on('platform', 2, async () => undefined)).rejects.toThrow(RangeError);
  }));
