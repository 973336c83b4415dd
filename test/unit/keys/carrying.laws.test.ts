/** The key sheet between devices: any interleaving of making, destroying, syncing and lost messages comes to one sheet. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventId, type KeyId } from '../../../src/core/ids.ts';
import type { DataKey } from '../../../src/crypto/dataKey.ts';
import type { KeyCarrier } from '../../../src/crypto/keyRows.ts';
import type { KeySession } from '../../../src/keys/session.ts';
import { memorySheet } from '../../../src/keys/sheet.ts';
import { type Disturbance, simulatedNetwork, simulatedServer, UNDISTURBED } from '../../../src/testing/index.ts';
import { codeOfAsync } from '../support.ts';
import { world } from './world.ts';

const DEVICES = [0, 1, 2] as const;
const SIGNAL = new AbortController().signal;
const PLACES = Array.from({ length: 4 }, (_, at) => ({
  event: eventId(`019500a0-0000-7000-8000-00000000000${at}`),
  path: '/name',
}));
const scopeOf = (name: number) => ({ kind: 'subject', name: `subject-${name}` }) as const;

/** Three devices that hold the study's wrapping key, and the way of each to one server. */
const study = async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const makeDevice = async (user: string) => {
    const sheet = memorySheet();
    let met: Disturbance = UNDISTURBED;
    const carrier = simulatedNetwork(server, () => met).keys;
    if (carrier === undefined) throw new Error('carries keys');
    const made = world({ sheet });
    const session = await made.vault.create({ user, passphrase: `passphrase of ${user}` });
    return {
      ...{ ...made, sheet, session },
      sync: async (disturbance: Disturbance = UNDISTURBED): Promise<void> => {
        met = disturbance;
        await session.sheet.exchange(carrier, SIGNAL).catch(() => undefined);
        met = UNDISTURBED;
      },
      carrier,
    };
  };
  const devices = [await makeDevice('ada'), await makeDevice('bea'), await makeDevice('cy')] as const;
  await devices[0].session.makeWrappingKey('study');
  for (const { session } of devices.slice(1))
    await session.accept(await devices[0].session.grant('study', await session.holder()));
  return { server, devices };
};
type Devices = Awaited<ReturnType<typeof study>>['devices'];

const leavesOf = (key: DataKey) => PLACES.map((place) => key.leaf(place)?.join() ?? 'gone');

/** What a device shows of a key: destroyed, not there, or its leaves. */
const shownOf = async ({ source }: KeySession, id: KeyId): Promise<string | readonly string[]> => {
  const found = await source.opening(id);
  return typeof found === 'string' ? found : leavesOf(found);
};

/** What was done to keys, wherever. */
const ledger = () => {
  const whole = new Map<KeyId, readonly string[]>();
  const destroyed = new Set<KeyId>();
  const punctured = new Set<string>();
  return {
    ...{ whole, destroyed, punctured },
    made: (key: DataKey) => {
      if (!whole.has(key.id)) whole.set(key.id, leavesOf(key));
    },
    expected: (id: KeyId): string | readonly string[] =>
      destroyed.has(id)
        ? 'shredded'
        : (whole.get(id) ?? []).map((leaf, at) => (punctured.has(`${id}/${at}`) ? 'gone' : leaf)),
  };
};

const LOST: readonly Disturbance[] = [
  { kind: 'drop-request' },
  { kind: 'drop-answer' },
  { kind: 'repeat' },
  UNDISTURBED,
];
const device = fc.constantFrom(...DEVICES);
const scope = fc.integer({ min: 0, max: 2 });
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('make' as const), device, scope }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('puncture' as const),
      device,
      scope,
      place: fc.integer({ min: 0, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('shred' as const), device, scope }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('sync' as const), device, met: fc.constantFrom(...LOST) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restore' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const act = async (devices: Devices, log: ReturnType<typeof ledger>, each: Exclude<Step, { kind: 'restore' }>) => {
  const { session, sync } = devices[each.device];
  if (each.kind === 'sync') return sync(each.met);
  const key = await session.source.sealing(scopeOf(each.scope)).catch(() => undefined);
  if (key === undefined) return undefined;
  log.made(key);
  if (each.kind === 'shred') {
    for (const id of await session.source.shred(scopeOf(each.scope))) log.destroyed.add(id);
  }
  const place = each.kind === 'puncture' ? PLACES[each.place] : undefined;
  if (each.kind === 'puncture' && place !== undefined && (await session.source.puncture(key.id, [place])))
    log.punctured.add(`${key.id}/${each.place}`);
};

const syncAll = async (devices: Devices): Promise<void> => {
  for (let round = 0; round < 3; round++) for (const { sync } of devices) await sync();
};

