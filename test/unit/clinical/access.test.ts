/** Access as events: the list at any time, who is granted what, and what a revocation leads to. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ADMINISTRATION,
  accessAt,
  accessNow,
  accessOf,
  beginAccess,
  FailedUnlocks,
  type FollowKeys,
  followAccess,
  grantKeys,
  holderFingerprint,
  ownFingerprint,
  requestDevice,
  revokeAccess,
  rotateKeys,
  rotationsDue,
} from '../../../src/clinical.ts';
import { simulatedServer } from '../../../src/testing/index.ts';
import { codeOf, codeOfAsync } from '../support.ts';
import { meet, openPlace, type Place, passphraseOf } from './accessBed.ts';

const FIRST = { role: 'admin', site: null, names: ['study'] } as const;
const begun = async (server?: Parameters<typeof openPlace>[1]): Promise<Place> => {
  const ada = await openPlace('ada', server);
  await beginAccess(ada.store, ada.session, FIRST);
  return ada;
};
const tell = async (place: Place, event: Parameters<ReturnType<typeof accessOf>['send']>[0]): Promise<string> =>
  (await accessOf(place.store).send(event, { reason: 'as decided' })).kind;

/** Ada begins a study; Cy's and Dan's devices are let in, given `study` and granted its key. */
const team = async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const [ada, cy, dan] = [await begun(server), await openPlace('cy', server), await openPlace('dan', server)];
  await meet(ada);
  for (const other of [cy, dan]) {
    await requestDevice(other.store, other.session);
    await meet(other, ada);
    const { user } = other.session;
    const holder = await ownFingerprint(other.session);
    await tell(ada, { type: 'UserAdded', user, role: 'nurse', site: 'site-1' });
    await tell(ada, { type: 'DeviceEnrolled', holder });
    await tell(ada, { type: 'AccessGiven', user, name: 'study' });
    expect(await grantKeys(ada.store, ada.session, { name: 'study', holder })).toEqual({ kind: 'granted', keys: 1 });
  }
  await meet(ada, cy, dan);
  return { ada, cy, dan };
};
const settle = async (...places: readonly Place[]): Promise<void> => {
  for (const { store, session } of places) {
    const follower = followAccess(store, session);
    await follower.settled();
    follower.stop();
  }
};
const keysOf = async ({ session }: Place) => (await session.wrappingKeys()).map(({ id }) => id);

