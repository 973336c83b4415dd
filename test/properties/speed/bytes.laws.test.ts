import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hash32, publicKey32 } from '../../../src/core/ids.ts';
import { fromUtf8, utf8, utf8View } from '../../../src/crypto/bytes.ts';
import { leafHash, replicaIdOf } from '../../../src/crypto/chain.ts';
import { hex } from '../../unit/support.ts';
import { text } from '../facts/arbitraries.ts';

describe('bytes without an allocation of their own', () => {
  it('are those of the clear version, and stay so while others are made [FMT-09]', () => {
    const texts = fc.array(
      fc.oneof(
        text,
        fc.nat(70_000).map((length) => 'ä'.repeat(length)),
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(texts, (all) => {
        const views = all.map((each) => utf8View(each));
        views.forEach((view, at) => {
          expect(hex(view)).toBe(hex(utf8(all[at] ?? '')));
        });
      }),
      { numRuns: 30 },
    );
  });

  it('hold a text of the greatest expansion at the end of a shared buffer [FMT-09]', () => {
    for (let length = 0; length < 500; length++) {
      const written = '\u{ffff}'.repeat(length);
      expect(fromUtf8(utf8View(written))).toBe(written);
    }
  });
});

describe('hashes fed piece by piece', () => {
  it('are those of the joined pieces, for a leaf [FMT-05]', () => {
    const context = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(hash32);
    fc.assert(
      fc.property(context, fc.uint8Array({ minLength: 2, maxLength: 300 }), (shared, event) => {
        expect(hex(leafHash(shared, event))).toBe(hex(sha256(concatBytes(Uint8Array.of(0), shared, event))));
      }),
    );
  });
});

describe('the name of a replica', () => {
  it('follows its key, also when the bytes of a key that was asked for change [FMT-05]', () => {
    const key = publicKey32(new Uint8Array(32));
    const named = replicaIdOf(key);
    expect(replicaIdOf(publicKey32(Uint8Array.from(key)))).toBe(named);
    key[31] = 1;
    const other = replicaIdOf(key);
    expect(other).not.toBe(named);
    key[31] = 0;
    expect(replicaIdOf(key)).toBe(named);
  });
});
