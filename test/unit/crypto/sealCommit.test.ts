import { describe, expect, it } from 'vitest';
import { eventType, hash32, userId } from '../../../src/core/ids.ts';
import { LIMITS } from '../../../src/core/limits.ts';
import { sequence } from '../../../src/core/position.ts';
import { emptyHead, replicaIdOf } from '../../../src/crypto/chain.ts';
import { checkCommit } from '../../../src/crypto/checkCommit.ts';
import { encodeEvent, prepareCommit, sealContext, signCommit } from '../../../src/crypto/sealCommit.ts';
import { at, bodyOf, chainOf, codeOf, commitAfter, contextOf, KEY_A, KEY_B, TENANT } from '../support.ts';

const REPLICA = replicaIdOf(KEY_A.publicKey);
const CONTEXT = sealContext(contextOf(REPLICA));
const PREVIOUS = hash32(new Uint8Array(32));
const of = (length: number): string => 'a'.repeat(length);

describe('sealing', () => {
  it('refuses a context that could not be read back [FMT-09]', () => {
    const good = contextOf(REPLICA);
    const bad = [
      contextOf(REPLICA, { actor: { ...good.actor, role: '' } }),
      contextOf(REPLICA, { actor: { user: userId('a'), role: of(LIMITS.idLengthMax + 1) } }),
      contextOf(REPLICA, { recordedAt: { ...good.recordedAt, utc: '2026-02-30T00:00:00.000Z' } }),
      contextOf(REPLICA, { receipt: { time: '2026-01-01T00:00:00.000Z', size: -1 } }),
    ];
    for (const context of bad) expect(codeOf(() => sealContext(context))).toBe('append.invalid');
  });

  it('refuses an event that could not be read back [FMT-09]', () => {
    for (const body of [bodyOf(1, { schema: 0 }), bodyOf(1, { reason: '' }), bodyOf(1, { resolves: [] })]) {
      expect(codeOf(() => encodeEvent(body))).toBe('append.invalid');
    }
  });

  it('takes an event of the largest size and refuses one byte more [FMT-13]', async () => {
    const [small] = [encodeEvent(bodyOf(1, { payload: { text: '' } }))];
    const room = LIMITS.eventBytesMax - small.bytes.length;
    const commit = await commitAfter(KEY_A, emptyHead(REPLICA, TENANT), 1, { payload: () => ({ text: of(room) }) });
    expect(await checkCommit(commit.bytes)).toMatchObject({ kind: 'sound' });
    const over = bodyOf(1, { payload: { text: of(room + 1) } });
    expect(codeOf(() => encodeEvent(over))).toBe('append.too-large');
  });

  it('refuses a key that is not the one of the context, and events that do not count from the first [FMT-07]', () => {
    const prepare = (key: typeof KEY_A, sequences: readonly number[]) => () =>
      prepareCommit({
        key,
        context: CONTEXT,
        first: sequence(5),
        previous: PREVIOUS,
        events: sequences.map((value) => encodeEvent(bodyOf(value))),
      });
    expect(codeOf(prepare(KEY_A, [5, 6, 7]))).toBeUndefined();
    for (const sequences of [[], [4], [6], [5, 5], [5, 7], [6, 5]]) {
      expect(codeOf(prepare(KEY_A, sequences))).toBe('invariant.broken');
    }
    expect(codeOf(prepare(KEY_B, [5]))).toBe('invariant.broken');
  });

  it('refuses an event that claims to have seen itself, or a later one of its replica [FMT-02]', () => {
    const prepare = (seen: number) => () =>
      prepareCommit({
        key: KEY_A,
        context: CONTEXT,
        first: sequence(5),
        previous: PREVIOUS,
        events: [encodeEvent(bodyOf(5, { basis: { [REPLICA]: sequence(seen) } }))],
      });
    expect([4, 5, 6].map((seen) => codeOf(prepare(seen)))).toEqual([undefined, 'invariant.broken', 'invariant.broken']);
  });

  it('gives the same bytes for the same input: Ed25519 draws no randomness [FMT-07]', async () => {
    const [once, again] = [await chainOf(KEY_A, [2]), await chainOf(KEY_A, [2])];
    expect(at(once, 0).bytes).toEqual(at(again, 0).bytes);
  });

  it('gives what reading the bytes gives [FMT-09]', async () => {
    const context = sealContext(contextOf(REPLICA, { trace: { correlation: 'c' } }));
    const events = [3, 4].map((value) => encodeEvent(bodyOf(value, { type: eventType('A'), reason: 'r' })));
    const prepared = prepareCommit({ key: KEY_A, context, first: sequence(3), previous: PREVIOUS, events });
    const commit = await signCommit(KEY_A, prepared);
    expect(await checkCommit(commit.bytes)).toEqual({ kind: 'sound', commit });
  });
});
