import { sha256 as clear } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { hash32 } from '../../../src/core/ids.ts';
import { leafHash } from '../../../src/crypto/chain.ts';
import { leafHashes } from '../../../src/crypto/sealTexts.ts';
import { hex } from '../../unit/support.ts';

const joined = (head: Uint8Array, tail: Uint8Array): Uint8Array => Uint8Array.of(...head, ...tail);
const bytes = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ minLength: 16_300, maxLength: 16_500 }));

const agree = (sha256: (head: Uint8Array, tail?: Uint8Array) => Uint8Array) =>
  fc.assert(
    fc.property(bytes, bytes, (head, tail) => {
      const [first, second] = [sha256(head, tail), sha256(tail)];
      expect(hex(first)).toBe(hex(clear(joined(head, tail))));
      expect(hex(second)).toBe(hex(clear(tail)));
      expect(hex(sha256(tail))).toBe(hex(second));
    }),
    { numRuns: 60 },
  );

it('the fast hash is the clear one, for any bytes in one piece or two, and a hash stays as it was given [FMT-05]', async () => {
  vi.resetModules(); // as in a process in which nobody asked for it
  const { isSha256Fast, loadFastSha256, sha256 } = await import('../../../src/crypto/sha256.ts');
  expect(isSha256Fast()).toBe(false);
  agree(sha256);
  await loadFastSha256();
  expect(isSha256Fast()).toBe(true);
  agree(sha256);
});

it('leaves that are hashed together by the platform are those hashed one by one [FMT-05]', async () => {
  const context = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(hash32);
  const events = fc.array(fc.uint8Array({ minLength: 2, maxLength: 600 }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(context, events, async (shared, all) => {
      const found = await leafHashes(shared, all);
      expect(found.map(hex)).toEqual(all.map((event) => hex(leafHash(shared, event))));
      expect(found.map(hex)).toEqual(all.map((event) => hex(clear(joined(Uint8Array.of(0, ...shared), event)))));
    }),
    { numRuns: 50 },
  );
});
