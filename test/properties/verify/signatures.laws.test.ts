/** Whatever stands in the events of signers and signatures, the verifier ends in a report, and calls nothing intact that is not. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isRecord, type JsonObject, type JsonValue } from '../../../src/core/json.ts';
import { signerStream } from '../../../src/crypto/signerEvents.ts';
import { enrolment, personOf, replacement, STATEMENT } from '../../unit/signing/people.ts';
import { contentOf, openWorld, streamOf } from '../../unit/signing/world.ts';
import { KEY_A, KEY_B } from '../../unit/support.ts';

const MAYER = await personOf('dr-mayer', 'Dr. Ana Mayer');

/** Small JSON values, and long lists of them. */
const json: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constantFrom(null, true, 0, 1, '', 'dr-mayer', '2026-03-01T10:15:30.250Z'),
  fc.string({ unit: 'grapheme' }),
  fc.integer(),
  fc.base64String({ minLength: 88, maxLength: 88 }),
  fc.array(fc.integer(), { maxLength: 3 }),
  fc.dictionary(fc.string({ unit: 'grapheme-ascii' }), fc.integer(), { maxKeys: 2 }),
);

const leavesOf = (value: JsonValue): readonly JsonValue[] =>
  typeof value === 'object' && value !== null ? Object.values(value).flatMap(leavesOf) : [value];

/** The value with the `at`-th of its leaves, counted round, replaced. */
const withLeaf = (value: JsonValue, at: number, to: JsonValue): JsonValue => {
  let left = at % Math.max(1, leavesOf(value).length);
  const replace = (each: JsonValue): JsonValue => {
    if (Array.isArray(each)) return each.map(replace);
    if (isRecord(each))
      return Object.fromEntries(Object.entries(each).map(([name, member]) => [name, replace(member)]));
    left -= 1;
    return left === -1 ? to : each;
  };
  return replace(value);
};

const objectOf = (value: JsonValue): JsonObject => (isJsonObject(value) ? value : {});
const isJsonObject = (value: JsonValue): value is JsonObject => isRecord(value);

const TYPES = [
  'Signed',
  'CounterSigned',
  'SignatureWithdrawn',
  'SignerEnrolled',
  'SignerKeyReplaced',
  'AccountabilityConfirmed',
  'SignerDeactivated',
  'Other',
];

it('ends in a report and shows no altered act as intact [SIG-06]', async () => {
  const world = openWorld();
  const account = await world.account(KEY_A, MAYER);
  const item = await world.item(KEY_A, 'BP.SYS');
  const signed = await world.act(KEY_A, contentOf(MAYER, account, [item]), { signedBy: MAYER.key });
  const replaced = await replacement(await personOf(MAYER.id, 'Dr. Ana Huber', KEY_B), [MAYER]);
  const payloads: readonly JsonObject[] = [
    signed.body.payload,
    await enrolment(MAYER),
    replaced,
    { statement: STATEMENT },
    {},
  ];
  const event = fc.record({
    type: fc.constantFrom(...TYPES),
    signer: fc.boolean(),
    payload: fc.constantFrom(...payloads),
    leaf: fc.nat(),
    to: json,
    seen: fc.boolean(),
    actor: fc.constantFrom('dr-mayer', 'admin'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 6 }), async (events) => {
      const hostile = openWorld();
      const known = await hostile.account(KEY_A, MAYER);
      await hostile.item(KEY_A, 'BP.SYS');
      for (const { type, signer, payload, leaf, to, seen, actor } of events) {
        const altered = objectOf(withLeaf(payload, leaf, to));
        fc.pre(JSON.stringify(altered) !== JSON.stringify(payload));
        const stream = signer ? signerStream(MAYER.id) : streamOf('electronicSignature', '1');
        await hostile.write(KEY_B, {
          stream,
          type,
          payload: altered,
          seen: seen ? [known.enrolled, known.confirmed] : [],
          actor,
        });
      }
      const { signatures } = await hostile.verify();
      expect(signatures.filter(({ state }) => state !== 'invalid')).toEqual([]);
    }),
    { numRuns: 150 },
  );
});
