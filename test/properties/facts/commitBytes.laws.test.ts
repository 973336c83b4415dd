import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/core/limits.ts';
import { sequence } from '../../../src/core/position.ts';
import { sameBytes } from '../../../src/crypto/bytes.ts';
import { checkCommit } from '../../../src/crypto/checkCommit.ts';
import type { SignedParts } from '../../../src/crypto/commitBytes.ts';
import { decodeCommit, encodeCommit, frameBytes, signedMessage } from '../../../src/crypto/commitBytes.ts';
import { at, chainOf, codeOf, KEY_A, KEY_B } from '../../unit/support.ts';
import { commit } from './arbitraries.ts';

const [single, triple] = await chainOf(KEY_A, [1, 3]).then((commits) => [at(commits, 0), at(commits, 1)] as const);
const PARTS: SignedParts = decodeCommit(triple.bytes);
const ONE: SignedParts = decodeCommit(single.bytes);
const FRAMING = [undefined, 'commit.malformed', 'commit.unsupported-format'];
const of = (length: number): Uint8Array => new Uint8Array(length).fill(0x20);
const rewritten = (place: number, value: number, width: 1 | 2 | 4): Uint8Array => {
  const bytes = Uint8Array.from(triple.bytes);
  const view = new DataView(bytes.buffer);
  if (width === 1) view.setUint8(place, value);
  else if (width === 2) view.setUint16(place, value);
  else view.setUint32(place, value);
  return bytes;
};

describe('commit bytes', () => {
  it('give back every part that was written, and are written the same again [FMT-09]', async () => {
    await fc.assert(
      fc.asyncProperty(commit, async (made) => {
        const { bytes, ...facts } = await made;
        const parts = decodeCommit(bytes);
        expect(sameBytes(encodeCommit(parts), bytes)).toBe(true);
        expect(parts).toMatchObject({ publicKey: facts.publicKey, first: facts.first, previous: facts.previous });
        expect(parts).toMatchObject({ root: facts.root, leaves: facts.leaves });
        expect(parts.eventBytes).toHaveLength(facts.events.length);
        const checked = await checkCommit(bytes);
        expect(checked).toEqual({ kind: 'sound', commit: { bytes, ...facts } });
      }),
      { numRuns: 200 },
    );
  });

  it('are read the same from the middle of a larger buffer [FMT-09]', async () => {
    const buffer = new Uint8Array(triple.bytes.length + 14);
    buffer.set(triple.bytes, 7);
    const view = buffer.subarray(7, 7 + triple.bytes.length);
    expect(decodeCommit(view)).toEqual(PARTS);
    expect((await checkCommit(view)).kind).toBe('sound');
  });

  it('have each byte in exactly one field [FMT-09]', () => {
    const content = PARTS.eventBytes.reduce((total, event) => total + event.length, PARTS.contextBytes.length);
    expect(triple.bytes).toHaveLength(frameBytes(3) + content);
    expect(single.bytes).toHaveLength(frameBytes(1) + ONE.contextBytes.length + at(ONE.eventBytes, 0).length);
  });

  it('hold their events as one JSON array, as they stand [FMT-09]', () => {
    const { eventsFrom } = decodeCommit(triple.bytes);
    const text = new TextDecoder().decode(triple.bytes.subarray(eventsFrom));
    expect(JSON.parse(text)).toEqual(triple.events);
  });

  it('are signed over every part but the context and events, which the root covers [FMT-07]', () => {
    const message = signedMessage(PARTS);
    const others: readonly Partial<SignedParts>[] = [
      { publicKey: KEY_B.publicKey },
      { first: sequence(PARTS.first + 1) },
      { previous: PARTS.root },
      { root: PARTS.previous },
      { eventBytes: PARTS.eventBytes.slice(1) },
    ];
    for (const other of others) expect(sameBytes(signedMessage({ ...PARTS, ...other }), message)).toBe(false);
    expect(message.subarray(-112)).toEqual(triple.bytes.slice(0, 112));
  });
});

