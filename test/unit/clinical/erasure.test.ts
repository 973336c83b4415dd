/** Asking for an erasure, deciding on it, and what becomes of what was erased. */
import { expect, it } from 'vitest';
import {
  approveErasure,
  carryOutErasure,
  Erasure,
  type ErasureOutcome,
  erasuresOf,
  KEEP_TRIAL_RECORD,
  redactValue,
  refuseErasure,
  requestErasure,
} from '../../../src/clinical.ts';
import { MARKER, names, Patient } from '../fields/patients.ts';
import {
  ALLOWED,
  meet,
  nameOf,
  openSites,
  patientStream,
  recordName,
  type Site,
  spreadKeys,
  tryName,
} from './erasureBed.ts';

const SHREDDED = { $sealed: 'shredded' };
const WITHDRAWN = 'Withdrew consent; letter filed on page 12.';

const idOf = (outcome: ErasureOutcome): string => {
  if ('id' in outcome) return outcome.id;
  throw new Error(outcome.kind === 'rejected' ? outcome.why : outcome.kind);
};

/** One site without a follower, so that a test decides when what is done. */
const alone = async (): Promise<Site> => {
  const [site] = (await openSites(1, { following: false })).sites;
  if (site === undefined) throw new Error('no site');
  return site;
};

const ask = (site: Site, subject = '17') =>
  requestErasure(site.store(), ALLOWED, { what: { subject }, justification: WITHDRAWN });

const approve = (site: Site, id: string) => {
  site.actAs('dora', 'dpo');
  return approveErasure(site.store(), ALLOWED, { id, justification: 'Checked with the sponsor.' });
};

/** The lines of an export that hold commits. */
const commitsIn = (text: string): readonly string[] => text.split('\n').filter((line) => line.startsWith('{"bytes"'));
const exported = async (site: Site): Promise<string> => (await site.store().export()).text();

it('is refused on record where no policy allows it, with ground, person and justification, and nothing is destroyed [ERA-03]', async () => {
  const site = await alone();
  await recordName(site, '17');
  const outcome = await requestErasure(site.store(), KEEP_TRIAL_RECORD, {
    what: { subject: '17' },
    justification: WITHDRAWN,
  });
  expect(outcome).toMatchObject({ kind: 'refused', ground: 'trial-record' });
  const [shown] = await erasuresOf(site.store());
  expect(shown).toMatchObject({
    ...{ state: 'refused', target: { kind: 'subject', subject: '17' }, devices: [] },
    requested: { by: 'nurse-1', reason: WITHDRAWN },
    refused: { by: 'nurse-1', ground: 'trial-record' },
  });
  site.actAs('dora', 'dpo');
  const late = await approveErasure(site.store(), ALLOWED, { id: idOf(outcome), justification: 'still' });
  expect(late).toEqual({ kind: 'rejected', why: 'not-open' });
  expect(await carryOutErasure(site.store(), site.session.source, ALLOWED, idOf(outcome))).toEqual({
    kind: 'waiting',
    why: 'not-approved',
  });
  expect(nameOf(site, '17')).toBe(`${MARKER} 17`);
});

it('is approved by another person who may, by nobody else, and taken back until it is carried out [ERA-02, ERA-03]', async () => {
  const site = await alone();
  await recordName(site, '17');
  const id = idOf(await ask(site));
  const decide = (policy = ALLOWED) => approveErasure(site.store(), policy, { id, justification: 'Checked.' });
  expect(await decide()).toEqual({ kind: 'rejected', why: 'not-entitled' });
  site.actAs('nurse-1', 'dpo');
  expect(await decide()).toEqual({ kind: 'rejected', why: 'same-person' });
  site.actAs('dora', 'dpo');
  expect(await decide(KEEP_TRIAL_RECORD)).toEqual({ kind: 'rejected', why: 'policy' });
  expect(await approveErasure(site.store(), ALLOWED, { id, justification: ' ' })).toMatchObject({ kind: 'not-stored' });
  expect(await decide()).toEqual({ kind: 'approved', id });
  expect(await decide()).toEqual({ kind: 'rejected', why: 'not-open' });
  const back = await refuseErasure(site.store(), { id, ground: 'legal-hold', justification: 'Inspection announced.' });
  expect(back).toEqual({ kind: 'refused', id, ground: 'legal-hold' });
  expect(await carryOutErasure(site.store(), site.session.source, ALLOWED, id)).toEqual({
    kind: 'waiting',
    why: 'not-approved',
  });
  expect(nameOf(site, '17')).toBe(`${MARKER} 17`);
  expect(await site.store().verify()).toMatchObject({ ok: true });
});

