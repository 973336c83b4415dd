import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isStoreError } from '../../../src/core/errors.ts';
import { aggregateId, aggregateType, eventId, eventType, streamId, tenantId } from '../../../src/core/ids.ts';
import { LIMITS } from '../../../src/core/limits.ts';
import type { Entropy } from '../../../src/core/ports.ts';
import { fromBase64, toBase64 } from '../../../src/crypto/bytes.ts';
import { canonicalText } from '../../../src/crypto/canonical.ts';
import { makeDataKey } from '../../../src/crypto/dataKey.ts';
import {
  type FieldPlace,
  isCommittedTo,
  openField,
  openFieldSealer,
  readSealed,
  type SealedValue,
} from '../../../src/crypto/fieldCipher.ts';
import { type ProtectedValue, padValue, readPadded, sizeClass } from '../../../src/crypto/paddedValue.ts';
import { seededEntropy } from '../../../src/testing/entropy.ts';
import { json } from '../facts/arbitraries.ts';

const PLACE: FieldPlace = {
  tenant: tenantId('acme-042'),
  stream: streamId(aggregateType('subject'), aggregateId('17')),
  event: eventId('01890a5d-ac96-774b-bcce-b302099a8057'),
  type: eventType('SubjectNamed'),
  path: '/name',
};
const key = makeDataKey(seededEntropy(1));
const sealer = openFieldSealer(seededEntropy(2));
const value = fc.oneof(
  json,
  fc.uint8Array({ maxLength: 300 }),
  fc.integer({ min: 0, max: 5_000 }).map((length) => 'é'.repeat(length)),
);
const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'nothing';
  } catch (error) {
    return isStoreError(error) ? `${error.code} ${Object.keys(error.details).join()}` : String(error);
  }
};
const UNREADABLE = 'field.unreadable event';
const seal = (content: ProtectedValue, place = PLACE) => sealer.seal(key, place, content);
const withBytes = (sealed: SealedValue, change: (bytes: Uint8Array) => Uint8Array): SealedValue => ({
  $sealed: { key: sealed.$sealed.key, value: toBase64(change(fromBase64(sealed.$sealed.value))) },
});

describe('a padded value', () => {
  it('is read back as it was, and its length is that of its class [FLD-03]', () => {
    fc.assert(
      fc.property(value, (content) => {
        const padded = padValue(content);
        expect(readPadded(padded)).toEqual({ value: content });
        expect(padded.length === 32 || sizeClass(padded.length / 2) <= padded.length).toBe(true);
        expect(padded.length % 32).toBe(0);
      }),
    );
  });

  it('is read in one spelling only [FLD-03]', () => {
    const padded = padValue('x');
    const altered = (at: number, byte: number) =>
      Uint8Array.from(padded, (each, index) => (index === at ? byte : each));
    const longer = (bytes: number) => {
      const made = new Uint8Array(bytes);
      made.set(padded);
      return made;
    };
    const refused = [
      altered(0, 0),
      altered(0, 3),
      altered(4, 0),
      altered(31, 1),
      altered(1, 0x20),
      longer(33),
      longer(63),
      longer(96),
      new Uint8Array(32),
    ];
    for (const bytes of refused) expect(readPadded(bytes)).toBeUndefined();
  });

  it('has one length for all values of a field that declares its largest, and is read back [BLD-01]', () => {
    fc.assert(
      fc.property(value, fc.integer({ min: 1, max: LIMITS.sealedValueBytesMax - 2 }), (content, max) => {
        const own = padValue(content);
        const bytes =
          content instanceof Uint8Array ? content.length : new TextEncoder().encode(canonicalText(content)).length;
        if (bytes > max) {
          expect(() => padValue(content, max)).toThrow('field.too-large');
          return;
        }
        const padded = padValue(content, max);
        expect(padded).toHaveLength(sizeClass(max));
        expect(padded.length).toBeGreaterThanOrEqual(own.length);
        expect(readPadded(padded)).toEqual({ value: content });
      }),
    );
  });

  it('fits up to the limit and not beyond it [FLD-03]', () => {
    expect(padValue(new Uint8Array(LIMITS.sealedValueBytesMax - 2))).toHaveLength(LIMITS.sealedValueBytesMax);
    expect(() => padValue(new Uint8Array(LIMITS.sealedValueBytesMax - 1))).toThrow('field.too-large');
  });
});

