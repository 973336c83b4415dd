/** A device whose user recorded offline what they may not record any more: nothing is lost, everybody is told, and it goes on. */
import { firstValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { ADMINISTRATION, accessNow, accessOf, beginAccess, Form } from '../../../src/clinical.ts';
import { simulatedServer } from '../../../src/testing/index.ts';
import { verifyBundle } from '../../../src/verify/index.ts';
import { attempt, joins, meet, openPlace, type Place } from './accessBed.ts';
import { record } from './bed.ts';

const itemsOf = ({ store }: Place): readonly string[] =>
  Object.keys(store.aggregate(Form, 'f1').state().context.items).sort();

/** Bea administers too, records offline, and adds somebody after Ada has ended her administration. */
const study = async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const [ada, bea] = [await openPlace('ada', server), await openPlace('bea', server)];
  await beginAccess(ada.store, ada.session, { role: 'lead', site: null, names: [] });
  await meet(ada);
  await joins(ada, bea);
  await accessOf(ada.store).send({ type: 'AccessGiven', user: 'bea', name: ADMINISTRATION });
  await meet(ada, bea);
  await record(bea, 'before', '1');
  const added = { type: 'UserAdded', user: 'dan', role: 'nurse', site: null } as const;
  expect((await accessOf(bea.store).send(added)).kind).toBe('committed');
  await record(bea, 'after', '2');
  const revoked = { type: 'AccessRevoked', user: 'bea', name: ADMINISTRATION } as const;
  expect((await accessOf(ada.store).send(revoked, { reason: 'as decided' })).kind).toBe('committed');
  await meet(ada);
  return { server, ada, bea };
};

it('goes on as a new replica after a commit that its author may not record, keeps it, and says so [ACC-12]', async () => {
  const { ada, bea } = await study();
  const before = bea.store.replica;
  expect(await attempt(bea)).toBe('access.denied');
  expect(bea.store.replica).not.toBe(before);
  await record(bea, 'later', '3');
  expect(await attempt(bea)).toBeUndefined();
  await meet(ada);
  // what was recorded before it and afterwards is there, what it was refused with is on its device
  expect(itemsOf(ada)).toEqual(['VITALS//before', 'VITALS//later']);
  expect(itemsOf(bea)).toEqual(['VITALS//after', 'VITALS//before', 'VITALS//later']);
  expect(accessNow(ada.store).map(({ user }) => user)).toEqual(['ada', 'bea']);
  expect((await firstValueFrom(bea.store.health$)).losses).toMatchObject([
    { replica: before, reason: 'refused', heldHereOnly: 2 },
  ]);
  expect((await bea.store.findings()).map(({ code, replica }) => [code, replica])).toEqual([['access.denied', before]]);
  expect(bea.sync?.status().pending).toBe(0);
});

it('exports what was refused, whole and with the finding [ACC-12]', async () => {
  const { bea } = await study();
  await attempt(bea);
  const report = await verifyBundle(new Uint8Array(await (await bea.store.export()).arrayBuffer()));
  expect([report.ok, report.recorded.map(({ code }) => code)]).toEqual([true, ['access.denied']]);
  expect(report.counts.events).toBe(bea.store.size());
});
