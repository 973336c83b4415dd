/** Who may record what, judged by the server when it takes a commit and by every device when one arrives. */
import { describe, expect, it } from 'vitest';
import {
  Access,
  ADMINISTRATION,
  accessNow,
  accessOf,
  beginAccess,
  Form,
  ownFingerprint,
  requestDevice,
} from '../../../src/clinical.ts';
import { holderFingerprint } from '../../../src/crypto/holder.ts';
import { simulatedServer } from '../../../src/testing/index.ts';
import { attempt, joins, meet, openPlace, type Place, sentBy, slipIn } from './accessBed.ts';
import { record } from './bed.ts';

type Sent = Parameters<ReturnType<typeof accessOf>['send']>[0];

/** Access as a device has it that was tampered with: everything is taken. */
const LAWLESS = { ...Access, replay: { ...Access.replay, next: (state: typeof Access.replay.initial) => state } };

const tell = async ({ store }: Place, event: Sent): Promise<void> => {
  const outcome = await accessOf(store).send(event, { reason: 'as decided' });
  expect(outcome.kind).toBe('committed');
};
/** Past the rules of the device. */
const force = async ({ store }: Place, event: Sent): Promise<void> => {
  const outcome = await store.aggregate(LAWLESS, store.tenant).send(event, { reason: 'r' });
  expect(outcome.kind).toBe('committed');
};
const itemsOf = ({ store }: Place): readonly string[] =>
  Object.keys(store.aggregate(Form, 'f1').state().context.items).sort();
const codesOf = async ({ store }: Place) => (await store.findings()).map(({ code }) => code);

const nowOf = ({ time }: Place): string => new Date(time.clock.nowMs()).toISOString();

/** Ada has founded the study and let Bea in, unless her device is a lawless one; Dan looks on. */
const study = async (lawless = false) => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const ada = await openPlace('ada', server);
  await beginAccess(ada.store, ada.session, { role: 'lead', site: null, names: [] });
  await meet(ada);
  const bea = await openPlace('bea', server, lawless ? LAWLESS : Access);
  const dan = await openPlace('dan', server);
  const holder = lawless ? await ownFingerprint(bea.session) : await joins(ada, bea);
  await joins(ada, dan);
  await meet(ada, bea, dan);
  const advance = async (): Promise<void> => {
    for (const { time } of [ada, bea, dan]) await time.advance(60_000);
  };
  await advance();
  return { server, ada, bea, dan, holder, advance };
};

describe('a revoked user or device', () => {
  const revocations: readonly ((holder: string, from: string) => Sent)[] = [
    () => ({ type: 'UserRemoved', user: 'bea' }),
    (holder, from) => ({ type: 'DeviceRevoked', holder, from }),
  ];

  it('has what was recorded afterwards refused, keeps it, and holds nobody else back [ACC-08]', async () => {
    for (const revocation of revocations) {
      const { server, ada, bea, dan, holder, advance } = await study();
      await tell(ada, revocation(holder, nowOf(ada)));
      await meet(ada);
      await advance();
      await record(bea, 'late', '1');
      const before = server.size();
      expect(await attempt(bea)).toBe('access.revoked');
      expect([server.size(), bea.sync?.status().pending, itemsOf(bea)]).toEqual([before, 1, ['VITALS//late']]);
      await record(dan, 'other', '1');
      await meet(dan, ada);
      expect([itemsOf(ada), await codesOf(ada)]).toEqual([['VITALS//other'], []]);
      expect(await attempt(bea)).toBe('access.revoked');
      expect(itemsOf(bea)).toEqual(['VITALS//late', 'VITALS//other']);
    }
  });

  it('has what was recorded before taken, and pointed out on every device that gets it [ACC-08]', async () => {
    for (const revocation of revocations) {
      const { ada, bea, dan, holder, advance } = await study();
      await record(bea, 'early', '1');
      await advance();
      await tell(ada, revocation(holder, nowOf(ada)));
      await meet(ada);
      expect(await attempt(bea)).toBeUndefined();
      await meet(ada, dan);
      for (const place of [ada, dan]) {
        expect(itemsOf(place)).toEqual(['VITALS//early']);
        expect(await codesOf(place)).toEqual(['access.after-revocation']);
      }
    }
  });

  it('has it refused also of a device that asked anew, and says that it did so before [ACC-08]', async () => {
    const { server, ada, bea, dan, holder, advance } = await study();
    const { sharingKey } = await (await openPlace('bea')).session.holder();
    const asks = { holder: holderFingerprint(sharingKey), user: 'bea', sharingKey, replica: bea.store.replica };
    await tell(bea, { type: 'DeviceRequested', ...asks });
    await advance();
    await tell(ada, { type: 'DeviceRevoked', holder, from: nowOf(ada) });
    await meet(ada);
    expect(await attempt(bea)).toBeUndefined();
    await record(bea, 'late', '1');
    const before = server.size();
    expect([await attempt(bea), server.size()]).toEqual(['access.revoked', before]);
    await meet(dan);
    expect(await codesOf(dan)).toEqual(['access.after-revocation']);
  });

  it('does not hold back whoever else uses the same device [ACC-08]', async () => {
    const { ada, bea, advance } = await study();
    await bea.vault.enrol(bea.session, { user: 'eve', passphrase: 'passphrase of eve' }, { share: [] });
    await bea.session.lock();
    const eve = await bea.vault.unlock({ user: 'eve', passphrase: 'passphrase of eve' });
    await joins(ada, { ...bea, session: eve });
    await tell(ada, { type: 'UserRemoved', user: 'bea' });
    await meet(ada);
    await advance();
    await record(bea, 'shared', '1');
    expect(await attempt(bea)).toBeUndefined();
    await meet(ada);
    expect([itemsOf(ada), await codesOf(ada)]).toEqual([['VITALS//shared'], ['access.after-revocation']]);
  });
});

