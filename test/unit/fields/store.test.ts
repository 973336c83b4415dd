/** Protected fields end to end: what is stored, what is shown, and what becomes of it when keys come and go. */
import { expect, it } from 'vitest';
import { memoryStorage, type Store } from '../../../src/index.ts';
import { simulatedNetwork, simulatedServer, UNDISTURBED } from '../../../src/testing/index.ts';
import { keyRing } from '../../support/keys.ts';
import { outcomeOf } from '../store/trial.ts';
import { MARKER, names, openClinic, Patient } from './patients.ts';

const named = (name: string) => ({ type: 'Named', name }) as const;
const full = {
  type: 'Named' as const,
  name: MARKER,
  born: '1968-02-29',
  contacts: [
    { kind: 'home', phone: `${MARKER}-1` },
    { kind: 'work', phone: `${MARKER}-2` },
  ],
};

const patient = (store: Store, id = '17') => store.aggregate(Patient, id);
const context = (store: Store, id = '17') => patient(store, id).state().context;

/** Everything that the store would give away: its export, as text. */
const exported = async (store: Store): Promise<string> => (await store.export()).text();

/** Waits until the store shows what is expected: keys and exchanges are followed in their own time. */
const shows = (what: () => unknown) => expect.poll(what, { timeout: 20_000, interval: 5 });

it('protected values are stored sealed, and shown opened in states, views and history [FLD-07, FLD-08]', async () => {
  const store = await openClinic();
  expect(await patient(store).send(full)).toMatchObject({ kind: 'committed', version: 1 });
  await patient(store).send({ type: 'Scored', item: 'BP', score: 117.5 });
  await patient(store).send({ type: 'Scored', item: 'HR', score: null });
  const shown = { name: MARKER, phones: [`${MARKER}-1`, `${MARKER}-2`], scores: { BP: 117.5, HR: null } };
  expect(context(store)).toMatchObject(shown);
  expect(store.view(names).rows()).toEqual([{ id: '17', name: MARKER }]);
  const history = await patient(store).history();
  expect(history[0]?.payload).toEqual({ name: full.name, born: full.born, contacts: full.contacts });
  const text = await exported(store);
  for (const secret of [MARKER, btoa(MARKER).slice(0, -4), '1968-02-29', '117.5']) expect(text).not.toContain(secret);
  expect(await store.verify()).toMatchObject({ ok: true });
});

it('what is shown after opening again is what was shown before [FLD-08]', async () => {
  const [storage, ring] = [memoryStorage(), keyRing()];
  const opening = { storage, name: 'again', keys: { source: ring.source() } };
  const first = await openClinic(opening);
  await patient(first).send(full);
  await patient(first).send({ type: 'Scored', item: 'BP', score: 1 });
  await patient(first, '18').send(named('Bob'));
  const [before, other] = [context(first), context(first, '18')];
  await first.compact();
  await first.close();
  const second = await openClinic(opening);
  expect(context(second)).toEqual(before);
  expect(context(second, '18')).toEqual(other);
  expect(ring.count()).toBe(2);
});

it('bytes are protected like anything else, up to the limit [FLD-07]', async () => {
  const store = await openClinic();
  const scan = Uint8Array.from({ length: 20_000 }, (_, at) => (at === 0 ? 201 : at & 0xff));
  expect(await patient(store).send({ type: 'Scanned', scan })).toMatchObject({ kind: 'committed' });
  expect(context(store).scanBytes).toBe(201);
  expect((await patient(store).history())[0]?.payload).toEqual({ scan });
  const large = patient(store).send({ type: 'Scanned', scan: new Uint8Array(40_000) });
  expect(await outcomeOf(large)).toBe('field.too-large');
  expect(store.size()).toBe(1);
});

it('events sent one after the other are stored in that order, protected or not [FLD-09]', async () => {
  const store = await openClinic();
  const sent = Array.from({ length: 60 }, (_, at) =>
    at % 3 === 2
      ? patient(store, 'x').send({ type: 'Treated', visit: at, treatment: at % 2 === 0 ? 'verum' : 'placebo' })
      : patient(store, 'x').send(at % 3 === 1 ? named(`N${at}`) : { type: 'Scored', item: `I${at}`, score: at }),
  );
  const last = patient(store, 'x').send({ type: 'Closed' });
  const refused = patient(store, 'x').send(named('late'));
  const outcomes = await Promise.all(sent);
  expect(outcomes.map((outcome) => outcome.kind === 'committed' && outcome.position)).toEqual(sent.map((_, at) => at));
  expect(await last).toMatchObject({ kind: 'committed', version: 61 });
  expect(await refused).toMatchObject({ kind: 'refused', why: 'illegal' });
});