describe('the access list', () => {
  it('is rebuilt from events as it was, at any time and at any size of the log [ACC-01]', async () => {
    const { ada } = await team();
    const holders = accessNow(ada.store).flatMap(({ devices }) => devices.map(({ holder }) => holder));
    const user = fc.constantFrom('cy', 'dan', 'eve', '__proto__');
    const step = fc.oneof(
      fc.record({
        type: fc.constantFrom('UserAdded', 'UserChanged', 'UserReadmitted'),
        user,
        role: fc.constantFrom('nurse', 'monitor'),
        site: fc.constantFrom(null, 'site-2'),
      }),
      fc.record({ type: fc.constant('UserRemoved'), user }),
      fc.record({
        type: fc.constantFrom('AccessGiven', 'AccessRevoked'),
        user,
        name: fc.constantFrom('study', 'unblinding'),
      }),
      fc.record({
        type: fc.constant('DeviceRevoked'),
        holder: fc.constantFrom(...holders),
        from: fc.constant('2026-01-05T09:00:00.000Z'),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const place = await openPlace('ada');
        await beginAccess(place.store, place.session, FIRST);
        const seen: { size: number; instant: string; list: unknown }[] = [];
        for (const each of steps) {
          await accessOf(place.store).send(each as Parameters<typeof tell>[1], { reason: 'r' });
          const instant = new Date(place.time.clock.nowMs()).toISOString();
          seen.push({ size: place.store.size(), instant, list: accessNow(place.store) });
          await place.time.advance(1_000);
        }
        for (const { size, instant, list } of seen) {
          expect(await accessAt(place.store, { size })).toEqual(list);
          expect(await accessAt(place.store, { instant })).toEqual(list);
        }
        expect(await accessAt(place.store, { size: 0 })).toEqual([]);
        await place.store.close();
      }),
      { numRuns: 10 },
    );
  });

  it('says who recorded each change, when and why, and takes none of them without a reason [ACC-01]', async () => {
    const ada = await begun();
    await tell(ada, { type: 'UserAdded', user: 'cy', role: 'nurse', site: 'site-1' });
    const access = accessOf(ada.store);
    const change = { type: 'UserChanged', user: 'cy', role: 'monitor', site: null } as const;
    expect(await access.send(change)).toMatchObject({ kind: 'refused', why: 'reason-required' });
    await access.send(change, { reason: 'new task' });
    const last = (await access.history()).at(-1);
    expect(last).toMatchObject({ type: 'UserChanged', actor: { user: 'ada', role: 'admin' }, reason: 'new task' });
    expect([last?.before.context.users['cy']?.role, last?.after.context.users['cy']?.role]).toEqual([
      'nurse',
      'monitor',
    ]);
  });

  it('never adds a user id twice, also not that of somebody who left [ACC-02]', async () => {
    const ada = await begun();
    const cy = { type: 'UserAdded', user: 'cy', role: 'nurse', site: null } as const;
    expect(await tell(ada, cy)).toBe('committed');
    expect(await tell(ada, cy)).toBe('refused');
    await tell(ada, { type: 'UserRemoved', user: 'cy' });
    expect(await tell(ada, cy)).toBe('refused');
    expect(await tell(ada, { ...cy, type: 'UserReadmitted' })).toBe('committed');
  });

  it('refuses a device under another fingerprint than that of its key [ACC-02]', async () => {
    const ada = await begun();
    const { sharingKey } = await (await openPlace('cy')).session.holder();
    const holder = await ownFingerprint(ada.session);
    const request = { user: 'cy', sharingKey, replica: ada.store.replica, type: 'DeviceRequested' } as const;
    expect(await codeOfAsync(() => tell(ada, { ...request, holder }))).toBe('append.invalid');
    expect(await tell(ada, { ...request, holder: holderFingerprint(sharingKey) })).toBe('committed');
    expect(codeOf(() => holderFingerprint(btoa('short')))).toBe('key.malformed');
  });
});

describe('granting', () => {
  it('goes to an enrolled device of a user who is there and was given the name, and to nobody else [ACC-03]', async () => {
    const { ada, cy } = await team();
    const holder = await ownFingerprint(cy.session);
    const why = async (): Promise<string> => {
      const outcome = await grantKeys(ada.store, ada.session, { name: 'study', holder });
      return outcome.kind === 'refused' ? outcome.why : outcome.kind;
    };
    const stranger = { name: 'study', holder: 'ab'.repeat(32) };
    expect(await grantKeys(ada.store, ada.session, stranger)).toEqual({ kind: 'refused', why: 'not-enrolled' });
    expect(await why()).toBe('granted');
    await tell(ada, { type: 'AccessRevoked', user: 'cy', name: 'study' });
    expect(await why()).toBe('not-given');
    await tell(ada, { type: 'AccessGiven', user: 'cy', name: 'study' });
    await tell(ada, { type: 'UserRemoved', user: 'cy' });
    expect(await why()).toBe('removed');
    await tell(ada, { type: 'UserReadmitted', user: 'cy', role: 'nurse', site: null });
    await tell(ada, { type: 'DeviceRevoked', holder, from: '2026-01-05T09:00:00.000Z' });
    expect(await why()).toBe('revoked');
  });

  it('waits for a person where two devices disagree about the user [ACC-03]', async () => {
    const { ada, cy, dan } = await team();
    await tell(ada, { type: 'AccessGiven', user: 'dan', name: ADMINISTRATION });
    await settle(ada, cy, dan);
    await meet(ada, cy, dan);
    await tell(ada, { type: 'UserChanged', user: 'cy', role: 'monitor', site: null });
    await tell(dan, { type: 'UserRemoved', user: 'cy' });
    await meet(ada, dan);
    const to = { name: 'study', holder: await ownFingerprint(cy.session) };
    expect(await grantKeys(ada.store, ada.session, to)).toEqual({ kind: 'refused', why: 'contested' });
  });

  it('is followed on the device that it is for, and brings the keys there [ACC-04]', async () => {
    const { ada, cy, dan } = await team();
    expect(await keysOf(cy)).toEqual([]);
    await settle(cy, dan);
    expect([await keysOf(cy), await keysOf(dan)]).toEqual([await keysOf(ada), await keysOf(ada)]);
  });

  it('that was forged or damaged is left out, and the next one is taken [ACC-04]', async () => {
    const { ada, cy } = await team();
    const eve = await openPlace('eve');
    const made = await eve.session.makeWrappingKey('study');
    const holder = await ownFingerprint(ada.session);
    await tell(ada, { type: 'WrappingKeyMade', wrapping: made, name: 'study', holder });
    const forged = {
      type: 'KeyGranted',
      wrapping: made,
      name: 'study',
      sealed: btoa('no grant at all'.repeat(9)),
    } as const;
    expect(await tell(ada, { ...forged, holder: await ownFingerprint(cy.session) })).toBe('committed');
    await meet(ada, cy);
    await settle(cy);
    expect(await keysOf(cy)).toEqual(await keysOf(ada));
  });
});

