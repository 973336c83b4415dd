/** Recovery: who can do it, with whom, and what does not come back. */
import { expect, it } from 'vitest';
import {
  accessOf,
  beginAccess,
  followAccess,
  makeRecoveryKey,
  ownFingerprint,
  recoverKeys,
  releaseShare,
  requestDevice,
  revokeAccess,
  rotationsDue,
} from '../../../src/clinical.ts';
import { combineShares, splitSecret } from '../../../src/crypto/shares.ts';
import { simulatedServer } from '../../../src/testing/index.ts';
import { hex } from '../support.ts';
import { meet, openPlace, type Place, passphraseOf } from './accessBed.ts';

/** Ada begins; custodians and a new device of Ada's are let in, which were granted nothing. */
const study = async (threshold: number) => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const ada = await openPlace('ada', server);
  await beginAccess(ada.store, ada.session, { role: 'admin', site: null, names: ['study'] });
  await meet(ada);
  const letIn = async (user: string): Promise<Place> => {
    const place = await openPlace(user, server);
    await requestDevice(place.store, place.session);
    await meet(place, ada);
    const access = accessOf(ada.store);
    const added = { type: 'UserAdded', user, role: 'custodian', site: null } as const;
    if (access.can(added)) await access.send(added);
    await access.send({ type: 'DeviceEnrolled', holder: await ownFingerprint(place.session) });
    return place;
  };
  const custodians = [await letIn('cy'), await letIn('dan'), await letIn('eve')] as const;
  const prints = await Promise.all(custodians.map(({ session }) => ownFingerprint(session)));
  const made = await makeRecoveryKey(ada.store, ada.session, { custodians: prints, threshold, names: ['study'] });
  if (made.kind !== 'made') throw new Error(made.kind);
  const fresh = await letIn('ada');
  await meet(ada, ...custodians, fresh);
  const to = await ownFingerprint(fresh.session);
  const release = async (place: Place) => {
    const outcome = await releaseShare(place.store, place.session, { ...made, to, reason: 'tablet lost' });
    await meet(place, fresh);
    return outcome?.kind;
  };
  return { ada, custodians, prints, fresh, to, release, recovery: made.recovery };
};
const keysOf = async ({ session }: Place) => (await session.wrappingKeys()).map(({ id }) => id);

it('gives a new device the wrapping keys when as many custodians as configured have released their shares, and no sooner [ACC-07]', async () => {
  for (const threshold of [1, 2, 3]) {
    const { ada, custodians, fresh, release, recovery } = await study(threshold);
    await revokeAccess(ada.store, ada.session, { type: 'AccessRevoked', user: 'ada', name: 'study', reason: 'r' });
    await accessOf(ada.store).send({ type: 'AccessGiven', user: 'ada', name: 'study' });
    for (const [released, custodian] of custodians.slice(0, threshold).entries()) {
      const waiting = { kind: 'waiting', released, needed: threshold };
      expect(await recoverKeys(fresh.store, fresh.session, recovery)).toEqual(waiting);
      expect(await keysOf(fresh)).toEqual([]);
      expect(await release(custodian)).toBe('committed');
    }
    const expected = await keysOf(ada);
    expect(await recoverKeys(fresh.store, fresh.session, recovery)).toEqual({
      kind: 'recovered',
      keys: expected.length,
    });
    expect(await keysOf(fresh)).toEqual(expected);
    for (const { session } of custodians) expect(await session.wrappingKeys()).toEqual([]);
  }
});

it('reaches newer keys too, says who has them, and is due for rotation once the recovery key is revoked [ACC-07]', async () => {
  const { ada, custodians, fresh, to, release, recovery } = await study(2);
  await ada.session.makeWrappingKey('study');
  const follower = followAccess(ada.store, ada.session);
  await revokeAccess(ada.store, ada.session, { type: 'UserRemoved', user: 'eve', reason: 'left' });
  await follower.settled();
  await meet(ada, ...custodians, fresh);
  for (const custodian of custodians.slice(0, 2)) expect(await release(custodian)).toBe('committed');
  expect(await release(custodians[2])).toBe('refused');
  expect((await recoverKeys(fresh.store, fresh.session, recovery)).kind).toBe('recovered');
  expect(await keysOf(fresh)).toEqual(await keysOf(ada));
  const { held } = accessOf(fresh.store).state().context;
  for (const key of await keysOf(ada)) expect(held[key]).toContain(to);
  const access = accessOf(ada.store);
  const revoked = { type: 'DeviceRevoked', holder: recovery, from: '2026-01-05T09:00:00.000Z' } as const;
  await access.send(revoked, { reason: 'used' });
  expect(rotationsDue(access.state().context)).toEqual(['study']);
});

