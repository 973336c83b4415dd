/** Blinding: whatever the treatment is, a user outside the group sees, is told, exports and measures the very same. */
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import {
  defineAggregate,
  defineEvent,
  defineView,
  isStoreError,
  memoryStorage,
  protect,
  type Sealed,
  type Store,
} from '../../../src/index.ts';
import { seededEntropy } from '../../../src/testing/index.ts';
import { keyRing } from '../../support/keys.ts';
import { openClinic } from './patients.ts';

const SIZE_MAX = 200;
const AllottedSchema = z.strictObject({
  visit: z.int(),
  arm: protect(z.string(), { key: 'group', name: 'treatment', sizeMax: SIZE_MAX }),
  code: protect(z.string(), { key: 'group', name: 'treatment' }),
});
type AllottedEvent = { readonly type: 'Allotted' } & z.infer<typeof AllottedSchema>;
type AllottedContext = { readonly arm: string | Sealed; readonly codes: readonly (string | Sealed)[] };

const allotments = setup({ types: { context: {} as AllottedContext, events: {} as AllottedEvent } });
const Allotment = defineAggregate({
  type: 'allotment',
  events: { Allotted: defineEvent({ version: 1, schema: AllottedSchema, touches: ({ visit }) => [`visit-${visit}`] }) },
  machine: allotments.createMachine({
    context: { arm: '', codes: [] },
    initial: 'open',
    states: {
      open: {
        on: {
          Allotted: {
            actions: allotments.assign(({ context, event }) => ({
              arm: event.arm,
              codes: [...context.codes, event.code],
            })),
          },
        },
      },
    },
  }),
});
const arms = defineView({
  name: 'arms',
  of: Allotment,
  row: ({ id, context }) => ({ id: String(id), arm: context.arm, codes: context.codes }),
});

const open = (storage: ReturnType<typeof memoryStorage>, ring: ReturnType<typeof keyRing>, denied: readonly string[]) =>
  openClinic({
    ...{ name: 'blinded', storage, keys: { source: ring.source(denied) } },
    ...{ aggregates: [Allotment], views: [arms], entropy: seededEntropy(denied.length + 5) },
  });

const told = async (work: Promise<unknown>): Promise<unknown> => {
  try {
    return await work;
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return [error.code, error.message, error.details];
  }
};

/** Text in which every run of letters and digits that differs by chance stands for its length alone. */
const shape = (text: string): string => text.replaceAll(/[A-Za-z0-9+/_=-]{20,}/g, (run) => `<${run.length}>`);

/** What a commit holds as text: what it shares and its events. */
const textOf = (bytes: string): string => {
  const text = Buffer.from(bytes, 'base64').toString('latin1');
  return text.slice(text.indexOf('{"actor"'));
};

/** Everything that the store gives to a user outside the group. */
const seenBy = async (store: Store): Promise<string> => {
  const allotment = store.aggregate(Allotment, 's1');
  const again = { type: 'Allotted', visit: 9, arm: 'x', code: 'y' } as const;
  const { counts, findings } = await store.verify();
  const health = await store.health();
  const places = (await store.sealedPlaces({ subject: 's1' })).map(({ path, opened, sealed }) => [
    ...[path, opened, sealed.$sealed.value.length],
  ]);
  const bundle = await (await store.export()).text();
  const commits = bundle.split('\n').flatMap((line) => /"bytes":"([^"]+)"/.exec(line)?.[1] ?? []);
  return JSON.stringify([
    ...[allotment.state(), await allotment.history(), store.view(arms).rows(), places],
    ...[store.view(arms).where({ arm: 'verum' }).rows(), await store.findings(), counts.events, findings],
    ...[await told(allotment.send(again)), JSON.stringify(health.checks).replaceAll(/\d+/g, '#'), bundle.length],
    commits.map((bytes) => shape(textOf(bytes))),
  ]).replaceAll(/[0-9a-f]{32}/g, '<replica>');
};

const pictureOf = async (arm: string, code: string): Promise<string> => {
  const [storage, ring] = [memoryStorage(), keyRing(3)];
  const unblinded = await open(storage, ring, []);
  await unblinded.aggregate(Allotment, 's1').send({ type: 'Allotted', visit: 1, arm, code });
  await unblinded.aggregate(Allotment, 's1').send({ type: 'Allotted', visit: 2, arm: 'same', code: 'same' });
  await unblinded.close();
  const printed: unknown[] = [];
  const spies = (['log', 'warn', 'error', 'info', 'debug'] as const).map((name) =>
    vi.spyOn(console, name).mockImplementation((...words: unknown[]) => void printed.push(words)),
  );
  const blinded = await open(storage, ring, ['group/treatment']);
  const seen = await seenBy(blinded);
  await blinded.close();
  for (const spy of spies) spy.mockRestore();
  return `${seen}${JSON.stringify(printed)}`;
};

it('what a blinded user sees, exports, measures and is told does not depend on the value [BLD-01, BLD-02]', async () => {
  const arm = fc.oneof(
    fc.constantFrom('verum', 'placebo', ''),
    fc.string({ unit: 'grapheme-ascii', maxLength: 90 }),
    fc.string({ unit: 'grapheme', maxLength: 12 }),
  );
  const reference = await pictureOf('placebo', 'A');
  expect(reference).toContain('blinded');
  await fc.assert(
    fc.asyncProperty(arm, fc.constantFrom('B', 'a longer code of one size'), async (value, code) => {
      expect(await pictureOf(value, code)).toBe(reference);
    }),
    { numRuns: 15 },
  );
});

it('a value beyond the size of its field is refused without saying how long it is [BLD-01]', async () => {
  const store = await open(memoryStorage(), keyRing(4), []);
  const send = (arm: string, code: string) =>
    told(store.aggregate(Allotment, 's1').send({ type: 'Allotted', visit: 1, arm, code }));
  const [one, other] = [await send('x'.repeat(SIZE_MAX), 'c'), await send('x'.repeat(5_000), 'c')];
  expect(one).toMatchObject(['field.too-large', expect.any(String), { bytesMax: SIZE_MAX }]);
  expect(other).toEqual(one);
  expect(await send('x', 'c'.repeat(29))).toMatchObject(['field.too-large', expect.any(String), { bytesMax: 30 }]);
  expect(await send('x'.repeat(SIZE_MAX - 2), 'c'.repeat(28))).toMatchObject({ kind: 'committed' });
});

it('a size that cannot be is refused where the event is defined [BLD-01]', () => {
  for (const sizeMax of [0, -1, 1.5, 40_000, Number.NaN])
    expect(() =>
      defineEvent({ version: 1, schema: z.strictObject({ a: protect(z.string(), { key: 'subject', sizeMax }) }) }),
    ).toThrow('schema.unprotectable');
});