describe('reading commit bytes', () => {
  it('refuses a cut at every length, and every extension [FMT-08]', async () => {
    for (const { bytes } of [single, triple]) {
      for (let length = 0; length < bytes.length; length++) {
        expect(codeOf(() => decodeCommit(bytes.subarray(0, length)))).toBe('commit.malformed');
      }
      for (const more of [1, 2, 4, 32, 33, 70_000]) {
        for (const fill of [0, 0x2c, 0x5d]) {
          const longer = new Uint8Array(bytes.length + more).fill(fill);
          longer.set(bytes);
          expect(codeOf(() => decodeCommit(longer))).toBe('commit.malformed');
          expect((await checkCommit(longer)).kind).toBe('faulty');
        }
      }
    }
  });

  it('refuses lengths and counts that do not add up, however large [FMT-08]', () => {
    for (const count of [0, 1, 2, 4, 255, 256, 257, 65_535]) {
      expect(codeOf(() => decodeCommit(rewritten(46, count, 2)))).toBe('commit.malformed');
    }
    for (const length of [0, 1, 2, LIMITS.contextBytesMax + 1, 2 ** 31, 2 ** 32 - 1]) {
      for (const place of [176, 180, 184, 188]) {
        expect(codeOf(() => decodeCommit(rewritten(place, length, 4)))).toBe('commit.malformed');
      }
    }
  });

  it('tells a newer format from malformed bytes [FMT-08]', () => {
    for (const format of [2, 3, 255]) {
      expect(codeOf(() => decodeCommit(rewritten(4, format, 1)))).toBe('commit.unsupported-format');
    }
    for (const [place, value] of [[0, 0x4a] as const, [4, 0] as const, [5, 0] as const, [5, 2] as const]) {
      expect(codeOf(() => decodeCommit(rewritten(place, value, 1)))).toBe('commit.malformed');
    }
  });

  it('refuses sequences from 0 or beyond what a double holds exactly [FMT-08]', () => {
    const withFirst = (first: bigint): Uint8Array => {
      const bytes = Uint8Array.from(triple.bytes);
      new DataView(bytes.buffer).setBigUint64(38, first);
      return bytes;
    };
    const most = BigInt(LIMITS.integerMax);
    for (const first of [0n, most - 1n, most, most + 1n, 2n ** 64n - 1n]) {
      expect(codeOf(() => decodeCommit(withFirst(first)))).toBe('commit.malformed');
    }
    expect(decodeCommit(withFirst(most - 2n)).first).toBe(LIMITS.integerMax - 2);
  });

  it('never fails otherwise on random bytes, nor on random bytes behind a true header [FMT-08]', async () => {
    const bytes = fc.uint8Array({ maxLength: 400 });
    const tail = fc.tuple(fc.integer({ min: 0, max: 250 }), bytes).map(([keep, rest]) => {
      return Uint8Array.of(...triple.bytes.subarray(0, keep), ...rest);
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(bytes, tail), async (hostile) => {
        expect(FRAMING).toContain(codeOf(() => decodeCommit(hostile)));
        expect((await checkCommit(hostile)).kind).toBe('faulty');
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('writing commit bytes', () => {
  it('reaches its limits and refuses one byte or event more [FMT-13]', () => {
    const big = { ...ONE, contextBytes: of(LIMITS.contextBytesMax), eventBytes: [of(LIMITS.eventBytesMax)] };
    expect(decodeCommit(encodeCommit(big)).eventBytes).toEqual(big.eventBytes);
    const room = LIMITS.commitBytesMax - frameBytes(2) - LIMITS.contextBytesMax - LIMITS.eventBytesMax;
    const full = { ...big, eventBytes: [...big.eventBytes, of(room)], leaves: PARTS.leaves.slice(0, 2) };
    expect(decodeCommit(encodeCommit(full)).eventBytes).toHaveLength(2);
    const over = { ...full, eventBytes: [...big.eventBytes, of(room + 1)] };
    expect(codeOf(() => encodeCommit(over))).toBe('append.too-large');
    const many = (count: number): SignedParts => ({
      ...ONE,
      eventBytes: Array.from({ length: count }, () => of(2)),
      leaves: Array.from({ length: count }, () => ONE.root),
    });
    expect(decodeCommit(encodeCommit(many(LIMITS.commitEventsMax))).eventBytes).toHaveLength(LIMITS.commitEventsMax);
    for (const count of [0, LIMITS.commitEventsMax + 1]) {
      expect(codeOf(() => encodeCommit(many(count)))).toBe('append.too-large');
    }
  });

  it('refuses whatever reading would refuse [FMT-09]', () => {
    const bad: readonly SignedParts[] = [
      { ...ONE, contextBytes: of(LIMITS.contextBytesMax + 1) },
      { ...ONE, contextBytes: of(1) },
      { ...ONE, eventBytes: [of(LIMITS.eventBytesMax + 1)] },
      { ...ONE, eventBytes: [of(1)] },
      { ...PARTS, leaves: PARTS.leaves.slice(1) },
      { ...PARTS, first: sequence(LIMITS.integerMax - 1) },
    ];
    for (const parts of bad) expect(codeOf(() => encodeCommit(parts))).toBe('invariant.broken');
  });
});
