/** What an electronic signature covers: every member, its place, and one spelling only. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { aggregateId, aggregateType, eventType, streamId, tenantId } from '../../../src/core/ids.ts';
import { isRecord, type JsonObject, type JsonValue } from '../../../src/core/json.ts';
import { LIMITS } from '../../../src/core/limits.ts';
import { toBase64 } from '../../../src/crypto/bytes.ts';
import { ACTS, actMessage, readSignedAct, signedEvents, statementHash } from '../../../src/crypto/signedAct.ts';
import { verifySignature } from '../../../src/crypto/signer.ts';
import { isDay, readEnrolledKey } from '../../../src/crypto/signerKey.ts';
import { ElectronicSignature, Signer } from '../../../src/machines/clinical/index.ts';
import { CONTENT, PLACE } from '../../unit/signing/content.ts';
import { actOf, enrolment, personOf, replacement } from '../../unit/signing/people.ts';
import { at, codeOf, hex, KEY_A, KEY_B, KEY_C } from '../../unit/support.ts';

const PAYLOAD = await actOf(PLACE, CONTENT, KEY_A);
const PERSON = await personOf('dr-mayer', 'Dr. Ana Mayer', KEY_A);
const ENROLLED = await enrolment(PERSON);
const REPLACED = await replacement(PERSON, [await personOf('b', 'B', KEY_B), await personOf('c', 'C', KEY_C)]);

/** Every place in a JSON value, as the path that leads there. */
const pathsOf = (value: JsonValue, path: readonly string[] = []): readonly (readonly string[])[] => [
  ...(path.length === 0 ? [] : [path]),
  ...(typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, each]) => pathsOf(each, [...path, name]))
    : []),
];

/** A copy in which the value at a path is another; `undefined` leaves it out. */
const changed = (value: JsonValue, path: readonly string[], to: JsonValue | undefined): JsonValue => {
  const [name, ...rest] = path;
  if (name === undefined || typeof value !== 'object' || value === null) return to ?? null;
  const next = (each: JsonValue) => (rest.length === 0 ? to : changed(each, rest, to));
  if (Array.isArray(value))
    return value.flatMap((each: JsonValue, index) => (String(index) === name ? (next(each) ?? []) : [each]));
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => {
      const made = key === name ? next(each) : each;
      return made === undefined ? [] : [[key, made]];
    }),
  );
};

/** Any small JSON value. */
const json: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constantFrom(null, true, 0, '', '1'),
  fc.string(),
  fc.integer(),
  fc.array(fc.string(), { maxLength: 2 }),
  fc.dictionary(fc.string(), fc.integer(), { maxKeys: 2 }),
);

const isRead = (read: () => unknown): boolean => codeOf(read) === undefined;

const FORMS = [
  { name: 'act', payload: PAYLOAD, schema: ElectronicSignature.events.get(eventType('Signed')), read: readSignedAct },
  {
    name: 'enrolment',
    payload: ENROLLED,
    schema: Signer.events.get(eventType('SignerEnrolled')),
    read: (payload: unknown) => readEnrolledKey(payload, false),
  },
  {
    name: 'replacement',
    payload: REPLACED,
    schema: Signer.events.get(eventType('SignerKeyReplaced')),
    read: (payload: unknown) => readEnrolledKey(payload, true),
  },
] as const;

it.each(FORMS)('stores no $name that the verifier would not read, whatever is changed in it [SIG-01]', (form) => {
  const { payload, schema, read } = form;
  const stores = (value: unknown): boolean => schema?.schema.safeParse(value).success === true;
  expect([stores(payload), isRead(() => read(payload))]).toEqual([true, true]);
  const paths = pathsOf(payload);
  const other = fc.oneof(fc.constant(undefined), json, fc.string(), fc.integer());
  fc.assert(
    fc.property(fc.constantFrom(...paths), other, (path, to) => {
      const value = changed(payload, path, to);
      if (stores(value)) expect(isRead(() => read(value))).toBe(true);
    }),
    { numRuns: 500 },
  );
});

