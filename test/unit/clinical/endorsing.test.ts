/** A signer's new key through the store: proposed on a new device, vouched for on others, judged by server and devices alike. */
import { describe, expect, it } from 'vitest';
import {
  accessOf,
  beginAccess,
  confirmAccountability,
  endorseKey,
  endorseSignerKey,
  enrolSigner,
  Form,
  keysToEndorse,
  openSigningSession,
  proposeSignerKey,
  Signer,
  signaturesOf,
  signerKeysOf,
  signRecords,
} from '../../../src/clinical.ts';
import { makeSigningKey, type SigningKey } from '../../../src/crypto/signer.ts';
import { signingKeyId } from '../../../src/crypto/signerKey.ts';
import { simulatedServer } from '../../../src/testing/index.ts';
import { STATEMENT } from '../signing/people.ts';
import { attempt, joins, meet, openPlace, type Place, sentBy, slipIn } from './accessBed.ts';
import { handOf, IDLE_MS, record, STATUS_TYPES } from './bed.ts';

const identity = { reference: 'HR/1', certifiedOn: '2026-01-06' };
const REASON = { reason: 'tablet lost on the ward' };

const becomeSigner = async ({ store, session }: Place): Promise<SigningKey> => {
  const key = await makeSigningKey();
  await enrolSigner(store, { id: session.user, printedName: `Name of ${session.user}`, identity }, handOf(key));
  await confirmAccountability(store, STATEMENT);
  return key;
};

const sign = async ({ store, session, time }: Place, key: SigningKey) => {
  const { version } = store.aggregate(Form, 'f1').state();
  const authenticate = async () => handOf(key);
  const outcome = await signRecords(store, {
    session: openSigningSession({ authenticate, clock: time.clock, idleMs: IDLE_MS }),
    components: { user: session.user, secret: '-' },
    ...{ meaning: 'approved', statement: 'I approve.', identityRequired: true, clock: time.clock },
    records: [{ of: Form, id: 'f1', version, statusTypes: STATUS_TYPES }],
  });
  return outcome.kind === 'refused' ? outcome.why : outcome.kind;
};
const statesOf = async ({ store }: Place) =>
  (await signaturesOf(store, [{ of: Form, id: 'f1' }])).map(({ state, endorsedBy }) => [
    state,
    ...endorsedBy.map(({ signer, as }) => `${signer} ${as}`),
  ]);

/** Ada administers; Bea had signed on a device that is gone, and has a new one; Cy is a signer of the study too. */
const study = async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const ada = await openPlace('ada', server);
  await beginAccess(ada.store, ada.session, { role: 'lead', site: null, names: [] });
  await meet(ada);
  const [lost, bea, cy] = [
    await openPlace('bea', server),
    await openPlace('bea', server),
    await openPlace('cy', server),
  ];
  for (const place of [lost, bea, cy]) await joins(ada, place);
  const keys = { ada: await becomeSigner(ada), lost: await becomeSigner(lost), cy: await becomeSigner(cy) };
  await record(lost, 'BP.SYS', '120');
  expect(await sign(lost, keys.lost)).toBe('signed');
  await meet(ada, lost, bea, cy);
  const fresh = await makeSigningKey();
  return { server, ada, lost, bea, cy, keys, fresh, proposed: signingKeyId(fresh.publicKey) };
};

const propose = async ({ bea, fresh }: Awaited<ReturnType<typeof study>>) =>
  proposeSignerKey(bea.store, { printedName: 'Bea Huber', identity, ...REASON }, handOf(fresh));

