/** Erasing over devices that are apart, closed, and interrupted: what was erased opens nowhere, all else does. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  approveErasure,
  carryOutErasure,
  type ErasingKeys,
  erasuresOf,
  requestErasure,
} from '../../../src/clinical.ts';
import { isSealed } from '../../../src/core/protect.ts';
import {
  ALLOWED,
  meet,
  nameOf,
  openSites,
  openVaults,
  recordName,
  type Site,
  spreadKeys,
  tryName,
} from '../../unit/clinical/erasureBed.ts';
import { MARKER } from '../../unit/fields/patients.ts';

const PLACES = [0, 1] as const;
/** Subjects of one history: the keys of another's stay what they have become. */
const subjectsOf = (history: number): readonly string[] => PLACES.map((at) => `${history}-${at}`);

type Step =
  | { readonly act: 'name' | 'erase' | 'redact'; readonly site: number; readonly subject: (typeof PLACES)[number] }
  | { readonly act: 'sync' | 'reopen' | 'leave'; readonly site: number }
  | { readonly act: 'spread' };

const site = fc.nat({ max: 2 });
const subject = fc.constantFrom(...PLACES);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ act: fc.constant('name' as const), site, subject }) },
  { weight: 4, arbitrary: fc.record({ act: fc.constantFrom('erase' as const, 'redact' as const), site, subject }) },
  {
    weight: 6,
    arbitrary: fc.record({ act: fc.constantFrom('sync' as const, 'reopen' as const, 'leave' as const), site }),
  },
  { weight: 2, arbitrary: fc.constant({ act: 'spread' as const }) },
);

const eraseAt = async (at: Site, id: string, act: 'erase' | 'redact'): Promise<void> => {
  const [first] = await at.store().sealedPlaces({ subject: id });
  if (act === 'redact' && first === undefined) return;
  const what = first === undefined || act === 'erase' ? { subject: id } : { values: [first] };
  at.actAs('nurse-1');
  const asked = await requestErasure(at.store(), ALLOWED, { what, justification: 'Asked for in writing.' });
  if (asked.kind !== 'requested') return;
  at.actAs('dora', 'dpo');
  await approveErasure(at.store(), ALLOWED, { id: asked.id, justification: 'Found in order.' });
};

const perform = async (sites: readonly Site[], subjects: readonly string[], one: Step): Promise<void> => {
  if (one.act === 'spread') return spreadKeys(...sites);
  const at = sites[one.site];
  if (at === undefined) throw new RangeError(one.act);
  if (one.act === 'name') await tryName(at, `${subjects[one.subject]}/${at.name}`);
  else if (one.act === 'erase' || one.act === 'redact') await eraseAt(at, subjects[one.subject] ?? '', one.act);
  else if (one.act === 'reopen') await at.reopen();
  else {
    at.sync().setOnline(true);
    await at.sync().now();
    if (one.act === 'sync') await at.follower()?.settled();
    at.sync().setOnline(false);
  }
};

type Erased = { readonly subjects: ReadonlySet<string>; readonly values: ReadonlySet<string> };

/** What was erased, or may have been: an interruption comes between destroying and recording. */
const erasedBy = async (at: Site, states: readonly string[]): Promise<Erased> => {
  const done = (await erasuresOf(at.store())).filter(({ state }) => states.includes(state));
  return {
    subjects: new Set(done.flatMap(({ target }) => (target?.kind === 'subject' ? [target.subject] : []))),
    values: new Set(
      done.flatMap(({ target }) =>
        target?.kind === 'values' ? target.places.map((place) => place.event + place.path) : [],
      ),
    ),
  };
};

