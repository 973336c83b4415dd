/** The state of a stream on a device: what others wrote late, what is newer, and what nobody can read. */
import { expect, it } from 'vitest';
import { memoryStorage, type Store } from '../../../src/index.ts';
import { simulatedServer } from '../../../src/testing/index.ts';
import { Loose, New, Old, open, syncOnce } from './notes.ts';

it('old payloads are read through the upcasters, and stay as they were written [AGG-05, FMT-11]', async () => {
  const storage = memoryStorage();
  const before = await open(Old, storage, 'updated');
  await before.aggregate(Old, 'n').send({ type: 'Noted', word: 'first' });
  await before.close();
  const after = await open(New, storage, 'updated');
  await after.aggregate(New, 'n').send({ type: 'Noted', word: 'second', text: 't' });
  const history = await after.aggregate(New, 'n').history();
  expect(history.map(({ payload }) => payload)).toEqual([
    { word: 'first', text: 'not recorded' },
    { word: 'second', text: 't' },
  ]);
  const bundle = await (await after.export()).text();
  expect(bundle).not.toContain('not recorded');
  expect((await after.verify()).ok).toBe(true);
});

it.each(['a newer version', 'an unknown type'] as const)(
  '%s makes the stream read-only, others go on, and the update shows all of it [AGG-05]',
  async (what) => {
    const server = await simulatedServer({ tenant: 'acme-042' });
    const [updated, storage] = [await open(New), memoryStorage()];
    const old = await open(Old, storage, `old-${what}`);
    await old.aggregate(Old, 'n').send({ type: 'Noted', word: 'one' });
    await syncOnce(server, old);
    await syncOnce(server, updated);
    if (what === 'an unknown type') await updated.aggregate(New, 'n').send({ type: 'Stamped' });
    else await updated.aggregate(New, 'n').send({ type: 'Noted', word: 'two', text: 't' });
    await syncOnce(server, updated);
    await syncOnce(server, old);
    const note = old.aggregate(Old, 'n');
    expect(note.state()).toMatchObject({ readOnly: true, version: 1, context: { words: ['ONE'] } });
    expect(await note.send({ type: 'Noted', word: 'three' })).toMatchObject({ kind: 'refused', why: 'read-only' });
    expect(note.can({ type: 'Noted', word: 'three' })).toBe(false);
    expect(old.aggregate(Old, 'other').can({ type: 'Noted', word: 'three' })).toBe(true);
    expect(await old.aggregate(Old, 'other').send({ type: 'Noted', word: 'x' })).toMatchObject({ kind: 'committed' });
    expect([old.size(), (await old.verify()).ok]).toEqual([3, true]);
    await old.close();
    const later = await open(New, storage, `old-${what}`);
    expect(later.aggregate(New, 'n').state()).toEqual({ ...updated.aggregate(New, 'n').state(), pending: 0 });
  },
);

it('the application of before reads what the next one wrote as far as it can, sends it, and loses nothing [EVO-04]', async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const storage = memoryStorage();
  const before = await open(Old, storage, 'rolled-back');
  await before.aggregate(Old, 'n').send({ type: 'Noted', word: 'one' });
  await before.close();
  const updated = await open(New, storage, 'rolled-back');
  await updated.aggregate(New, 'n').send({ type: 'Noted', word: 'two', text: 't' });
  await updated.aggregate(New, 'm').send({ type: 'Stamped' });
  const meant = ['n', 'm'].map((id) => updated.aggregate(New, id).state());
  await updated.close();
  const back = await open(Old, storage, 'rolled-back');
  const shown = ['n', 'm', 'other'].map((id) => back.aggregate(Old, id).state());
  expect(shown).toMatchObject([
    { readOnly: true, pending: 2, context: { words: ['ONE'] } },
    { readOnly: true, pending: 1, version: 0 },
    { readOnly: false, pending: 0 },
  ]);
  await back.aggregate(Old, 'other').send({ type: 'Noted', word: 'meanwhile' });
  expect(await back.findings()).toEqual([]); // newer is not wrong
  await syncOnce(server, back);
  await back.close();
  const again = await open(New, storage, 'rolled-back');
  expect(['n', 'm'].map((id) => again.aggregate(New, id).state())).toEqual(
    meant.map((state) => ({ ...state, pending: 0 })),
  );
  expect(again.aggregate(New, 'other').state().context.words).toEqual(['MEANWHILE']);
  const elsewhere = await open(New);
  await syncOnce(server, elsewhere);
  expect(elsewhere.aggregate(New, 'n').state().context).toEqual(meant[0]?.context);
});

it('a payload of another device that does not satisfy its schema is kept, counted, a finding, and reaches no machine [AGG-05, CNF-05, EVO-03]', async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const [loose, strict, storage] = [await open(Loose), await open(Old, memoryStorage()), memoryStorage()];
  await loose.aggregate(Loose, 'n').send({ type: 'Noted', word: 'good' });
  await loose.aggregate(Loose, 'n').send({ type: 'Noted', word: 73_190_264 });
  await loose.aggregate(Loose, 'n').send({ type: 'Noted', word: 'after' });
  await syncOnce(server, loose);
  await syncOnce(server, strict);
  const note = strict.aggregate(Old, 'n');
  expect(note.state()).toMatchObject({ context: { words: ['GOOD', 'AFTER'] }, inapplicable: 1, readOnly: false });
  expect(strict.size()).toBe(3);
  expect(await note.send({ type: 'Noted', word: 'mine' })).toMatchObject({ kind: 'committed' });
  expect(note.state().context.words.at(-1)).toBe('MINE');
  await syncOnce(server, strict);
  const third = await open(Old, storage, 'third');
  await syncOnce(server, third);
  expect(third.aggregate(Old, 'n').state()).toEqual({ ...note.state(), pending: 0 });
  const unreadable = async (store: Store) =>
    (await store.findings()).map(({ code, sequence, replica }) => ({ code, sequence, replica }));
  const expected = [{ code: 'event.unreadable', sequence: 2, replica: loose.replica }];
  for (const store of [strict, third]) expect(await unreadable(store)).toEqual(expected);
  expect(JSON.stringify(await strict.findings())).not.toContain('73190264');
  await third.close();
  const again = await open(Old, storage, 'third');
  expect(again.aggregate(Old, 'n').state()).toEqual({ ...note.state(), pending: 0 });
  expect(await unreadable(again)).toEqual(expected); // kept once, however often it is read
});

it('many events of one stream that holds an unreadable one can be recorded together [REC-01]', async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const [loose, strict] = [await open(Loose), await open(Old)];
  await loose.aggregate(Loose, 'n').send({ type: 'Noted', word: 73_190_264 });
  await loose.aggregate(Loose, 'n').send({ type: 'Noted', word: 'after' });
  await syncOnce(server, loose);
  await syncOnce(server, strict);
  const items = ['a', 'b', 'c'].map((word) => ({ id: 'n', event: { type: 'Noted', word } as const }));
  const outcomes = await strict.appendAll(Old, items);
  expect(outcomes.map(({ kind }) => kind)).toEqual(['committed', 'committed', 'committed']);
  expect(strict.aggregate(Old, 'n').state().context.words).toEqual(['AFTER', 'A', 'B', 'C']);
});
