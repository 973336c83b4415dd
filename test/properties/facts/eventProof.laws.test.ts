import { describe, expect, test } from 'vitest';
import { isStoreError } from '../../../src/core/errors.ts';
import { type Hash32, hash32, publicKey32, signature64 } from '../../../src/core/ids.ts';
import { type EventProof, proveEvent, verifyEvent } from '../../../src/crypto/eventProof.ts';
import { at, chainOf, flipped, KEY_A } from '../../unit/support.ts';

const failsWithCode = async (proof: EventProof): Promise<boolean> =>
  verifyEvent(proof).then(
    () => false,
    (error: unknown) => isStoreError(error),
  );

const bytesOf = (proof: EventProof): ReadonlyMap<string, Uint8Array> =>
  new Map<string, Uint8Array>([
    ['publicKey', proof.publicKey],
    ['previous', proof.previous],
    ['root', proof.root],
    ['signature', proof.signature],
    ['contextBytes', proof.contextBytes],
    ['eventBytes', proof.eventBytes],
  ]);

const withFlip = (proof: EventProof, member: string, bytes: Uint8Array, bit: number): EventProof => {
  const altered = flipped(bytes, bit);
  switch (member) {
    case 'publicKey':
      return { ...proof, publicKey: publicKey32(altered) };
    case 'signature':
      return { ...proof, signature: signature64(altered) };
    case 'contextBytes':
    case 'eventBytes':
      return { ...proof, [member]: altered };
    default:
      return { ...proof, [member]: hash32(altered) };
  }
};

describe('eventProof.laws: one event is provable alone', () => {
  test('every event of commits of 1 to 9 events verifies by its own proof, and at no other place [FMT-07]', async () => {
    for (let count = 1; count <= 9; count++) {
      const commit = at(await chainOf(KEY_A, [count]), 0);
      for (let index = 0; index < count; index++) {
        const proof = proveEvent(commit.bytes, index);
        const { body, context } = await verifyEvent(proof);
        expect(body).toEqual(commit.events[index]);
        expect(context).toEqual(commit.context);
        for (let other = 0; other < count; other++) {
          if (other !== index) expect(await failsWithCode({ ...proof, index: other })).toBe(true);
        }
        expect(await failsWithCode({ ...proof, count: count + 1 })).toBe(true);
      }
    }
  });

  test('any flipped bit of a proof is refused with a code [FMT-07, FMT-08]', async () => {
    const commit = at(await chainOf(KEY_A, [3]), 0);
    const proof = proveEvent(commit.bytes, 1);
    for (const [member, bytes] of bytesOf(proof)) {
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        if (!(await failsWithCode(withFlip(proof, member, bytes, bit))))
          throw new Error(`bit ${bit} of ${member} passes`);
      }
    }
    for (const [level, sibling] of proof.path.entries()) {
      for (let bit = 0; bit < 256; bit++) {
        const path: readonly Hash32[] = proof.path.with(level, hash32(flipped(sibling, bit)));
        expect(await failsWithCode({ ...proof, path })).toBe(true);
      }
    }
  });
});