/** What each device opens, against what was erased: nothing of that, and all else of which it has the key. */
const expectErased = async (sites: readonly Site[], subjects: readonly string[], told: string): Promise<void> => {
  for (const at of sites) {
    const erased = await erasedBy(at, ['carriedOut']);
    const maybe = await erasedBy(at, ['approved', 'carriedOut']);
    for (const id of subjects)
      for (const place of await at.store().sealedPlaces({ subject: id })) {
        const isIn = ({ subjects: gone, values }: Erased) => gone.has(id) || values.has(place.event + place.path);
        const isErased = isIn(erased);
        const key = await at.session.source.opening(place.key);
        const opens = typeof key !== 'string' && key.holds(place);
        expect(opens && isErased, told).toBe(false);
        expect(isSealed(place.opened), told).toBe(!opens);
        if (!isIn(maybe) && typeof key !== 'string') expect(String(place.opened), told).toContain(MARKER);
      }
    expect(await at.store().verify(), told).toMatchObject({ ok: true });
    for (const { devices } of (await erasuresOf(at.store())).filter(({ state }) => state === 'carriedOut'))
      expect(
        devices.filter(({ state }) => state !== 'confirmed'),
        told,
      ).toEqual([]);
  }
};

it('after all devices have synced, none opens what was erased, everything else opens, and chains and proofs hold [ERA-04, ERA-07]', async () => {
  const people = await openVaults(3);
  let histories = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12 }), async (steps) => {
      const subjects = subjectsOf(++histories);
      const { sites } = await openSites(people);
      for (const at of sites) at.sync().setOnline(false);
      for (const place of PLACES) await perform(sites, subjects, { act: 'name', site: 0, subject: place });
      for (const one of steps) await perform(sites, subjects, one);
      await spreadKeys(...sites);
      for (const at of sites) await at.reopen();
      await meet(...sites);
      await expectErased(sites, subjects, JSON.stringify(steps));
      for (const at of sites) {
        const states = (await erasuresOf(at.store())).map(({ state }) => state);
        expect(states.filter((state) => state !== 'carriedOut')).toEqual([]);
        await at.store().close();
      }
    }),
    { numRuns: 10 },
  );
});

/** Keys that break off before one of their calls. */
const breakingAt = (keys: ErasingKeys, call: number): ErasingKeys => {
  let calls = 0;
  const counted = <A extends readonly unknown[], T>(work: (...args: A) => Promise<T>) => {
    return async (...args: A): Promise<T> => {
      if (calls++ === call) throw new Error('interrupted');
      return work(...args);
    };
  };
  return {
    ...keys,
    ...{ shred: counted(keys.shred), puncture: counted(keys.puncture) },
    ...{ fate: counted(keys.fate), opening: counted(keys.opening) },
  };
};

it.each(['erase', 'redact'] as const)(
  '%s: interrupted at any step it is done again to the same end, and is not recorded before it is done [ERA-07]',
  async (act) => {
    let interruptions = 0;
    for (let call = 0; ; call++) {
      const { sites } = await openSites(1, { following: false });
      const [at] = sites;
      if (at === undefined) throw new RangeError('site');
      await recordName(at, '17');
      await recordName(at, '18');
      await eraseAt(at, '17', act);
      const [{ id } = { id: '' }] = await erasuresOf(at.store());
      const first = await carryOutErasure(at.store(), breakingAt(at.session.source, call), ALLOWED, id).catch(
        () => undefined,
      );
      if (first === undefined) {
        interruptions += 1;
        await expectErased([at], ['17', '18'], `interrupted at ${call}`); // only what is recorded as done has to be done
        await at.reopen();
      }
      expect(await carryOutErasure(at.store(), at.session.source, ALLOWED, id)).toEqual({ kind: 'done' });
      await expectErased([at], ['17', '18'], `again after ${call}`);
      expect(nameOf(at, '18')).toBe(`${MARKER} 18`);
      const size = at.store().size();
      expect(await carryOutErasure(at.store(), at.session.source, ALLOWED, id)).toEqual({ kind: 'done' });
      expect(at.store().size()).toBe(size);
      await at.store().close();
      if (first !== undefined) break;
    }
    expect(interruptions).toBeGreaterThan(2);
  },
);