describe('revoking', () => {
  it('a user, a device or a name leads to a newer key that those who stay get and the other does not [ACC-05]', async () => {
    const holderOf = (place: Place) => ownFingerprint(place.session);
    const kinds = [
      async () => ({ type: 'UserRemoved', user: 'dan' }) as const,
      async (dan: Place) =>
        ({ type: 'DeviceRevoked', holder: await holderOf(dan), from: '2026-01-05T09:00:00.000Z' }) as const,
      async () => ({ type: 'AccessRevoked', user: 'dan', name: 'study' }) as const,
    ];
    for (const kind of kinds) {
      const { ada, cy, dan } = await team();
      await settle(cy, dan);
      await meet(ada, cy, dan);
      const outcome = await revokeAccess(ada.store, ada.session, { ...(await kind(dan)), reason: 'left' });
      expect(outcome).toEqual({ kind: 'revoked', rotated: ['study'], left: [] });
      await meet(ada, cy, dan);
      await settle(cy, dan);
      expect((await keysOf(ada)).length).toBe(2);
      expect(await keysOf(cy)).toEqual(await keysOf(ada));
      expect(await keysOf(dan)).toEqual((await keysOf(ada)).slice(0, 1));
      expect(rotationsDue(accessOf(cy.store).state().context)).toEqual([]);
    }
  });

  it('leaves the rotation to somebody who holds the key, where whoever revokes does not [ACC-05]', async () => {
    const { ada, cy, dan } = await team();
    await settle(cy);
    await tell(ada, { type: 'AccessGiven', user: 'ada', name: 'unblinding' });
    await tell(ada, { type: 'AccessGiven', user: 'dan', name: ADMINISTRATION });
    await meet(ada, cy, dan);
    const revocation = { type: 'AccessRevoked', user: 'ada', name: 'study', reason: 'changed site' } as const;
    expect(await revokeAccess(dan.store, dan.session, revocation)).toMatchObject({ rotated: [], left: ['study'] });
    await meet(dan, cy);
    expect(await rotateKeys(cy.store, cy.session)).toEqual({ rotated: ['study'], left: [] });
    await meet(cy, ada);
    await settle(ada);
    expect((await keysOf(cy)).length).toBe(2);
    expect((await keysOf(ada)).length).toBe(1);
  });

  it('is made up for where the newer key was granted on a device that had not heard of it [ACC-05]', async () => {
    const { ada, cy, dan } = await team();
    await settle(ada, cy, dan);
    await meet(ada, cy, dan);
    await tell(ada, {
      type: 'DeviceRevoked',
      holder: await ownFingerprint(dan.session),
      from: '2026-01-05T09:00:00.000Z',
    });
    await cy.session.makeWrappingKey('study'); // elsewhere and at the same time, and granted to everybody
    await rotateKeys(cy.store, cy.session);
    await settle(cy);
    await meet(cy, ada, dan);
    expect(rotationsDue(accessOf(ada.store).state().context)).toEqual(['study']);
    await settle(ada);
    await rotateKeys(ada.store, ada.session);
    await meet(ada, cy, dan);
    await settle(cy, dan);
    const newest = (await keysOf(ada)).at(-1);
    expect(await keysOf(cy)).toContain(newest);
    expect(await keysOf(dan)).not.toContain(newest);
  });
});

