/** The verifier on keys that were proposed: what vouches for one, what does not, and what becomes of signatures meanwhile. */
import { expect, it } from 'vitest';
import { type HashedEvent, signerStream } from '../../../src/crypto/signerEvents.ts';
import type { WordRole } from '../../../src/crypto/signerKey.ts';
import { enrolment, keyIdOf, type Person, personOf, wordFor } from '../signing/people.ts';
import { MAYER, ready } from '../signing/ready.ts';
import { type Account, contentOf } from '../signing/world.ts';
import { KEY_A, KEY_B, KEY_C } from '../support.ts';

const [OLD, NEW, OTHERS] = [KEY_A, KEY_B, KEY_C];
const WEBER = await personOf('dr-weber', 'Dr. Jo Weber');
const LANG = await personOf('dr-lang', 'Dr. Li Lang');

/** Mayer's old device has a signature; a new one has proposed a key and signed with it. */
const proposed = async () => {
  const { world, account, items, content } = await ready();
  await world.act(OLD, content, { signedBy: MAYER.key });
  await world.account(OTHERS, WEBER);
  await world.account(OTHERS, LANG);
  const renewed = await personOf(MAYER.id, 'Dr. Ana Huber');
  const stream = signerStream(MAYER.id);
  const known = [account.enrolled, account.confirmed];
  const enrolled = await world.write(NEW, {
    ...{ stream, type: 'SignerKeyProposed', payload: await enrolment(renewed), seen: known, actor: MAYER.id },
  });
  const confirmed = await world.confirm(NEW, renewed, [...known, enrolled]);
  const newAccount: Account = { enrolled, confirmed };
  await world.act(NEW, contentOf(renewed, newAccount, items), { signedBy: renewed.key, id: '2' });
  const vouch = async (by: Person, as: WordRole, options: { on?: typeof OLD; seen?: readonly HashedEvent[] } = {}) =>
    world.write(options.on ?? OTHERS, {
      ...{ stream, type: 'SignerKeyEndorsed', payload: await wordFor(renewed, by, as), actor: by.id },
      seen: options.seen ?? [enrolled],
    });
  const states = async () => (await world.verify()).signatures.map(({ state }) => state);
  return { world, renewed, enrolled, known, stream, vouch, states };
};

it('marks what a key signs that nobody vouched for, and leaves the old key and its signatures as they are [SIG-11]', async () => {
  const { world, renewed, states } = await proposed();
  expect(await states()).toEqual(['intact', 'unendorsed']);
  const { findings, signers, signatures } = await world.verify();
  expect(findings).toEqual([]);
  expect(signatures.map(({ keyEnded }) => keyEnded)).toEqual([false, false]);
  expect(signers.filter(({ signer }) => signer === MAYER.id)).toMatchObject([
    { key: keyIdOf(MAYER), sound: true, unendorsed: false, endorsedBy: [] },
    { key: keyIdOf(renewed), sound: false, unendorsed: true, endorsedBy: [] },
  ]);
  const pinned = await world.verify({ signers: { [MAYER.id]: [keyIdOf(MAYER), keyIdOf(renewed)] } });
  expect(pinned.signatures.map(({ state }) => state)).toEqual(['intact', 'intact']);
});

it('puts it in force by the word of the key before it, or of two others one of whom administers, and says whose [SIG-11]', async () => {
  const ways: readonly (readonly (readonly [Person, WordRole])[])[] = [
    [[MAYER, 'self']],
    [
      [WEBER, 'signer'],
      [LANG, 'administrator'],
    ],
  ];
  for (const words of ways) {
    const { world, vouch, states } = await proposed();
    for (const [at, [by, as]] of words.entries()) {
      expect(await states()).toEqual(['intact', 'unendorsed']);
      await vouch(by, as, { on: as === 'self' ? OLD : OTHERS });
      if (at < words.length - 1) continue;
      expect(await states()).toEqual(['intact', 'intact']);
    }
    const { findings, signatures } = await world.verify();
    expect(findings).toEqual([]);
    const given = words.map(([by, as]) => ({ signer: by.id, key: keyIdOf(by), as }));
    expect(signatures.map(({ endorsedBy }) => endorsedBy)).toEqual([[], given]);
  }
});