it('the machine itself takes no approval of whoever asked unless it says so [ERA-02]', async () => {
  const site = await alone();
  await recordName(site, '17');
  const erasure = site.store().aggregate(Erasure, idOf(await ask(site)));
  expect(erasure.can({ type: 'ErasureApproved', by: 'nurse-1', alone: false })).toBe(false);
  expect(erasure.can({ type: 'ErasureApproved', by: 'dora', alone: true })).toBe(false);
  expect(erasure.can({ type: 'ErasureApproved', by: 'dora', alone: false })).toBe(true);
});

it('a subject is gone from states, views, histories, exports and later openings; all else is there, chains hold [ERA-04]', async () => {
  const site = await alone();
  await recordName(site, '17');
  await recordName(site, '17/visit-2', `${MARKER} again`);
  await recordName(site, '18');
  const before = await exported(site);
  const id = idOf(await ask(site));
  await approve(site, id);
  expect(nameOf(site, '17')).toBe(`${MARKER} 17`);
  expect(await carryOutErasure(site.store(), site.session.source, ALLOWED, id)).toEqual({ kind: 'done' });
  expect(await carryOutErasure(site.store(), site.session.source, ALLOWED, id)).toEqual({ kind: 'done' });
  const check = async () => {
    await expect.poll(() => [nameOf(site, '17'), nameOf(site, '17/visit-2')]).toEqual([SHREDDED, SHREDDED]);
    expect(nameOf(site, '18')).toBe(`${MARKER} 18`);
    const rows = site.store().view(names).rows();
    expect(rows.map(({ name }) => name)).toEqual(['[shredded]', '[shredded]', `${MARKER} 18`]);
    for (const places of [await site.store().sealedPlaces({ subject: '17' })])
      expect(places.map(({ opened }) => opened)).toEqual(Array(4).fill(SHREDDED));
    expect(await site.store().verify()).toMatchObject({ ok: true });
  };
  await check();
  expect(await tryName(site, '17')).toBeUndefined();
  await site.reopen();
  await check();
  expect((await exported(site)).includes(MARKER)).toBe(false);
  expect(commitsIn(await exported(site)).slice(0, 3)).toEqual(commitsIn(before));
  const [shown] = await erasuresOf(site.store());
  expect(shown).toMatchObject({ state: 'carriedOut', approved: { by: 'dora', alone: false } });
  expect(shown?.devices).toMatchObject([{ replica: site.store().replica, state: 'confirmed' }]);
});

it('one wrong name is redacted by one call and a second person, and its neighbours stay [ERA-05]', async () => {
  const site = await alone();
  const event = await recordName(site, '17');
  const value = { stream: patientStream('17'), event, path: '/name', justification: 'Name of another person.' };
  const asked = await redactValue(site.store(), site.session.source, ALLOWED, value);
  expect(asked).toMatchObject({ kind: 'requested' });
  expect(nameOf(site, '17')).toBe(`${MARKER} 17`);
  await approve(site, idOf(asked));
  expect(await carryOutErasure(site.store(), site.session.source, ALLOWED, idOf(asked))).toEqual({ kind: 'done' });
  const { context } = site.store().aggregate(Patient, '17').state();
  await expect.poll(() => nameOf(site, '17')).toEqual(SHREDDED);
  expect(context.phones).toEqual([`${MARKER}-17`]);
  expect(await tryName(site, '17')).toBeDefined();
  expect(await redactValue(site.store(), site.session.source, ALLOWED, value)).toEqual({
    kind: 'rejected',
    why: 'already-erased',
  });
});

it('is carried out by one person where that is configured, and says so [ERA-05]', async () => {
  const site = await alone();
  const event = await recordName(site, '17');
  site.actAs('dora', 'dpo');
  const policy = { ...ALLOWED, mayApproveAlone: () => true };
  const value = { stream: patientStream('17'), event, path: '/name', justification: 'Typed into the wrong field.' };
  expect(await redactValue(site.store(), site.session.source, policy, value)).toMatchObject({ kind: 'approved' });
  await expect.poll(() => nameOf(site, '17')).toEqual(SHREDDED);
  expect(await erasuresOf(site.store())).toMatchObject([
    { state: 'carriedOut', approved: { by: 'dora', alone: true } },
  ]);
});

