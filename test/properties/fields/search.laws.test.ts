/** Search in protected fields: equal to opening everything and looking at it, whatever was recorded, erased or blinded. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import {
  defineAggregate,
  defineEvent,
  memoryStorage,
  type OpenedEventOf,
  protect,
  type Store,
} from '../../../src/index.ts';
import { keyRing } from '../../support/keys.ts';
import { openClinic } from '../../unit/fields/patients.ts';
import { outcomeOf } from '../../unit/store/trial.ts';

const search = { variety: 'high' } as const;
const events = {
  Called: defineEvent({
    version: 1,
    schema: z.strictObject({
      name: protect(z.string(), { key: 'subject', search }),
      number: protect(z.number(), { key: 'subject', search }).nullable(),
      contacts: z.array(z.strictObject({ phone: protect(z.string(), { key: 'subject', search }) })),
      batch: protect(z.string(), { key: 'group', name: 'treatment', search }),
      note: protect(z.string(), { key: 'subject' }),
    }),
    touches: () => ['call'],
  }),
};
const calls = setup({
  types: { context: {} as { readonly calls: number }, events: {} as OpenedEventOf<typeof events> },
});
const Call = defineAggregate({
  type: 'call',
  subjectOf: (id) => id.split('/')[0] ?? id,
  events,
  machine: calls.createMachine({
    context: { calls: 0 },
    initial: 'open',
    states: { open: { on: { Called: { actions: calls.assign(({ context }) => ({ calls: context.calls + 1 })) } } } },
  }),
});

const word = fc.constantFrom('Ada', 'ada', 'Bea', 'Bea ', '7', '');
const call = fc.record({
  id: fc.constantFrom('1/a', '1/b', '2/a', '3/a'),
  name: word,
  number: fc.constantFrom(null, 7, 7.5),
  phones: fc.array(word, { maxLength: 3 }),
  batch: word,
});
type Called = typeof call extends fc.Arbitrary<infer T> ? T : never;

const record = async (store: Store, { id, name, number, phones, batch }: Called): Promise<string | undefined> => {
  const event = {
    type: 'Called',
    name,
    number,
    contacts: phones.map((phone) => ({ phone })),
    batch,
    note: name,
  } as const;
  const sent = await outcomeOf(store.aggregate(Call, id).send(event));
  return typeof sent === 'object' && sent.kind === 'committed' ? sent.eventId : undefined;
};

const found = async (store: Store, path: string, value: string | number) =>
  (await store.find(Call, { event: 'Called', path, value })).map(({ event }) => event).sort();

it('finds exactly the events whose value is equal and open to this user, before and after keys go [BLD-03, BLD-04]', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(call, { minLength: 1, maxLength: 8 }),
      fc.nat({ max: 8 }),
      fc.boolean(),
      async (made, before, isBlinded) => {
        const [storage, ring] = [memoryStorage(), keyRing()];
        const writer = await openClinic({
          storage,
          aggregates: [Call],
          views: [],
          name: 'find',
          keys: { source: ring.source() },
        });
        const held = new Map<string, Called>();
        for (const [at, one] of made.entries()) {
          if (at === before) await found(writer, 'name', 'Ada'); // built half-way, then followed
          const event = await record(writer, one);
          if (event !== undefined) held.set(event, one);
        }
        const denied = isBlinded ? ['group/treatment'] : [];
        const source = ring.source(denied);
        const reader = await openClinic({ storage, aggregates: [Call], views: [], name: 'find', keys: { source } });
        const expectAll = async (store: Store, sees: (one: Called) => boolean, seesBatch: boolean) => {
          for (const value of ['Ada', 'ada', 'Bea', '7', 7, 7.5]) {
            const of = (has: (one: Called) => boolean) =>
              [...held].flatMap(([event, one]) => (sees(one) && has(one) ? [event] : [])).sort();
            expect(await found(store, 'name', value)).toEqual(of(({ name }) => name === value));
            expect(await found(store, 'number', value)).toEqual(of(({ number }) => number === value));
            expect(await found(store, 'contacts/*/phone', value)).toEqual(
              of(({ phones }) => phones.some((phone) => phone === value)),
            );
            const batches = [...held]
              .flatMap(([event, one]) => (seesBatch && one.batch === value ? [event] : []))
              .sort();
            expect(await found(store, 'batch', value)).toEqual(batches);
          }
        };
        await expectAll(writer, () => true, true);
        await expectAll(reader, () => true, !isBlinded);
        ring.shred('subject/1');
        for (const store of [writer, reader])
          await expectAll(store, ({ id }) => !id.startsWith('1'), store === writer || !isBlinded);
        await writer.close();
        await reader.close();
      },
    ),
    { numRuns: 12 },
  );
});

it('a field that is not marked, or not there, is not searched [BLD-04]', async () => {
  const store = await openClinic({ aggregates: [Call], views: [] });
  for (const path of ['note', 'contacts', 'contacts/0/phone', 'nothing'])
    expect(await outcomeOf(store.find(Call, { event: 'Called', path, value: 'x' })), path).toBe('schema.unsearchable');
  expect(await outcomeOf(store.find(Call, { event: 'Other', path: 'name', value: 'x' }))).toBe('schema.unsearchable');
});

it('a field of few possible values, or that is no text or number, is refused where it is defined [BLD-04]', () => {
  const few: readonly z.ZodType[] = [
    ...[z.boolean(), z.enum(['verum', 'placebo']), z.literal('x'), z.null(), z.string().max(3)],
    ...[z.int().min(0).max(9_999), z.number().min(1).max(5), z.boolean().nullable(), z.enum(['a', 'b']).optional()],
    ...[
      z.union([z.literal(1), z.literal(2)]),
      z.array(z.string()),
      z.strictObject({ a: z.string() }),
      z.instanceof(Uint8Array),
    ],
  ];
  const define = (schema: z.ZodType) => () =>
    defineEvent({ version: 1, schema: z.strictObject({ a: protect(schema, { key: 'subject', search }) }) });
  for (const [at, schema] of few.entries()) expect(define(schema), String(at)).toThrow('schema.unsearchable');
  for (const schema of [z.string(), z.string().max(40).nullable(), z.email(), z.number(), z.int().min(0).max(10_000)])
    expect(define(schema)).not.toThrow();
});
