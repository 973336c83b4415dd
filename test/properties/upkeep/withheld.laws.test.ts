/**
 * Laws of what is kept of a store with protected fields: it is what somebody sees who opens nothing, however it came about; a store
 * begins with it, says that it is stale, and ends in what folding the whole log gives.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { memoryStorage, type StorageAdapter, type Store } from '../../../src/index.ts';
import { keyRing } from '../../support/keys.ts';
import { MARKER, names, openClinic, Patient } from '../../unit/fields/patients.ts';
import { casebook, item, Visit } from '../../unit/store/trial.ts';
import { forgetful, gated, RECORD_BYTES } from './kept.ts';

const IDS = ['17', '18', '19'];
const id = fc.constantFrom(...IDS);
const secret = fc.nat(99).map((at) => `${MARKER}-${at}`);
const act = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      id,
      event: fc.oneof(
        secret.map((name) => ({ type: 'Named' as const, name })),
        fc.nat(99).map((score) => ({ type: 'Scored' as const, item: 'BP', score })),
        fc.constant({ type: 'Treated' as const, visit: 1, treatment: 'verum' as const }),
        fc.constant({ type: 'Scanned' as const, scan: Uint8Array.of(7) }),
      ),
    }),
  },
  { weight: 2, arbitrary: fc.constantFrom('compact' as const, 'reopen' as const) },
);

const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes?.subarray(32));

/** What is kept in a database, in an order of its own. */
const keptIn = (bytes: Uint8Array | undefined) => {
  const { head, states } = JSON.parse(textOf(bytes));
  return { head: { ...head, unfolded: head.unfolded.toSorted() }, states: states.toSorted() };
};

/** The same database to a writer of kept states who finds none; `written`: what it wrote. */
const anew = (storage: StorageAdapter) => {
  const written: Uint8Array[] = [];
  const adapter: StorageAdapter = {
    open: async (name) => ({
      ...(await forgetful(storage).open(name)),
      writeSnapshot: async (_, bytes) => void written.push(bytes),
    }),
  };
  return { adapter, written };
};

const contexts = (store: Store) => IDS.map((each) => store.aggregate(Patient, each).state().context);

it('kept states of a store with protected fields hold no value, and are what folding the log unopened gives [PRJ-18, FLD-13]', async () => {
  let worlds = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 40 }), async (acts) => {
      const [storage, ring] = [memoryStorage({ recordBytesMax: RECORD_BYTES }), keyRing()];
      const options = { name: `withheld-${worlds++}`, keys: { source: ring.source() }, upkeep: 'manual' } as const;
      let store = await openClinic({ ...options, storage });
      for (const each of acts) {
        if (each === 'compact') await store.compact();
        else if (each === 'reopen') {
          await store.close();
          store = await openClinic({ ...options, storage });
        } else await store.aggregate(Patient, each.id).send(each.event);
      }
      await store.compact();
      const kept = await (await storage.open(options.name)).readSnapshot('states');
      expect(textOf(kept)).not.toContain(MARKER);
      const { adapter, written } = anew(storage);
      const other = await openClinic({ ...options, storage: adapter });
      await other.compact();
      if (store.size() > 0) expect(keptIn(written.at(-1))).toEqual(keptIn(kept));
      await store.close();
      const next = await openClinic({ ...options, storage, app: '2' });
      await next.caughtUp();
      expect(contexts(next)).toEqual(contexts(other));
      expect(next.view(names).orderBy('id').result()).toEqual(other.view(names).orderBy('id').result());
      for (const each of [next, other]) await each.close();
    }),
    { numRuns: 12 },
  );
});

/** A database of 60 names and a visit, and its states kept; `more`: visits besides. */
const before = async (name: string, more = 0) => {
  const [storage, ring] = [memoryStorage({ recordBytesMax: RECORD_BYTES }), keyRing()];
  const options = { name, aggregates: [Patient, Visit], views: [names, casebook], upkeep: 'manual' } as const;
  const keys = { source: ring.source() };
  const store = await openClinic({ ...options, storage, keys });
  for (let at = 0; at < 20; at++)
    for (const each of IDS)
      await store.aggregate(Patient, each).send({ type: 'Named', name: `${MARKER} ${each} ${at}` });
  const visits = Array.from({ length: 1 + more }, (_, at) => ({ id: `s-${at + 1}`, event: item('a', at) }));
  await store.appendAll(Visit, visits);
  await store.compact();
  await store.close();
  return { storage, options: { ...options, keys }, ring };
};

it('after an update a store with protected fields opens with the rows of before, unopened and stale; what is sent is decided on opened values [PRJ-18]', async () => {
  const { storage, options } = await before('updated');
  const { adapter, release } = gated(storage);
  const store = await openClinic({ ...options, storage: adapter, app: '2' });
  const rows = store.view(names).orderBy('id');
  const waiting = IDS.map((each) => ({ id: each, name: '[waiting]' }));
  expect(rows.result()).toMatchObject({ stale: true, rows: waiting });
  const first = store.aggregate(Patient, '17');
  expect(first.state()).toMatchObject({ stale: true, version: 20 });
  expect(await first.send({ type: 'Scored', item: 'BP', score: 1 })).toMatchObject({ kind: 'committed', version: 21 });
  expect(first.state()).toMatchObject({ stale: false, context: { name: `${MARKER} 17 19`, scores: { BP: 1 } } });
  expect(rows.rows()[0]).toEqual({ id: '17', name: `${MARKER} 17 19` });
  release();
  await store.caughtUp();
  expect(rows.result()).toMatchObject({ stale: false, rows: IDS.map((each) => ({ name: `${MARKER} ${each} 19` })) });
  await store.close();
});

it('where nothing has changed only states of protected values are stale, and only in a log that is long [PRJ-18]', async () => {
  const [small, large] = [await before('small'), await before('large', 2_000)];
  const whole = await openClinic({ ...small.options, storage: small.storage });
  expect(whole.view(names).orderBy('id').limit(1).result()).toMatchObject({
    stale: false,
    rows: [{ name: `${MARKER} 17 19` }],
  });
  const { adapter, release } = gated(large.storage);
  const store = await openClinic({ ...large.options, storage: adapter });
  expect(store.view(names).orderBy('id').result()).toMatchObject({ stale: true, keys: IDS });
  expect(store.view(casebook).limit(1).result()).toMatchObject({ stale: false, keys: ['s-1'] });
  expect(store.aggregate(Visit, 's-1').state()).toMatchObject({ stale: false, version: 1 });
  release();
  await store.caughtUp();
  expect(store.view(names).orderBy('id', 'descending').limit(1).result()).toMatchObject({
    stale: false,
    rows: [{ name: `${MARKER} 19 19` }],
  });
  for (const each of [whole, store]) await each.close();
});

it('keys that go while a store is folded anew: what was opened with them is not shown [PRJ-18, FLD-12]', async () => {
  const { storage, options, ring } = await before('denied');
  const source = ring.source();
  const { adapter, release } = gated(storage);
  const store = await openClinic({ ...options, keys: { source }, storage: adapter, app: '2' });
  const from = store.rebuild$.subscribe(({ folded }) => folded > 20 && from.unsubscribe());
  ring.shred('subject/18');
  release();
  await store.caughtUp();
  expect(
    store
      .view(names)
      .orderBy('id')
      .rows()
      .map(({ name }) => name),
  ).toEqual([`${MARKER} 17 19`, '[shredded]', `${MARKER} 19 19`]);
  await store.close();
});