it('many events in bulk are sealed, each for its own subject [FLD-07, FLD-09]', async () => {
  const ring = keyRing();
  const store = await openClinic({ keys: { source: ring.source() } });
  const items = Array.from({ length: 1_200 }, (_, at) => ({
    id: `s${at % 7}/v${at % 3}`,
    event: named(`${MARKER} ${at}`),
  }));
  const outcomes = await store.appendAll(Patient, items);
  expect(outcomes.every(({ kind }) => kind === 'committed')).toBe(true);
  expect(ring.count()).toBe(7);
  expect(context(store, 's0/v0').name).toBe(`${MARKER} 1197`);
  expect(await exported(store)).not.toContain(MARKER);
});

it('a store with protected fields does not open without keys, and nothing is made [FLD-10]', async () => {
  const storage = memoryStorage();
  const { keys: _, ...options } = { keys: undefined, storage, name: 'without' };
  const { openStore } = await import('../../../src/index.ts');
  const opening = openStore({
    ...options,
    tenant: 'acme-042',
    aggregates: [Patient],
    actor: () => ({ userId: 'n', role: 'r' }),
  });
  expect(await outcomeOf(opening)).toBe('key.session-required');
});

it('a user without the group sees that an event exists, and not its value nor its size [FLD-11]', async () => {
  const [storage, ring] = [memoryStorage(), keyRing()];
  const open = await openClinic({ storage, name: 'blind', keys: { source: ring.source() } });
  await patient(open).send({ type: 'Treated', visit: 1, treatment: 'verum' });
  await patient(open).send({ type: 'Treated', visit: 2, treatment: 'placebo' });
  const blinded = await openClinic({ storage, name: 'blind', keys: { source: ring.source(['group/treatment']) } });
  expect(patient(blinded).state()).toMatchObject({ version: 2, inapplicable: 0, readOnly: false });
  expect(context(blinded).treatment).toEqual({ $sealed: 'blinded' });
  const lengths = (await patient(blinded).history()).map(({ payload }) => payload['treatment']);
  expect(lengths).toEqual([{ $sealed: 'blinded' }, { $sealed: 'blinded' }]);
  const sealed = /"treatment":\{"\$sealed":\{"key":"[^"]+","value":"([^"]+)"/g;
  const events = (await exported(blinded)).match(/[A-Za-z0-9+/=]{400,}/g) ?? [];
  const texts = events.map((text) => atob(text)).join('');
  const sizes = [...texts.matchAll(sealed)].map(([, value]) => value?.length);
  expect(sizes).toHaveLength(2);
  expect(new Set(sizes).size).toBe(1);
  const writing = patient(blinded).send({ type: 'Treated', visit: 3, treatment: 'verum' });
  expect(await outcomeOf(writing)).toBe('key.not-held');
  expect(await patient(blinded).send(named('Ada'))).toMatchObject({ kind: 'committed' });
});

it('keys that come or go are followed at once: states, views and history, without a new opening [FLD-12]', async () => {
  const [storage, ring] = [memoryStorage(), keyRing()];
  const source = ring.source();
  const store = await openClinic({ storage, keys: { source } });
  await patient(store).send(full);
  source.deny(['subject/17']);
  await shows(() => context(store)).toMatchObject({
    name: { $sealed: 'not-held' },
    phones: [{ $sealed: 'not-held' }, { $sealed: 'not-held' }],
  });
  expect(store.view(names).rows()).toEqual([{ id: '17', name: '[not-held]' }]);
  source.deny([]);
  await shows(() => context(store).name).toBe(MARKER);
  ring.shred('subject/17');
  await shows(() => context(store).name).toEqual({ $sealed: 'shredded' });
  expect(store.view(names).rows()).toEqual([{ id: '17', name: '[shredded]' }]);
  expect(JSON.stringify(await patient(store).history())).not.toContain(MARKER);
  expect(await outcomeOf(patient(store).send(named('again')))).toBe('key.shredded');
  expect(await store.verify()).toMatchObject({ ok: true });
});

it('one redacted value is gone, its neighbours stay [FLD-05, FLD-12]', async () => {
  const ring = keyRing();
  const store = await openClinic({ keys: { source: ring.source() } });
  const outcome = await patient(store).send(full);
  if (outcome.kind !== 'committed') throw new Error(outcome.kind);
  ring.redact('subject/17', { event: outcome.eventId, path: '/contacts/0/phone' });
  await shows(() => context(store)).toMatchObject({ name: MARKER, phones: [{ $sealed: 'shredded' }, `${MARKER}-2`] });
});

it('a machine that stumbles over a placeholder keeps the event without effect, and goes on [FLD-08]', async () => {
  const [storage, ring] = [memoryStorage(), keyRing()];
  const first = await openClinic({ storage, name: 'stumble', keys: { source: ring.source() } });
  await patient(first).send({ type: 'Scanned', scan: Uint8Array.of(9) });
  await patient(first).send({ type: 'Scored', item: 'BP', score: 3 });
  const other = await openClinic({ storage, name: 'stumble', keys: { source: ring.source(['subject/17']) } });
  expect(patient(other).state()).toMatchObject({ version: 2, inapplicable: 1 });
  expect(context(other)).toMatchObject({ scanBytes: 0, scores: { BP: { $sealed: 'not-held' } } });
  expect(patient(other).can({ type: 'Closed' })).toBe(true);
  expect(await patient(other).send({ type: 'Closed' })).toMatchObject({ kind: 'committed', version: 3 });
});

it('nothing opened is kept for the next opening [FLD-13]', async () => {
  const storage = memoryStorage();
  const written: Uint8Array[] = [];
  const spied = {
    ...storage,
    open: async (name: string) => {
      const opened = await storage.open(name);
      return {
        ...opened,
        writeSnapshot: async (key: string, bytes: Uint8Array) => {
          written.push(bytes);
          await opened.writeSnapshot(key, bytes);
        },
      };
    },
  };
  const store = await openClinic({ storage: spied });
  await patient(store).send(full);
  await store.compact();
  expect(written).toHaveLength(1);
  const kept = written.map((bytes) => new TextDecoder().decode(bytes)).join();
  expect(kept).toContain('"$sealed":"waiting"');
  for (const secret of [MARKER, '1968-02-29']) expect(kept).not.toContain(secret);
});

it('another device opens what came by sync, and what it may not open stays sealed there [FLD-08]', async () => {
  const [ring, server] = [keyRing(), await simulatedServer({ tenant: 'acme-042' })];
  const device = async (denied: readonly string[]) => {
    const store = await openClinic({ keys: { source: ring.source(denied) } });
    const transport = simulatedNetwork(server, () => UNDISTURBED);
    const sync = store.sync({ url: 'https://server.invalid', transport, network: 'offline' });
    const exchange = async (size: number): Promise<void> => {
      sync.setOnline(true);
      await shows(() => [store.size(), patient(store).state().pending]).toEqual([size, 0]);
      sync.setOnline(false);
    };
    return { store, exchange };
  };
  const [one, two, three] = [await device([]), await device([]), await device(['subject/17'])];
  await patient(one.store).send(full);
  await patient(one.store).send({ type: 'Treated', visit: 1, treatment: 'verum' });
  for (const each of [one, two, three]) await each.exchange(2);
  await shows(() => context(two.store)).toEqual(context(one.store));
  await shows(() => context(three.store)).toMatchObject({ name: { $sealed: 'not-held' }, treatment: 'verum' });
  await patient(two.store).send(named('Renamed'));
  for (const each of [two, one, three]) await each.exchange(3);
  await shows(() => context(one.store).name).toBe('Renamed');
  expect(patient(three.store).state()).toMatchObject({ version: 3, conflicts: [], inapplicable: 0 });
});

it('locking the keys closes the store [FLD-10]', async () => {
  const ring = keyRing();
  const listeners = new Set<() => Promise<void> | void>();
  const onLock = (listener: () => Promise<void> | void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const store = await openClinic({ keys: { source: ring.source(), onLock } });
  await patient(store).send(full);
  for (const lock of listeners) await lock();
  expect(await outcomeOf(patient(store).send(named('late')))).toBe('storage.closed');
  expect(listeners.size).toBe(0);
  await store.close();
});

/** Lets other work go on `turns` times. */
const turns = async (count: number): Promise<void> => {
  for (let at = 0; at < count; at++) await (at % 8 === 7 ? new Promise((done) => setImmediate(done)) : undefined);
};

it.each([0, 3, 9, 20, 40])(
  'a key destroyed %i turns after a value was sent leaves nothing of it to be seen, here and where it arrives [ERA-08]',
  async (count) => {
    const [ring, server] = [keyRing(), await simulatedServer({ tenant: 'acme-042' })];
    const device = async () => {
      const store = await openClinic({ keys: { source: ring.source() } });
      const transport = simulatedNetwork(server, () => UNDISTURBED);
      return { store, sync: store.sync({ url: 'https://server.invalid', transport, network: 'online' }) };
    };
    const [one, two] = [await device(), await device()];
    await patient(one.store).send(full);
    await one.sync.now();
    const sending = outcomeOf(patient(one.store).send(named(`${MARKER} again`)));
    const pulling = two.sync.now();
    await turns(count);
    ring.shred('subject/17');
    await Promise.all([sending, pulling]);
    for (let round = 0; round < 2; round++) for (const { sync } of [one, two]) await sync.now();
    for (const { store } of [one, two]) {
      await shows(() => context(store).name).toEqual({ $sealed: 'shredded' });
      await turns(64);
      expect(JSON.stringify([context(store), store.view(names).rows(), await patient(store).history()])).not.toContain(
        MARKER,
      );
      expect(await store.verify()).toMatchObject({ ok: true });
    }
  },
);