it('brings back no signing key: the new device signs under another one [ACC-07, SIG-07]', async () => {
  const { ada, custodians, fresh, release, recovery } = await study(2);
  const signing = async ({ vault }: Place) =>
    hex((await vault.signingKey({ user: 'ada', passphrase: passphraseOf('ada') })).publicKey);
  const before = [await signing(ada), await signing(fresh)];
  for (const custodian of custodians.slice(1)) await release(custodian);
  expect((await recoverKeys(fresh.store, fresh.session, recovery)).kind).toBe('recovered');
  expect([await signing(ada), await signing(fresh)]).toEqual(before);
  expect(before[0]).not.toBe(before[1]);
});

it('takes neither a share for somebody else nor a wrong one, and goes on with those that are right [ACC-07]', async () => {
  const { ada, custodians, prints, fresh, to, release, recovery } = await study(2);
  const [cy, dan, eve] = custodians;
  const access = accessOf(cy.store);
  const forged = {
    type: 'RecoveryShareReleased',
    recovery,
    by: prints[0] ?? '',
    to,
    sealed: btoa('no share'.repeat(20)),
  } as const;
  expect((await access.send(forged, { reason: 'r' })).kind).toBe('committed');
  expect((await access.send({ ...forged, by: to }, { reason: 'r' })).kind).toBe('refused');
  expect((await access.send(forged)).kind).toBe('refused');
  expect(await releaseShare(ada.store, ada.session, { recovery, to, reason: 'r' })).toBeUndefined();
  await meet(cy, fresh);
  expect(await recoverKeys(fresh.store, fresh.session, recovery)).toMatchObject({ kind: 'waiting', released: 0 });
  expect(await release(dan)).toBe('committed');
  expect(await recoverKeys(fresh.store, fresh.session, recovery)).toMatchObject({ kind: 'waiting', released: 1 });
  expect(await recoverKeys(dan.store, dan.session, recovery)).toMatchObject({ kind: 'waiting', released: 0 });
  await release(eve);
  expect((await recoverKeys(fresh.store, fresh.session, recovery)).kind).toBe('recovered');
  expect(await recoverKeys(fresh.store, fresh.session, to)).toEqual({ kind: 'unknown' });
});

it('is shared among different people who are enrolled, with a number of them that can be met [ACC-07]', async () => {
  const { ada, prints, to } = await study(2);
  const make = (custodians: readonly string[], threshold: number) =>
    makeRecoveryKey(ada.store, ada.session, { custodians, threshold, names: [] });
  const own = await ownFingerprint(ada.session);
  expect(await make([...prints, 'ab'.repeat(32)], 2)).toEqual({ kind: 'refused', why: 'not-enrolled' });
  await meet(ada);
  expect(await make([own, to], 2)).toEqual({ kind: 'refused', why: 'same-person' });
  for (const threshold of [0, 4, 1.5])
    expect(await make(prints, threshold)).toEqual({ kind: 'refused', why: 'threshold' });
});

it('a secret comes back from any shares that are enough, and from no fewer [ACC-07]', async () => {
  const secret = Uint8Array.from({ length: 138 }, (_, at) => (at * 7) & 0xff);
  for (let count = 2; count <= 5; count++)
    for (let needed = 2; needed <= count; needed++) {
      const shares = await splitSecret(secret, { count, needed });
      for (let from = 0; from <= count - needed; from++)
        expect(hex(await combineShares(shares.slice(from, from + needed)))).toBe(hex(secret));
      expect(hex(await combineShares(shares.slice(0, needed - 1)))).not.toBe(hex(secret));
    }
});