describe('a new signing key', () => {
  it('signs from the day on which it is proposed, marked until an administrator and another signer vouch, on every device [SIG-11]', async () => {
    const made = await study();
    const { ada, bea, cy, keys, fresh, proposed } = made;
    expect(await sign(bea, fresh)).toBe('other-key');
    expect(await propose(made)).toMatchObject({ kind: 'committed' });
    expect(await propose(made)).toMatchObject({ kind: 'refused', why: 'illegal' });
    expect(await sign(bea, fresh)).toBe('not-accountable');
    await confirmAccountability(bea.store, STATEMENT);
    expect(await sign(bea, fresh)).toBe('signed');
    await meet(bea, ada, cy);
    expect(await keysToEndorse(ada.store)).toMatchObject([{ signer: 'bea', key: proposed, ...REASON, endorsedBy: [] }]);
    const about = { signer: 'bea', key: proposed, reason: 'compared on the ward' };
    expect(await endorseSignerKey(ada.store, about, handOf(keys.ada))).toMatchObject({ kind: 'committed' });
    await meet(ada, cy, bea);
    expect(await statesOf(bea)).toEqual([['intact'], ['unendorsed', 'ada administrator']]);
    expect(await endorseSignerKey(cy.store, about, handOf(keys.cy))).toMatchObject({ kind: 'committed' });
    expect(await endorseSignerKey(cy.store, about, handOf(keys.cy))).toEqual({ kind: 'no-word', why: 'no-proposal' });
    await meet(cy, ada, bea);
    for (const place of [ada, bea, cy])
      expect(await statesOf(place)).toEqual([['intact'], ['intact', 'ada administrator', 'cy signer']]);
    expect((await signerKeysOf(ada.store, 'bea')).map(({ state }) => state)).toEqual(['ended', 'in-force']);
    expect(await keysToEndorse(ada.store)).toEqual([]);
    expect((await ada.store.verify()).findings).toEqual([]);
  });

  it('is proposed by its holder on a device that was let in, and vouched for by keys in force alone [SIG-11]', async () => {
    const made = await study();
    const { server, ada, cy, proposed } = made;
    const stranger = await openPlace('bea', server);
    await meet(stranger);
    const hand = handOf(await makeSigningKey());
    const facts = { printedName: 'Bea', identity, ...REASON };
    expect(await proposeSignerKey(stranger.store, facts, hand)).toMatchObject({
      kind: 'refused',
      why: 'not-permitted',
    });
    await propose(made);
    await meet(made.bea, cy, ada);
    const about = { signer: 'bea', key: proposed, reason: 'r' };
    expect(await endorseSignerKey(cy.store, about, hand)).toEqual({ kind: 'no-word', why: 'no-voucher' });
    await accessOf(ada.store).send({ type: 'UserRemoved', user: 'cy' }, { reason: 'left' });
    await meet(ada, cy);
    expect(await endorseSignerKey(cy.store, about, handOf(made.keys.cy))).toMatchObject({ why: 'not-permitted' });
  });

  it('gets no word from somebody who may not give it: the server refuses it, and one slipped in has no effect [SIG-11, ACC-09]', async () => {
    const made = await study();
    const { server, ada, bea, cy, keys, proposed } = made;
    await propose(made);
    await confirmAccountability(bea.store, STATEMENT);
    await sign(bea, made.fresh);
    await meet(bea, ada, cy);
    const word = await endorseSignerKey(ada.store, { signer: 'bea', key: proposed, reason: 'r' }, handOf(keys.ada));
    expect(word.kind).toBe('committed');
    const before = server.size();
    // Cy's device is tampered with: it says that he administers
    const given = await endorseKey(
      cy.store,
      { id: 'bea', printedName: 'Bea Huber', identity, publicKey: made.fresh.publicKey },
      { user: cy.store.actor().user, hand: handOf(keys.cy) },
    );
    const event = { type: 'SignerKeyEndorsed', ...given, proposed, as: 'administrator' } as const;
    expect((await cy.store.aggregate(Signer, 'bea').send(event, { reason: 'r' })).kind).toBe('committed');
    const forged = sentBy(cy);
    expect(await attempt(cy)).toBe('access.denied');
    expect([server.size(), forged().length]).toEqual([before, 1]);
    await meet(ada);
    slipIn(bea, forged());
    await attempt(bea);
    expect((await bea.store.findings()).map(({ code }) => code)).toEqual(['access.denied']);
    expect(await statesOf(bea)).toEqual([['intact'], ['unendorsed', 'ada administrator']]);
  });
});