describe('the key sheet between devices', () => {
  it('comes to the same on all of them, destroyed wins for ever, every puncture holds, and all else opens [KEY-22]', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 24 }), async (steps) => {
        const { server, devices } = await study();
        const log = ledger();
        const gone = DEVICES.map(() => new Set<KeyId>());
        let restore = server.backup();
        for (const [at, each] of steps.entries()) {
          if (at % 5 === 4) restore = server.backup();
          if (each.kind === 'restore') {
            restore();
            for (const { session } of devices) await session.sheet.startAgain();
          } else await act(devices, log, each);
          for (const [index, known] of gone.entries()) {
            const { session } = devices[index] ?? devices[0];
            for (const id of log.destroyed) {
              const isGone = (await shownOf(session, id)) === 'shredded';
              expect(known.has(id) && !isGone).toBe(false);
              if (isGone) known.add(id);
            }
          }
        }
        await syncAll(devices);
        for (const { session, sheet } of devices) {
          for (const id of log.whole.keys()) expect(await shownOf(session, id)).toEqual(log.expected(id));
          expect(await sheet.unsent()).toEqual([]);
        }
        const sealing = ({ source }: KeySession, name: number) =>
          source.sealing(scopeOf(name)).then(
            ({ id }) => id,
            () => 'refused',
          );
        for (let name = 0; name < 3; name++) {
          const first = await sealing(devices[0].session, name);
          await syncAll(devices);
          for (const { session } of devices) expect(await sealing(session, name)).toBe(first);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('takes a destroyed key’s wrap from nobody, whatever the server answers [KEY-22]', async () => {
    const { devices } = await study();
    const [ada, bea] = devices;
    const key = await ada.session.source.sealing(scopeOf(1));
    await syncAll(devices);
    const [row] = await ada.sheet.byScope((await ada.sheet.byId(key.id))?.scope ?? '');
    if (row === undefined) throw new Error('a row');
    await bea.session.source.shred(scopeOf(1));
    await syncAll(devices);
    const lying: KeyCarrier = {
      fetch: async () => ({ rows: [{ ...row, revision: 99 }], cursor: 'lie', more: false }),
      send: async (changes) => changes.map(() => ({ kind: 'stale', row: { ...row, revision: 100 } })),
    };
    for (const { session } of devices) {
      await session.sheet.exchange(lying, SIGNAL);
      expect(await session.source.opening(key.id)).toBe('shredded');
      expect(await codeOfAsync(() => session.source.sealing(scopeOf(1)))).toBe('key.shredded');
    }
  });

  it('takes no older copy of a key in the place of one that lost values since [KEY-22]', async () => {
    const { devices } = await study();
    const [ada] = devices;
    const key = await ada.session.source.sealing(scopeOf(1));
    const [place] = PLACES;
    if (place === undefined) throw new Error('a place');
    const row = await ada.sheet.byId(key.id);
    if (row === undefined) throw new Error('a row');
    await syncAll(devices);
    await ada.session.source.puncture(key.id, [place]);
    await syncAll(devices);
    const old: KeyCarrier = {
      fetch: async () => ({ rows: [{ ...row, revision: 99 }], cursor: 'old', more: false }),
      send: async (changes) => changes.map(({ replaces }) => ({ kind: 'stored', revision: replaces + 1 })),
    };
    for (const { session } of devices) {
      await session.sheet.exchange(old, SIGNAL);
      expect((await shownOf(session, key.id))[0]).toBe('gone');
    }
  });

  it('leaves a change alone where the wrapping key is not held, until somebody holds it [KEY-22]', async () => {
    const { devices } = await study();
    const [ada, bea] = devices;
    const key = await ada.session.source.sealing(scopeOf(1));
    await syncAll(devices);
    const [first, second] = PLACES;
    if (first === undefined || second === undefined) throw new Error('places');
    await bea.session.source.puncture(key.id, [first]);
    await bea.vault.enrol(bea.session, { user: 'dan', passphrase: 'without any share' }, { share: [] });
    await bea.session.lock();
    await ada.session.source.puncture(key.id, [second]);
    await ada.sync();
    const dan = await bea.vault.unlock({ user: 'dan', passphrase: 'without any share' });
    await dan.sheet.exchange(bea.carrier, SIGNAL);
    expect(await bea.sheet.unsent()).toEqual([key.id]);
    await dan.lock();
    const again = await bea.vault.unlock({ user: 'bea', passphrase: 'passphrase of bea' });
    await again.sheet.exchange(bea.carrier, SIGNAL);
    await ada.sync();
    for (const session of [again, ada.session])
      expect((await shownOf(session, key.id)).slice(0, 2)).toEqual(['gone', 'gone']);
  });

  it('asks nothing and changes nothing once it is locked [KEY-09]', async () => {
    const { devices } = await study();
    const [ada] = devices;
    await ada.session.source.sealing(scopeOf(1));
    await ada.session.lock();
    expect(await codeOfAsync(() => ada.session.sheet.exchange(ada.carrier, SIGNAL))).toBe('key.locked');
    expect((await ada.sheet.unsent()).length).toBe(1);
  });
});