it('reads an act only in its one spelling, with every member and no other [SIG-01]', () => {
  for (const name of Object.keys(PAYLOAD)) {
    expect([name, codeOf(() => readSignedAct(changed(PAYLOAD, [name], undefined)))]).toEqual([name, 'esign.malformed']);
  }
  expect(codeOf(() => readSignedAct({ ...PAYLOAD, more: 1 }))).toBe('esign.malformed');
  const { records } = PAYLOAD;
  const reversed = Array.isArray(records) ? [...records].reverse() : [];
  expect(codeOf(() => readSignedAct({ ...PAYLOAD, records: reversed }))).toBe('esign.malformed');
  expect(codeOf(() => readSignedAct({ ...PAYLOAD, records: [] }))).toBe('esign.malformed');
  for (const printedName of ['', ' A', 'A ', 'A\u0000B', 'x'.repeat(LIMITS.signedTextLengthMax + 1), '\ud800'])
    expect(codeOf(() => readSignedAct({ ...PAYLOAD, printedName }))).toBe('esign.malformed');
});

it('signs different bytes for any change of any member, of the act, the tenant, or the stream [SIG-02]', async () => {
  const { signature, ...content } = readSignedAct(PAYLOAD);
  const message = actMessage(PLACE, content);
  expect(await verifySignature(KEY_A.publicKey, signature, message)).toBe(true);
  const elsewhere = streamId(aggregateType('electronicSignature'), aggregateId('019500a0-0000-7000-8000-000000000043'));
  const places = [
    ...ACTS.filter((act) => act !== PLACE.act).map((act) => ({ ...PLACE, act })),
    { ...PLACE, tenant: tenantId('acme-043') },
    { ...PLACE, stream: elsewhere },
  ];
  const messages = new Set([hex(message), ...places.map((place) => hex(actMessage(place, content)))]);
  expect(messages.size).toBe(1 + places.length);
  const { signature: _, ...signed } = PAYLOAD;
  const paths = pathsOf(signed);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...paths),
      fc.oneof(fc.string(), fc.integer(), fc.constant(undefined)),
      async (path, to) => {
        const value = changed(signed, path, to);
        fc.pre(isRecord(value) && JSON.stringify(value) !== JSON.stringify(signed));
        const read = { ...value, signature: toBase64(signature) };
        fc.pre(isRead(() => readSignedAct(read)));
        const { signature: same, ...altered } = readSignedAct(read);
        expect(await verifySignature(KEY_A.publicKey, same, actMessage(PLACE, altered))).toBe(false);
      },
    ),
    { numRuns: 300 },
  );
});

it('bounds what one signature covers, and fits the largest into one event [SIG-01]', () => {
  const run = at(at(CONTENT.records, 0).runs, 0);
  const runOf = (count: number) => ({
    ...run,
    sequences: Array.from({ length: count }, (_, index) => Number.MAX_SAFE_INTEGER - count + index),
    leaves: Array.from({ length: count }, () => at(run.leaves, 0)),
  });
  const act = (count: number): JsonObject => ({
    ...PAYLOAD,
    records: [{ stream: at(CONTENT.records, 0).stream, statusTypes: [], runs: [runOf(count)] }],
  });
  const largest = act(LIMITS.signedEventsMax);
  expect(signedEvents(at(readSignedAct(largest).records, 0))).toHaveLength(LIMITS.signedEventsMax);
  expect(JSON.stringify(largest).length).toBeLessThan(LIMITS.eventBytesMax - 4_096);
  expect(codeOf(() => readSignedAct(act(LIMITS.signedEventsMax + 1)))).toBe('esign.malformed');
});

it('names a statement by a hash that any other text does not have [SIG-02]', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
      expect(hex(statementHash(a)) === hex(statementHash(b))).toBe(a === b);
    }),
  );
});

it('takes a day for a day only [SIG-03]', () => {
  for (const day of ['2026-01-15', '2024-02-29']) expect(isDay(day)).toBe(true);
  for (const day of ['2026-02-30', '2026-1-5', '15.01.2026', '2026-01-15T00:00', '', '2026-13-01'])
    expect(isDay(day)).toBe(false);
});
