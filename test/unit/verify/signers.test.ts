/** The verifier on signers: which keys count, since when, until when, and whose ids are contested. */
import { expect, it } from 'vitest';
import { type HashedEvent, signerStream } from '../../../src/crypto/signerEvents.ts';
import { keyIdOf, type Person, personOf, replacement } from '../signing/people.ts';
import { MAYER, ready, sign } from '../signing/ready.ts';
import { contentOf, type openWorld } from '../signing/world.ts';
import { KEY_A, KEY_B, KEY_C } from '../support.ts';

const [A, B, ADMIN] = [KEY_A, KEY_B, KEY_C];
const WEBER = await personOf('dr-weber', 'Dr. Jo Weber');
const LANG = await personOf('dr-lang', 'Dr. Li Lang');
const place = (event: HashedEvent) => ({ replica: event.context.replica, sequence: event.body.sequence });

const replace = async (
  world: ReturnType<typeof openWorld>,
  person: Person,
  by: readonly Person[],
  seen: readonly HashedEvent[],
) =>
  world.write(ADMIN, {
    stream: signerStream(person.id),
    type: 'SignerKeyReplaced',
    payload: await replacement(person, by),
    seen,
    actor: 'admin',
  });

it('leaves open whose signature it is when one id was enrolled at two places, until the key is pinned [SIG-03]', async () => {
  const { world, account, content } = await sign();
  const fake = await personOf(MAYER.id, MAYER.printedName, ADMIN);
  const claimed = await world.enrol(ADMIN, fake);
  const report = await world.verify();
  const what = 'enrolled at two places';
  expect(report.findings).toEqual([
    { code: 'esign.signer-reused', ...place(account.enrolled), what },
    { code: 'esign.signer-reused', ...place(claimed), what },
  ]);
  expect(report.signatures.map(({ state }) => state)).toEqual(['contested']);
  const pinned = await world.verify({ signers: { [MAYER.id]: [content.key] } });
  expect(pinned.signatures.map(({ state, keyPinned }) => [state, keyPinned])).toEqual([['intact', true]]);
  const wrong = await world.verify({ signers: { [MAYER.id]: [keyIdOf(fake)] } });
  expect(wrong.signatures.map(({ state }) => state)).toEqual(['invalid']);
  expect(wrong.findings.map(({ what: why }) => why)).toContain('not the pinned key');
});

it('takes a new key for which the one before it vouches, or two other signers [SIG-03]', async () => {
  for (const by of [[MAYER], [WEBER, LANG]]) {
    const { world, account, items } = await ready();
    await world.account(B, WEBER);
    await world.account(B, LANG);
    const renewed = await personOf(MAYER.id, 'Dr. Ana Huber');
    const enrolled = await replace(world, renewed, by, [account.enrolled, account.confirmed]);
    const confirmed = await world.confirm(A, renewed, [account.enrolled, account.confirmed, enrolled]);
    await world.act(A, contentOf(renewed, { enrolled, confirmed }, items), { signedBy: renewed.key });
    const { findings, signatures } = await world.verify();
    expect(findings).toEqual([]);
    expect(signatures.map(({ key, printedName, state }) => [key, printedName, state])).toEqual([
      [keyIdOf(renewed), 'Dr. Ana Huber', 'intact'],
    ]);
  }
});

it('does not let a key vouch that others vouched for, nor one person twice [SIG-07]', async () => {
  const { world, account } = await ready();
  await world.account(B, WEBER);
  const lang = await world.account(B, LANG);
  await world.account(B, await personOf('dr-four', 'Four', KEY_C));
  const recovered = await personOf(LANG.id, LANG.printedName);
  await replace(world, recovered, [MAYER, WEBER], [lang.enrolled, lang.confirmed]);
  const renewed = await personOf(MAYER.id, MAYER.printedName);
  for (const by of [[WEBER, recovered], [WEBER, WEBER], [WEBER]])
    await replace(world, renewed, by, [account.enrolled, account.confirmed]);
  const { findings } = await world.verify();
  expect(findings.map(({ code, what }) => [code, what])).toEqual(Array(3).fill(['esign.key-unknown', 'endorsements']));
});

it.each([
  { end: 'SignerDeactivated', on: 'same', when: 'before', faults: ['esign.key-not-in-force'], keyEnded: false },
  { end: 'SignerDeactivated', on: 'same', when: 'after', faults: [], keyEnded: false },
  { end: 'SignerDeactivated', on: 'other', when: 'before', faults: [], keyEnded: true },
  { end: 'SignerKeyReplaced', on: 'same', when: 'before', faults: ['esign.key-not-in-force'], keyEnded: false },
  { end: 'SignerKeyReplaced', on: 'same', when: 'after', faults: [], keyEnded: false },
  { end: 'SignerKeyReplaced', on: 'other', when: 'after', faults: [], keyEnded: true },
])('judges a key by the order that can be shown: $end on the $on device, $when the signature [SIG-03]', async (row) => {
  const { world, account, content } = await ready();
  const renewed = await personOf(MAYER.id, MAYER.printedName);
  const end = async () =>
    world.write(row.on === 'same' ? A : B, {
      stream: signerStream(MAYER.id),
      type: row.end,
      payload: row.end === 'SignerDeactivated' ? {} : await replacement(renewed, [MAYER]),
      seen: [account.enrolled, account.confirmed],
    });
  if (row.when === 'before') await end();
  await world.act(A, content, { signedBy: MAYER.key });
  if (row.when === 'after') await end();
  const { findings, signatures } = await world.verify();
  expect(findings.map(({ code }) => code)).toEqual(row.faults);
  expect(signatures.map(({ keyEnded }) => keyEnded)).toEqual([row.keyEnded]);
});

it('refuses a key for a signer who was deactivated, and a second enrolment after it [SIG-03]', async () => {
  const { world, account } = await ready();
  const known = [account.enrolled, account.confirmed];
  const ended = await world.write(A, { stream: signerStream(MAYER.id), type: 'SignerDeactivated', seen: known });
  await replace(world, await personOf(MAYER.id, MAYER.printedName), [MAYER], [...known, ended]);
  await world.enrol(B, await personOf(MAYER.id, 'Dr. Max Mayer'), [...known, ended]);
  const { findings } = await world.verify();
  expect(findings.map(({ code, what }) => [code, what])).toEqual([
    ['esign.key-unknown', 'the signer had been deactivated'],
    ['esign.signer-reused', 'enrolled before'],
  ]);
});