it('nothing of what is erased stands in its events, and a justification that tells it is not recorded [ERA-06]', async () => {
  const site = await alone();
  const event = await recordName(site, '17', 'Grete Samsa-Özil');
  const at = { stream: patientStream('17'), event, path: '/name' };
  const size = site.store().size();
  for (const justification of ['Not Grete Samsa-Özil', 'this is GRETE  SAMSA ÖZIL!', `see ${MARKER.toLowerCase()} 17`])
    expect(await requestErasure(site.store(), ALLOWED, { what: { subject: '17' }, justification })).toEqual({
      kind: 'rejected',
      why: 'tells-value',
    });
  expect(site.store().size()).toBe(size);
  const fine = await requestErasure(site.store(), ALLOWED, {
    what: { values: [at] },
    justification: 'Not the name of Gregor.',
  });
  site.actAs('dora', 'dpo');
  const telling = { id: idOf(fine), justification: 'Indeed she is Grete Samsa-Özil.' };
  expect(await approveErasure(site.store(), ALLOWED, telling)).toEqual({ kind: 'rejected', why: 'tells-value' });
  const texts = JSON.stringify(await site.store().aggregate(Erasure, idOf(fine)).history());
  expect(texts).not.toContain('Samsa');
});

it('what is not there to be erased is not asked for [ERA-03]', async () => {
  const site = await alone();
  const event = await recordName(site, '17');
  const place = { stream: patientStream('17'), event, path: '/nothing' };
  for (const what of [{ subject: '99' }, { values: [] }, { values: [place] }])
    expect(await requestErasure(site.store(), ALLOWED, { what, justification: 'x' })).toEqual({
      kind: 'rejected',
      why: 'no-such-value',
    });
});

it('a device that was offline destroys it by itself when it syncs, and until then it is listed as waiting [ERA-07]', async () => {
  const { sites } = await openSites(3);
  const [one, two, three] = sites;
  if (one === undefined || two === undefined || three === undefined) throw new Error('sites');
  await recordName(one, '17');
  await recordName(two, '18');
  await recordName(three, '19');
  await meet(one, two, three);
  await spreadKeys(one, two, three);
  for (const site of [two, three]) await site.reopen();
  expect([nameOf(two, '17'), nameOf(three, '17')]).toEqual([`${MARKER} 17`, `${MARKER} 17`]);
  three.sync().setOnline(false);
  const id = idOf(await ask(one));
  await approve(one, id);
  await meet(one, two);
  await expect.poll(() => [nameOf(one, '17'), nameOf(two, '17')]).toEqual([SHREDDED, SHREDDED]);
  expect(nameOf(three, '17')).toBe(`${MARKER} 17`);
  const statesOf = async (site: Site) => {
    const [shown] = await erasuresOf(site.store());
    const stateOf = (of: Site) => shown?.devices.find(({ replica }) => replica === of.store().replica)?.state;
    return [stateOf(one), stateOf(two), stateOf(three)];
  };
  expect(await statesOf(one)).toEqual(['confirmed', 'confirmed', 'waiting']);
  await recordName(three, '17', `${MARKER} late`); // it does not know yet
  await meet(one, two, three);
  for (const site of [one, two, three]) {
    await expect.poll(() => nameOf(site, '17')).toEqual(SHREDDED);
    expect(await statesOf(site)).toEqual(['confirmed', 'confirmed', 'confirmed']);
    expect(await tryName(site, '17')).toBeUndefined();
    expect(await site.store().verify()).toMatchObject({ ok: true });
  }
});

it('what a device destroyed under an approval, not knowing of a refusal elsewhere, is told as that and is not unlawful [ERA-02]', async () => {
  const { sites } = await openSites(2);
  const [one, two] = sites;
  if (one === undefined || two === undefined) throw new Error('sites');
  await recordName(one, '17');
  const id = idOf(await ask(one));
  await meet(one, two);
  for (const site of [one, two]) site.sync().setOnline(false);
  await approve(one, id);
  await one.follower()?.settled();
  expect(nameOf(one, '17')).toEqual(SHREDDED);
  const justification = 'Kept as evidence.';
  expect(await refuseErasure(two.store(), { id, ground: 'legal-hold', justification })).toMatchObject({
    kind: 'refused',
  });
  await meet(one, two);
  for (const { store } of [one, two]) {
    const [shown] = await erasuresOf(store());
    expect(shown).toMatchObject({ state: 'refused', contested: true, destroyedMeanwhile: [one.store().replica] });
    expect(await store().verify()).toMatchObject({ ok: true });
  }
});

it('a device whose policy does not allow it destroys nothing, whoever says that it was approved [ERA-03]', async () => {
  const { sites } = await openSites(2, { policy: KEEP_TRIAL_RECORD });
  const [one, two] = sites;
  if (one === undefined || two === undefined) throw new Error('sites');
  await recordName(one, '17');
  await approve(one, idOf(await ask(one)));
  await meet(one, two);
  await spreadKeys(one, two);
  await two.reopen();
  expect([nameOf(one, '17'), nameOf(two, '17')]).toEqual([`${MARKER} 17`, `${MARKER} 17`]);
});