describe('following', () => {
  const failing = (keys: FollowKeys, after: number): FollowKeys => {
    let calls = 0;
    const killed =
      <A extends readonly unknown[], R>(call: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        calls += 1;
        if (calls === after) throw new Error('killed');
        const done = await call(...args);
        calls += 1;
        if (calls === after) throw new Error('killed');
        return done;
      };
    const { accept, failures, failuresRecorded, wrappingKeys, grant, holder } = keys;
    return {
      ...keys,
      ...{ accept: killed(accept), failures: killed(failures), failuresRecorded: killed(failuresRecorded) },
      ...{ wrappingKeys: killed(wrappingKeys), grant: killed(grant), holder: killed(holder) },
    };
  };

  it('records each failed attempt once, with place and time, wherever it is cut off [ACC-06]', async () => {
    let reached = 0;
    for (let after = 1; after < 60; after++) {
      const ada = await begun();
      await ada.session.lock();
      const wrong = { user: 'ada', passphrase: 'not that one' };
      for (let tries = 0; tries < 3; tries++)
        expect(await codeOfAsync(() => ada.vault.unlock(wrong))).toBe('key.refused');
      await ada.time.advance(60_000);
      const session = await ada.vault.unlock({ user: 'ada', passphrase: passphraseOf('ada') });
      const cut = followAccess(ada.store, failing(session, after));
      const isCut = await cut.settled().then(
        () => false,
        () => true,
      );
      cut.stop();
      await settle({ ...ada, session });
      const rows = ada.store.view(FailedUnlocks).rows();
      expect(rows.map(({ user, kind, replica }) => [user, kind, replica])).toEqual(
        Array.from({ length: 3 }, () => ['ada', 'passphrase', ada.store.replica]),
      );
      expect((await session.failures()).attempts).toEqual([]);
      await ada.store.close();
      if (!isCut) break;
      reached = after;
    }
    expect(reached).toBeGreaterThan(10);
  });

  it('records a renewed passphrase and a key that came by another way [ACC-06]', async () => {
    const ada = await begun();
    await settle(ada);
    const since = () => accessNow(ada.store)[0]?.devices[0]?.passphraseSince;
    const before = since();
    await ada.session.lock();
    await ada.time.advance(60_000);
    await ada.vault.renew('ada', passphraseOf('ada'), 'another passphrase');
    const session = await ada.vault.unlock({ user: 'ada', passphrase: 'another passphrase' });
    await settle({ ...ada, session });
    expect(since()).toBe(session.unlockedBy.since);
    expect(since()).not.toBe(before);
    await ada.vault.enrol(session, { user: 'bea', passphrase: passphraseOf('bea') }, { share: ['study'] });
    await session.lock();
    const bea = await ada.vault.unlock({ user: 'bea', passphrase: passphraseOf('bea') });
    await requestDevice(ada.store, bea);
    await settle({ ...ada, session: bea });
    const held = accessOf(ada.store).state().context.held;
    expect(Object.values(held)).toEqual([
      [
        await ownFingerprint(session).catch(() => accessNow(ada.store)[0]?.devices[0]?.holder),
        await ownFingerprint(bea),
      ],
    ]);
    expect(rotationsDue(accessOf(ada.store).state().context)).toEqual(['study']);
  });

  it('ends when the keys lock [ACC-06]', async () => {
    const ada = await begun();
    const follower = followAccess(ada.store, ada.session);
    await follower.settled();
    await ada.session.lock();
    await tell(ada, { type: 'UserAdded', user: 'cy', role: 'nurse', site: null });
    await expect(follower.settled()).resolves.toBeUndefined();
  });
});