describe('an event of access', () => {
  it('is refused of whoever does not administer, on their device and by the server [ACC-09]', async () => {
    const { server, ada, bea } = await study(true);
    const honest = await openPlace('cy', server);
    await requestDevice(honest.store, honest.session);
    await meet(honest);
    expect(accessOf(honest.store).can({ type: 'AccessGiven', user: 'bea', name: 'study' })).toBe(false);
    const before = accessNow(ada.store);
    await force(bea, { type: 'AccessGiven', user: 'bea', name: ADMINISTRATION });
    expect(await attempt(bea)).toBe('access.denied');
    await meet(ada);
    expect(accessNow(ada.store)).toEqual(before);
  });

  it('that a server slips in has no effect on any device, which says so [ACC-09]', async () => {
    const { server, ada, bea, dan } = await study(true);
    await force(bea, { type: 'AccessGiven', user: 'bea', name: ADMINISTRATION });
    const forged = sentBy(bea);
    expect(await attempt(bea)).toBe('access.denied');
    const before = accessNow(dan.store);
    slipIn(dan, forged());
    await attempt(dan);
    expect(forged()).toHaveLength(1);
    expect([accessNow(dan.store), await codesOf(dan)]).toEqual([before, ['access.denied']]);
    await meet(ada);
    expect([server.size() > 0, await codesOf(ada)]).toEqual([true, []]);
  });

  it('of another device in an administrator’s name is refused: a replica is not who it says [ACC-09]', async () => {
    const { server } = await study();
    const eve = await openPlace('ada', server, LAWLESS);
    await force(eve, { type: 'UserAdded', user: 'mallory', role: 'lead', site: null });
    expect(await attempt(eve)).toBe('access.denied');
  });

  it('leaves somebody who administers, and a device that goes on under another replica is bound to it anew [ACC-09]', async () => {
    const { ada, bea, holder } = await study();
    const access = accessOf(ada.store);
    expect(access.can({ type: 'UserRemoved', user: 'ada' })).toBe(false);
    expect(access.can({ type: 'AccessRevoked', user: 'ada', name: ADMINISTRATION })).toBe(false);
    await tell(ada, { type: 'AccessGiven', user: 'bea', name: ADMINISTRATION });
    await meet(ada, bea);
    expect(accessOf(bea.store).can({ type: 'UserRemoved', user: 'ada' })).toBe(true);
    await tell(ada, { type: 'DeviceMoved', holder, replica: 'ab'.repeat(16) });
    await meet(ada, bea);
    expect(accessOf(bea.store).can({ type: 'UserRemoved', user: 'ada' })).toBe(false);
  });
});
