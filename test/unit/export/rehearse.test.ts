/** A rehearsal tells what the update then does. */
import { expect, it } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { type Rehearsal, rehearse } from '../../../src/export/rehearse.ts';
import {
  type AggregateDefinition,
  defineAggregate,
  defineEvent,
  memoryStorage,
  Replica,
  type Store,
} from '../../../src/index.ts';
import { simulatedServer } from '../../../src/testing/index.ts';
import { Loose, New, Old, open, syncOnce } from '../streams/notes.ts';
import { codeOfAsync } from '../support.ts';

const bytesOf = async (store: Store): Promise<Uint8Array> => new Uint8Array(await (await store.export()).arrayBuffer());
const sourceOf = (bytes: Uint8Array) =>
  async function* () {
    for (let at = 0; at < bytes.length; at += 1_000) yield bytes.slice(at, at + 1_000);
  };
const rehearsed = (bytes: Uint8Array, next: AggregateDefinition, before?: AggregateDefinition): Promise<Rehearsal> =>
  rehearse({
    source: sourceOf(bytes),
    aggregates: [next, Replica],
    ...(before === undefined ? {} : { before: [before, Replica] }),
  });

/** Two devices that wrote at the same time, so that a stream cannot be folded in passing. */
const concurrent = async (): Promise<Store> => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const [one, other] = [await open(Old), await open(Old)];
  for (const store of [one, other]) {
    await store.aggregate(Old, 'n').send({ type: 'Noted', word: 'secret-17' });
    await store.aggregate(Old, 'm').send({ type: 'Noted', word: 'secret-18' });
  }
  await one.aggregate(Old, 'alone').send({ type: 'Noted', word: 'secret-19' });
  for (const store of [one, other, one]) await syncOnce(server, store);
  return one;
};

it('an update that changes nothing is said to change nothing, and upcast events are counted by version [EVO-06]', async () => {
  const bytes = await bytesOf(await concurrent());
  const [same, updated] = [await rehearsed(bytes, Old, Old), await rehearsed(bytes, New, Old)];
  expect(same).toMatchObject({ ok: true, events: 5, streams: 3, faulty: 0, upcast: [], changed: [], incomparable: 0 });
  expect(updated).toMatchObject({ ok: true, changed: [], inapplicable: { before: 0, after: 0 } });
  expect(updated.upcast).toMatchObject([
    { aggregate: 'note', event: 'Noted', version: 1, events: 5, first: { sequence: 1 } },
  ]);
  expect(JSON.stringify([same, updated])).not.toContain('secret');
});

const counting = setup({
  types: { context: {} as { readonly words: readonly string[] }, events: {} as { readonly type: 'Noted' } },
});
/** A machine that counts instead of noting, and shows nothing after the first of a stream. */
const Recounted = defineAggregate({
  type: 'note',
  events: { Noted: defineEvent({ version: 1, schema: z.strictObject({ word: z.string() }) }) },
  machine: counting.createMachine({
    context: { words: [] },
    initial: 'open',
    states: { open: { on: { Noted: { target: 'full', actions: counting.assign({ words: ['one'] }) } } }, full: {} },
  }),
});

it('streams that show another state than now are counted, as a store then shows them [EVO-06]', async () => {
  const storage = memoryStorage();
  const store = await open(Old, storage, 'rehearsed');
  for (const [id, words] of [
    ['a', ['ONE']],
    ['b', ['one', 'two']],
    ['c', ['x']],
  ] as const)
    for (const word of words) await store.aggregate(Old, id).send({ type: 'Noted', word });
  const bytes = await bytesOf(store);
  const found = await rehearsed(bytes, Recounted, Old);
  expect(found).toMatchObject({
    ok: false,
    changed: [{ aggregate: 'note', streams: 3 }],
    inapplicable: { before: 0, after: 1 },
  });
  await store.close();
});

it('payloads that fail the new schema are counted with the place of the first [EVO-06]', async () => {
  const store = await open(Loose);
  for (const word of ['good', 17, 18, 'after']) await store.aggregate(Loose, 'n').send({ type: 'Noted', word });
  const bytes = await bytesOf(store);
  const found = await rehearsed(bytes, Old, Loose);
  expect(found.unreadable).toEqual([
    { aggregate: 'note', event: 'Noted', version: 1, events: 2, first: { replica: store.replica, sequence: 2 } },
  ]);
  expect(found).toMatchObject({
    ok: false,
    inapplicable: { before: 0, after: 2 },
    changed: [{ aggregate: 'note', streams: 1 }],
  });
});

it('going back is rehearsed the same way: what is newer, and the streams that become read-only [EVO-04, EVO-06]', async () => {
  const store = await open(New);
  await store.aggregate(New, 'n').send({ type: 'Noted', word: 'w', text: 't' });
  await store.aggregate(New, 'm').send({ type: 'Stamped' });
  const found = await rehearsed(await bytesOf(store), Old, New);
  expect(found.newer.map(({ event, version, events }) => [event, version, events])).toEqual([
    ['Noted', 2, 1],
    ['Stamped', 1, 1],
  ]);
  expect(found).toMatchObject({ ok: false, readOnly: [{ aggregate: 'note', streams: 2 }] });
  const other = defineAggregate({
    type: 'other',
    events: {},
    machine: counting.createMachine({ context: { words: [] } }),
  });
  const { unregistered } = await rehearsed(await bytesOf(store), other);
  expect(unregistered.map(({ events }) => events)).toEqual([1, 1]);
});

it('a damaged export is said to be one, what is no export is refused, and a rehearsal can be cancelled [EVO-06]', async () => {
  const bytes = await bytesOf(await concurrent());
  const lines = new TextDecoder().decode(bytes).split('\n');
  const commit = lines.findIndex((line) => line.includes('"kind":"commit"'));
  const hurt = lines.map((line, at) => (at === commit ? line.replace(/AAA/, 'AAB') : line)).join('\n');
  const cut = lines.slice(0, -3).join('\n');
  const encode = (text: string) => new TextEncoder().encode(text);
  expect(await rehearsed(encode(hurt), Old)).toMatchObject({ ok: false, faulty: 1 });
  expect(await rehearsed(encode(cut), Old)).toMatchObject({ ok: false, faulty: 1 });
  expect(await codeOfAsync(() => rehearsed(encode('{"kind":"other"}\n'), Old))).toBe('bundle.malformed');
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(rehearse({ source: sourceOf(bytes), aggregates: [Old], signal })).rejects.toThrow('enough');
});