describe('a sealed value', () => {
  it('opens at its place to what was sealed [FLD-01]', async () => {
    await fc.assert(
      fc.asyncProperty(value, async (content) => {
        const opened = await openField(key, PLACE, await seal(content));
        expect(opened).toMatchObject({ kind: 'opened', value: content });
      }),
    );
  });

  it('opens nowhere else: each part of the place, the key and the format is bound [FLD-04]', async () => {
    const sealed = await seal('Ada');
    const other = makeDataKey(seededEntropy(9));
    const swapped: FieldPlace[] = [
      { ...PLACE, tenant: tenantId('acme-043') },
      { ...PLACE, stream: streamId(aggregateType('subject'), aggregateId('18')) },
      { ...PLACE, event: eventId('01890a5d-ac96-774b-bcce-b302099a8058') },
      { ...PLACE, type: eventType('SubjectRenamed') },
      { ...PLACE, path: '/alias' },
    ];
    for (const place of swapped) expect(await codeOf(openField(key, place, sealed))).toBe(UNREADABLE);
    expect(await codeOf(openField(other, PLACE, sealed))).toBe(UNREADABLE);
    const renamed = { $sealed: { ...sealed.$sealed, key: other.id } };
    expect(await codeOf(openField(other, PLACE, renamed))).toBe(UNREADABLE);
    expect(await codeOf(openField(key, PLACE, renamed))).toBe(UNREADABLE);
  });

  it('does not open with any bit changed, nor cut, nor longer, and never says why [FLD-04]', async () => {
    const sealed = await seal('Ada');
    const length = fromBase64(sealed.$sealed.value).length;
    await fc.assert(
      fc.asyncProperty(fc.nat(length - 1), fc.nat(7), async (at, bit) => {
        const changed = withBytes(sealed, (bytes) =>
          bytes.map((byte, index) => (index === at ? byte ^ (1 << bit) : byte)),
        );
        expect(await codeOf(openField(key, PLACE, changed))).toBe(UNREADABLE);
      }),
      { numRuns: 300 },
    );
    for (const cut of [0, 8, 19, 20, 51, 52, length - 1]) {
      const shorter = withBytes(sealed, (bytes) => bytes.subarray(0, cut));
      expect(await codeOf(openField(key, PLACE, shorter))).toBe(UNREADABLE);
    }
    const longer = withBytes(sealed, (bytes) => Uint8Array.from([...bytes, 0]));
    expect(await codeOf(openField(key, PLACE, longer))).toBe(UNREADABLE);
    const notBase64 = { $sealed: { key: key.id, value: `${sealed.$sealed.value}=` } };
    expect(await codeOf(openField(key, PLACE, notBase64))).toBe(UNREADABLE);
  });

  it('does not open with the parts of another value of the same field [FLD-04]', async () => {
    const [mine, theirs] = [await seal('Ada'), await seal('Bob')];
    const foreign = fromBase64(theirs.$sealed.value);
    const parts = [
      [0, 20],
      [8, 20],
      [20, 52],
      [52, foreign.length],
    ] as const;
    for (const [from, to] of parts) {
      const mixed = withBytes(mine, (bytes) =>
        bytes.map((byte, at) => (at >= from && at < to ? (foreign[at] ?? 0) : byte)),
      );
      const sameSession =
        from === 0 ? withBytes(mixed, (bytes) => bytes.map((byte, at) => (at < 8 ? byte ^ 1 : byte))) : mixed;
      expect(await codeOf(openField(key, PLACE, sameSession))).toBe(UNREADABLE);
    }
  });

  it('is gone when its leaf is, while others of the same event open [FLD-05]', async () => {
    const [name, phone] = [await seal('Ada'), await seal('0123', { ...PLACE, path: '/phone' })];
    const left = key.puncture([PLACE]);
    expect(await openField(left, PLACE, name)).toEqual({ kind: 'shredded' });
    expect(await openField(left, { ...PLACE, path: '/phone' }, phone)).toMatchObject({ value: '0123' });
    expect(await codeOf(openFieldSealer(seededEntropy(3)).seal(left, PLACE, 'Eve'))).toBe('key.shredded key');
  });

  it('commits to its value: a copy with its salt is proven or disproven, also after redaction [FLD-05]', async () => {
    await fc.assert(
      fc.asyncProperty(value, value, async (content, another) => {
        const sealed = await seal(content);
        const opened = await openField(key, PLACE, sealed);
        if (opened.kind !== 'opened') throw new Error('did not open');
        expect(isCommittedTo(sealed, content, opened.salt)).toBe(true);
        const isSame = JSON.stringify([content]) === JSON.stringify([another]);
        if (!isSame) expect(isCommittedTo(sealed, another, opened.salt)).toBe(false);
        expect(
          isCommittedTo(
            sealed,
            content,
            opened.salt.map((byte) => byte ^ 1),
          ),
        ).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  it('never repeats: the same value at the same place is sealed to other bytes [FLD-01]', async () => {
    const values = await Promise.all(Array.from({ length: 600 }, () => seal('Ada')));
    expect(new Set(values.map(({ $sealed }) => $sealed.value.slice(12))).size).toBe(600);
  });

  it('is recognised by its form alone [FLD-01]', async () => {
    const sealed = await seal('Ada');
    expect(readSealed(sealed)).toEqual(sealed);
    const others = [null, 'x', [], {}, { ...sealed, more: 1 }, { $sealed: 1 }, { $sealed: { key: 'k', value: '' } }];
    for (const each of others) expect(readSealed(each)).toBeUndefined();
  });
});

describe('sealing', () => {
  it('takes the next AES key before the budget of one is spent, and all of it opens [FLD-06]', async () => {
    const small = openFieldSealer(seededEntropy(4), 3);
    const sealed = await Promise.all(Array.from({ length: 10 }, (_, at) => small.seal(key, PLACE, at)));
    const salts = sealed.map(({ $sealed }) => fromBase64($sealed.value).subarray(0, 8).join());
    expect([...new Set(salts)].map((salt) => salts.filter((each) => each === salt).length)).toEqual([3, 3, 3, 1]);
    const opened = await Promise.all(sealed.map((each) => openField(key, PLACE, each)));
    expect(opened.map((each) => each.kind === 'opened' && each.value)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it.each<[string, Entropy]>([
    ['gives the same nonce always', { bytes: (length) => new Uint8Array(length).fill(7) }],
    ['starts over with each call', { bytes: (length) => seededEntropy(5).bytes(length) }],
    ['gives too few bytes', { bytes: (length) => seededEntropy(6).bytes(Math.min(length, 11)) }],
  ])('stops when the source of nonces %s [FLD-06]', async (_, broken) => {
    const stuck = openFieldSealer(broken);
    const work = async () => {
      for (let at = 0; at < 600; at++) await stuck.seal(key, PLACE, at);
    };
    expect(await codeOf(work())).toMatch(/^key\.randomness-repeated/);
  });

  it('fails with a locked key, and seals nothing [FLD-06]', async () => {
    const wiped = makeDataKey(seededEntropy(7));
    wiped.wipe();
    expect(await codeOf(sealer.seal(wiped, PLACE, 'Ada'))).toBe('key.locked key');
  });
});
