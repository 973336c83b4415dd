import { concatBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isStoreError } from '../../../src/core/errors.ts';
import { decodeCommit, decodeFrame } from '../../../src/crypto/commitBytes.ts';
import { hex } from '../../unit/support.ts';
import { commit } from '../facts/arbitraries.ts';

type Read = (bytes: Uint8Array) => Readonly<Record<string, unknown>>;

/** What a reader says of bytes, comparable: the fields, or the code and place of what is wrong. */
const saidBy = (read: Read, bytes: Uint8Array): unknown => {
  try {
    return read(bytes);
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return { code: error.code, ...error.details };
  }
};

const frame: Read = (bytes) => {
  const { publicKey, first, previous, root, count, contextBytes, eventsBytes } = decodeFrame(bytes);
  return { count, first, fields: [publicKey, previous, root, contextBytes, eventsBytes].map(hex) };
};

/** The clear version: every event cut out, then joined as one JSON array. */
const whole: Read = (bytes) => {
  const { publicKey, first, previous, root, contextBytes, eventBytes } = decodeCommit(bytes);
  const joined = concatBytes(...eventBytes.flatMap((event, at) => [Uint8Array.of(at === 0 ? 0x5b : 0x2c), event]));
  const events = concatBytes(joined, Uint8Array.of(0x5d));
  return { count: eventBytes.length, first, fields: [publicKey, previous, root, contextBytes, events].map(hex) };
};

describe('a commit read without cutting out its events', () => {
  it('says what the whole reader says, of sound and of altered bytes [FMT-09]', async () => {
    const change = fc.record({ at: fc.nat(400), byte: fc.nat(255), cut: fc.nat(20) });
    await fc.assert(
      fc.asyncProperty(commit, fc.option(change, { nil: undefined }), async (sealing, altered) => {
        const { bytes } = await sealing;
        const given = Uint8Array.from(altered === undefined ? bytes : bytes.subarray(0, bytes.length - altered.cut));
        if (altered !== undefined) given[altered.at % given.length] = altered.byte;
        expect(saidBy(frame, given)).toEqual(saidBy(whole, given));
      }),
      { numRuns: 400 },
    );
  });
});
