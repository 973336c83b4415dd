/** What the laws of the facts are sampled over. */
import fc from 'fast-check';
import type { Commit } from '../../../src/core/commit.ts';
import { replicaId } from '../../../src/core/ids.ts';
import type { JsonObject, JsonValue } from '../../../src/core/json.ts';
import { sequence } from '../../../src/core/position.ts';
import type { VersionVector } from '../../../src/core/versionVector.ts';
import { emptyHead, replicaIdOf } from '../../../src/crypto/chain.ts';
import { commitAfter, KEY_A, KEY_B, KEY_C, TENANT } from '../../unit/support.ts';

/** Well-formed text with everything that needs care: quotes, controls, astral characters. */
export const text = fc.string({ unit: 'binary', maxLength: 12 }).map((value) => value.toWellFormed());

const number = fc
  .oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger())
  .map((value) => (Object.is(value, -0) ? 0 : value));

const objectOf = (member: fc.Arbitrary<JsonValue>): fc.Arbitrary<JsonObject> =>
  fc
    .array(fc.tuple(fc.oneof(text, fc.constantFrom('__proto__', 'constructor', 'toString', '1', '10')), member), {
      maxLength: 5,
    })
    .map((entries) => Object.fromEntries(entries));

/** Any JSON value that has a canonical form, a few levels deep. */
export const json: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(fc.constant(null), fc.boolean(), number, text),
    fc.array(tie('value'), { maxLength: 5 }),
    objectOf(tie('value')),
  ),
})).value;

export const jsonObject = objectOf(json);

/** A few replicas, so that vectors meet. */
export const replica = fc.integer({ min: 0, max: 4 }).map((index) => replicaId(index.toString(16).repeat(32)));
const counted = fc.integer({ min: 1, max: 6 }).map(sequence);

export const dot = fc.record({ replica, sequence: counted });

export const vector: fc.Arbitrary<VersionVector> = fc
  .array(fc.tuple(replica, counted), { maxLength: 5 })
  .map((entries) => Object.fromEntries(entries));

/** A commit of 1 to 6 events by one of three keys, somewhere in its chain. */
export const commit: fc.Arbitrary<Promise<Commit>> = fc
  .record({
    key: fc.constantFrom(KEY_A, KEY_B, KEY_C),
    before: fc.oneof(fc.nat(3), fc.nat({ max: 2 ** 31 }), fc.constant(Number.MAX_SAFE_INTEGER - 7)),
    payloads: fc.array(jsonObject, { minLength: 1, maxLength: 6 }),
  })
  .map(({ key, before, payloads }) => {
    const { link } = emptyHead(replicaIdOf(key.publicKey), TENANT);
    return commitAfter(key, { sequence: before, link }, payloads.length, {
      payload: (at) => payloads[at - before - 1] ?? {},
    });
  });
