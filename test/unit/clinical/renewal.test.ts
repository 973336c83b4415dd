/** A passphrase that is renewed on one device, and what the user's other devices make of it. */
import { expect, it } from 'vitest';
import { accessNow, beginAccess, followAccess } from '../../../src/clinical.ts';
import { simulatedServer } from '../../../src/testing/index.ts';
import { codeOfAsync } from '../support.ts';
import { joins, meet, openPlace, type Place, passphraseOf } from './accessBed.ts';

const NEWER = 'a newer passphrase of ada';

const follow = async (place: Place): Promise<void> => {
  const follower = followAccess(place.store, place.session);
  await follower.settled();
  follower.stop();
};
/** Unlocks anew, a minute later. */
const again = async (place: Place, passphrase: string, next?: string): Promise<Place> => {
  await place.session.lock();
  await place.time.advance(60_000);
  const session = await place.vault.unlock({ user: 'ada', passphrase, ...(next === undefined ? {} : { next }) });
  return { ...place, session };
};
const dueOf = (place: Place): readonly boolean[] =>
  accessNow(place.store).flatMap(({ devices }) => devices.map(({ isRenewalDue }) => isRenewalDue));

/** Two devices of Ada's with a vault each, both let in and both under her first passphrase. */
const devices = async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const first = await openPlace('ada', server);
  await beginAccess(first.store, first.session, { role: 'lead', site: null, names: [] });
  await meet(first);
  const second = await openPlace('ada', server);
  await joins(first, second);
  for (const place of [first, second]) await follow(place);
  await meet(first, second);
  return { first, second };
};

it('makes the older one nothing by itself on the other device after its next sync, and is asked for there once [ACC-11]', async () => {
  const { first, second } = await devices();
  expect(dueOf(second)).toEqual([false, false]);
  const here = await again(first, passphraseOf('ada'), NEWER);
  await follow(here);
  expect(await codeOfAsync(() => here.vault.unlock({ user: 'ada', passphrase: passphraseOf('ada') }))).toBe(
    'key.refused',
  );
  const before = await again(second, passphraseOf('ada')); // not heard of it yet
  await meet(here, before);
  await follow(before);
  await before.session.lock();
  const old = { user: 'ada', passphrase: passphraseOf('ada') };
  const refusals = [
    () => before.vault.unlock(old),
    () => before.vault.unlock({ ...old, next: old.passphrase }),
    () => before.vault.signingKey(old),
    () => before.vault.addWay(old, { key: crypto.getRandomValues(new Uint8Array(32)) }),
  ];
  for (const refusal of refusals) expect(await codeOfAsync(refusal)).toBe('key.renewal-due');
  const there = { ...before, session: await before.vault.unlock({ ...old, next: NEWER }) };
  await follow(there);
  await meet(there, here);
  expect([dueOf(here), dueOf(there)]).toEqual([
    [false, false],
    [false, false],
  ]);
  for (const place of [here, there]) {
    await follow(place);
    await (await again(place, NEWER)).session.lock();
  }
});

it('is not asked for again where it was renewed meanwhile, in the same session or apart [ACC-11]', async () => {
  const { first, second } = await devices();
  const here = await again(first, passphraseOf('ada'), NEWER);
  await follow(here);
  await meet(here, second);
  await follow(second);
  await second.time.advance(1_000);
  await second.vault.renew('ada', passphraseOf('ada'), NEWER);
  await follow(second);
  const there = await again(second, NEWER);
  await follow(there);
  await meet(there, here);
  expect(dueOf(here)).toEqual([false, false]);
  expect((await again(there, NEWER)).session.user).toBe('ada');
});
