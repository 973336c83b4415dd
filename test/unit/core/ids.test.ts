import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  aggregateId,
  aggregateType,
  eventId,
  eventType,
  hash32,
  hash32Hex,
  publicKey32,
  readStreamId,
  replicaId,
  signature64,
  streamId,
  streamParts,
  tenantId,
  userId,
} from '../../../src/core/ids.ts';
import { LIMITS } from '../../../src/core/limits.ts';
import { position, sequence, size, version } from '../../../src/core/position.ts';
import { codeOf } from '../support.ts';

const LONGEST = 'a'.repeat(LIMITS.idLengthMax);
const UUID = '019500a0-0000-7000-8000-00000000000a';

const refuses = (make: (text: string) => string, texts: readonly string[]): void => {
  for (const text of texts) expect([text, codeOf(() => make(text))]).toEqual([text, 'id.malformed']);
};
const accepts = (make: (text: string) => string, texts: readonly string[]): void => {
  for (const text of texts) expect(make(text)).toBe(text);
};

describe('names', () => {
  it.each([
    ['a tenant', tenantId],
    ['an aggregate type', aggregateType],
    ['an event type', eventType],
  ])('of %s begin with a letter and hold letters, digits, _ . - [FMT-01]', (_, make) => {
    accepts(make, ['a', 'Z9', 'acme-042', 'a_b.c-d', LONGEST]);
    refuses(make, ['', '1a', '-a', 'a b', 'a/b', 'a\n', '\na', 'é', 'a\u0000', `${LONGEST}a`]);
  });

  it.each([
    ['an aggregate', aggregateId],
    ['a user', userId],
  ])('of %s are any text without control characters [FMT-01]', (_, make) => {
    accepts(make, ['1', 'subject-17/visit-1', '日本 語', '😀', ' ', LONGEST]);
    refuses(make, ['', 'a\n', '\u0000', '\u007f', '\u009f', '\ud800', 'a\udc00', `${LONGEST}a`]);
  });
});

describe('replicas, events and hashes', () => {
  it('have one spelling in lower case [FMT-01]', () => {
    accepts(replicaId, ['0123456789abcdef'.repeat(2)]);
    refuses(replicaId, ['', 'a'.repeat(31), 'a'.repeat(33), 'A'.repeat(32), 'g'.repeat(32), `${'a'.repeat(32)}\n`]);
    accepts(hash32Hex, ['0123456789abcdef'.repeat(4)]);
    refuses(hash32Hex, ['', 'a'.repeat(63), 'a'.repeat(65), 'A'.repeat(64), `${'a'.repeat(64)}\n`]);
    accepts(eventId, [UUID, UUID.replace('-8', '-b')]);
    refuses(eventId, [
      '',
      UUID.toUpperCase(),
      UUID.replaceAll('-', ''),
      `{${UUID}}`,
      `${UUID}\n`,
      UUID.replace('-7', '-4'),
      UUID.replace('-8', '-c'),
      UUID.slice(1),
    ]);
  });

  it('have their exact number of bytes [FMT-01]', () => {
    for (const [make, length] of [[hash32, 32] as const, [signature64, 64] as const, [publicKey32, 32] as const]) {
      expect(make(new Uint8Array(length))).toHaveLength(length);
      for (const other of [0, length - 1, length + 1]) {
        expect(codeOf(() => make(new Uint8Array(other)))).toBe('id.malformed');
      }
    }
  });
});

describe('streams', () => {
  it('give back their type and id, also when the id holds slashes [FMT-01]', () => {
    const id = fc
      .string({ minLength: 1, maxLength: 20 })
      .filter((text) => codeOf(() => aggregateId(text)) === undefined);
    fc.assert(
      fc.property(id, (text) => {
        const stream = streamId(aggregateType('visit'), aggregateId(text));
        expect(streamParts(stream)).toEqual({ type: 'visit', id: text });
        expect(readStreamId(stream)).toBe(stream);
      }),
    );
    accepts(readStreamId, ['a/b', 'a/b/c', 'a//', `${LONGEST}/${LONGEST}`]);
  });

  it('are refused without a type, an id or a slash [FMT-01]', () => {
    refuses(readStreamId, ['', 'a', '/', '/a', 'a/', 'a b/c', 'a/\n', `${LONGEST}a/b`, `b/${LONGEST}a`]);
  });
});

describe('counters', () => {
  it.each([
    ['positions', position, 0],
    ['sizes', size, 0],
    ['versions', version, 0],
    ['sequences', sequence, 1],
  ])('%s are whole numbers that a double holds exactly, from their least one on [FMT-01]', (_, make, least) => {
    for (const value of [least, least + 1, Number.MAX_SAFE_INTEGER]) expect(make(value)).toBe(value);
    for (const value of [least - 1, -1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(codeOf(() => make(value))).toBe('id.malformed');
    }
  });
});