it('takes no other word: of one, of two who do not administer, of one twice, for another key, of a key that others vouched for [SIG-07, SIG-11]', async () => {
  const refusedWords: readonly ((made: Awaited<ReturnType<typeof proposed>>) => Promise<unknown>)[] = [
    ({ vouch }) => vouch(WEBER, 'administrator'),
    async ({ vouch }) => {
      await vouch(WEBER, 'signer');
      await vouch(LANG, 'signer');
    },
    async ({ vouch }) => {
      await vouch(WEBER, 'administrator');
      await vouch(WEBER, 'signer');
    },
    async ({ world, stream, renewed, enrolled }) => {
      const other = await personOf(MAYER.id, 'Dr. Somebody');
      for (const by of [WEBER, LANG]) {
        const payload = { ...(await wordFor(other, by, 'administrator')), proposed: keyIdOf(renewed) };
        await world.write(OTHERS, { stream, type: 'SignerKeyEndorsed', payload, seen: [enrolled], actor: by.id });
      }
    },
    async ({ vouch }) => vouch(await personOf(MAYER.id, 'Dr. Ana Mayer'), 'self'),
  ];
  for (const give of refusedWords) {
    const made = await proposed();
    await give(made);
    expect(await made.states()).toEqual(['intact', 'unendorsed']);
  }
});

it('counts no word recorded by another user, in a wrong role, or after the signer was deactivated [SIG-07, SIG-11]', async () => {
  const { world, stream, renewed, enrolled, known, vouch, states } = await proposed();
  const forge = async (by: Person, as: WordRole, actor: string) =>
    world.write(OTHERS, {
      ...{ stream, type: 'SignerKeyEndorsed', payload: await wordFor(renewed, by, as), seen: [enrolled], actor },
    });
  await forge(WEBER, 'administrator', LANG.id);
  await forge(LANG, 'self', LANG.id);
  await forge(MAYER, 'administrator', MAYER.id);
  const { findings } = await world.verify();
  expect(findings.map(({ code, what }) => [code, what])).toEqual([
    ['esign.malformed', 'the word of another user'],
    ['esign.malformed', 'word.as'],
    ['esign.malformed', 'word.as'],
  ]);
  const end = await world.write(OTHERS, { stream, type: 'SignerDeactivated', seen: [...known, enrolled] });
  await vouch(WEBER, 'administrator', { seen: [enrolled, end] });
  await vouch(LANG, 'signer', { seen: [enrolled, end] });
  expect(await states()).toEqual(['intact', 'unendorsed']);
});

it('refuses a key that another user proposed, or whose holder has not shown it [SIG-07, SIG-11]', async () => {
  const { world, account, items } = await ready();
  const renewed = await personOf(MAYER.id, 'Dr. Ana Huber');
  const stream = signerStream(MAYER.id);
  const seen = [account.enrolled, account.confirmed];
  const rows = [
    { payload: await enrolment(renewed), actor: 'admin', why: ['esign.malformed', 'proposed by another user'] },
    {
      payload: { ...(await enrolment(renewed)), printedName: 'Dr. Other' },
      actor: MAYER.id,
      why: ['esign.key-unknown', 'possession'],
    },
  ] as const;
  for (const [at, { payload, actor }] of rows.entries()) {
    const enrolled = await world.write(NEW, { stream, type: 'SignerKeyProposed', payload, seen, actor });
    const confirmed = await world.confirm(NEW, renewed, [...seen, enrolled]);
    await world.act(NEW, contentOf(renewed, { enrolled, confirmed }, items), { signedBy: renewed.key, id: String(at) });
  }
  const { findings, signatures } = await world.verify();
  expect(signatures.map(({ state }) => state)).toEqual(['invalid', 'invalid']);
  const codes = findings.map(({ code, what }) => [code, what]);
  for (const { why } of rows) expect(codes).toContainEqual([...why]);
});

it('ends the old key with the word that put the new one in force, and no sooner [SIG-11]', async () => {
  const { world, account, items, content } = await ready();
  const renewed = await personOf(MAYER.id, 'Dr. Ana Huber');
  const stream = signerStream(MAYER.id);
  const seen = [account.enrolled, account.confirmed];
  const enrolled = await world.write(OLD, {
    ...{ stream, type: 'SignerKeyProposed', payload: await enrolment(renewed), seen, actor: MAYER.id },
  });
  await world.act(OLD, content, { signedBy: MAYER.key });
  await world.write(OLD, {
    ...{ stream, type: 'SignerKeyEndorsed', payload: await wordFor(renewed, MAYER, 'self'), actor: MAYER.id },
    seen: [enrolled],
  });
  await world.act(OLD, contentOf(MAYER, account, items), { signedBy: MAYER.key, id: '2' });
  const { findings, signatures } = await world.verify();
  expect(signatures.map(({ state }) => state)).toEqual(['intact', 'invalid']);
  expect(findings.map(({ code }) => code)).toEqual(['esign.key-not-in-force']);
});
