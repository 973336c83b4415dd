/** The verifier on electronic signatures: what holds, who cannot make one, and where each tampering is found. */
import { expect, it } from 'vitest';
import { eventType, hash32Hex, tenantId, userId } from '../../../src/core/ids.ts';
import { toBase64, toHex32 } from '../../../src/crypto/bytes.ts';
import { replicaIdOf } from '../../../src/crypto/chain.ts';
import { type ActContent, statementHash } from '../../../src/crypto/signedAct.ts';
import { makeSigningKey } from '../../../src/crypto/signer.ts';
import { type HashedEvent, signerStream } from '../../../src/crypto/signerEvents.ts';
import { enrolment, keyIdOf, type Person, personOf, replacement } from '../signing/people.ts';
import { MAYER, ready, sign } from '../signing/ready.ts';
import { contentOf, FORM, OTHER_FORM, openWorld, recordsOf, streamOf } from '../signing/world.ts';
import { at, KEY_A, KEY_B, KEY_C } from '../support.ts';

const [A, B, ADMIN] = [KEY_A, KEY_B, KEY_C];
const WEBER = await personOf('dr-weber', 'Dr. Jo Weber');
const place = (event: HashedEvent) => ({ replica: event.context.replica, sequence: event.body.sequence });
const nameOf = (event: HashedEvent) => `event ${event.context.replica}/${event.body.sequence}`;

it('lists a signature with printed name, time with zone, meaning and state, and its key with who enrolled it [SIG-06]', async () => {
  const { world, account, signed, content } = await sign();
  const report = await world.verify();
  expect(report.findings).toEqual([]);
  expect(report.signatures).toEqual([
    {
      id: '1',
      act: 'Signed',
      signer: 'dr-mayer',
      printedName: 'Dr. Ana Mayer',
      meaning: 'approved',
      at: { utc: '2026-03-01T10:15:30.250Z', offsetMin: 60, zone: 'Europe/Vienna' },
      statement: content.statement,
      streams: [FORM],
      ...place(signed),
      state: 'intact',
      later: 0,
      key: keyIdOf(MAYER),
      keyPinned: false,
      keyEnded: false,
      endorsedBy: [],
    },
  ]);
  expect(report.signers).toEqual([
    {
      signer: 'dr-mayer',
      printedName: 'Dr. Ana Mayer',
      key: keyIdOf(MAYER),
      enrolledBy: 'admin',
      ...place(account.enrolled),
      sound: true,
      unendorsed: false,
      endorsedBy: [],
      contested: false,
      pinned: false,
    },
  ]);
});

const other = (text: string) => toHex32(statementHash(text));

/** Whoever has the replica's key rewrites what was signed, and signs the commit anew. */
const REWRITES: Readonly<Record<string, (content: ActContent, events: readonly HashedEvent[]) => ActContent>> = {
  'another printed name': (content) => ({ ...content, printedName: 'Dr. Jo Weber' }),
  'another meaning': (content) => ({ ...content, meaning: 'reviewed' }),
  'another time': (content) => ({ ...content, at: { ...content.at, utc: '2026-02-01T10:15:30.250Z' } }),
  'another zone': (content) => ({ ...content, at: { ...content.at, zone: 'Asia/Tokyo' } }),
  'another statement': (content) => ({ ...content, statement: other('I have not seen this.') }),
  'an event added': (content, events) => ({ ...content, records: recordsOf(events) }),
  'an event dropped': (content, events) => ({ ...content, records: recordsOf(events.slice(0, 1)) }),
  'an event exchanged': (content, events) => ({ ...content, records: recordsOf(events.slice(1)) }),
  'another record': (content) => ({
    ...content,
    records: content.records.map((record) => ({ ...record, stream: OTHER_FORM })),
  }),
  'a type made harmless': (content) => ({
    ...content,
    records: content.records.map((record) => ({ ...record, statusTypes: [eventType('ItemRecorded')] })),
  }),
  'another signer': (content) => ({ ...content, signer: userId('dr-weber') }),
};

it.each(Object.keys(REWRITES))(
  'finds a signature altered after it was made, at its place: %s [SIG-06]',
  async (name) => {
    const { world, items, content } = await ready();
    await world.account(A, WEBER);
    const later = await world.item(A, 'PULSE', items);
    const rewritten = REWRITES[name]?.(content, [...items, later]) ?? content;
    const genuine = await openWorldAct(content);
    const forged = await world.write(A, {
      stream: streamOf('electronicSignature', '1'),
      type: 'Signed',
      payload: { ...JSON.parse(JSON.stringify(rewritten)), signature: genuine },
      actor: rewritten.signer,
    });
    const { findings, signatures } = await world.verify();
    expect(findings.length).toBeGreaterThan(0);
    for (const finding of findings) expect(finding).toMatchObject(place(forged));
    expect(findings.map(({ what }) => what)).toContain(name === 'another signer' ? 'not enrolled' : 'signature');
    expect(signatures.map(({ state }) => state)).toEqual(['invalid']);
  },
);

/** The signature that the signer made over the content. */
const openWorldAct = async (content: ActContent): Promise<string> => {
  const { body } = await openWorld().act(A, content, { signedBy: MAYER.key });
  return String(body.payload['signature']);
};

it('finds a genuine signature moved to another stream [SIG-06]', async () => {
  const { world, signed } = await sign();
  const { payload } = signed.body;
  const moved = await world.write(A, {
    stream: streamOf('electronicSignature', '2'),
    type: 'Signed',
    payload,
    actor: MAYER.id,
  });
  const { findings, signatures } = await world.verify();
  expect(findings).toEqual([{ code: 'esign.invalid', ...place(moved), what: 'signature' }]);
  expect(signatures.map(({ id, state }) => [id, state])).toEqual([
    ['1', 'intact'],
    ['2', 'invalid'],
  ]);
});

it('finds a signature of another tenant [SIG-06]', async () => {
  const { world, content } = await ready();
  const elsewhere = openWorld(tenantId('acme-043'));
  const { body } = await elsewhere.act(A, content, { signedBy: MAYER.key });
  await world.write(A, { stream: body.stream, type: 'Signed', payload: body.payload, actor: MAYER.id });
  expect((await world.verify()).findings.map(({ what }) => what)).toEqual(['signature']);
});

it('names the signed event that is not the one held any more, although its chain was made anew [SIG-06]', async () => {
  const { signed, second } = await sign();
  const rebuilt = openWorld();
  const account = await rebuilt.account(A, MAYER);
  const first = await rebuilt.item(A, 'BP.SYS');
  await rebuilt.item(A, 'BP.FORGED', [first]);
  expect(toHex32(account.enrolled.leaf)).toBe(signed.body.payload['enrolled']);
  const copied = await rebuilt.write(A, { ...signed.body, actor: MAYER.id });
  const { findings } = await rebuilt.verify();
  expect(findings).toEqual([{ code: 'esign.changed', ...place(copied), what: nameOf(second) }]);
});

it('names the signed event that is not there [SIG-06]', async () => {
  const { signed, first } = await sign();
  const cut = openWorld();
  await cut.account(A, MAYER);
  const copied = await cut.write(A, { ...signed.body, actor: MAYER.id });
  const { findings } = await cut.verify();
  const [record] = recordsOf([first]);
  expect(record?.stream).toBe(FORM);
  expect(findings).toEqual([{ code: 'esign.changed', ...place(copied), what: nameOf(first) }]);
});

/** What somebody tries who can write anything into every database, and lacks the signer's key. */
const FORGERIES: Readonly<
  Record<
    string,
    { readonly codes: readonly string[]; readonly act: (made: Awaited<ReturnType<typeof ready>>) => Promise<unknown> }
  >
> = {
  'signs with the key of a server': {
    codes: ['esign.invalid'],
    act: ({ world, content }) => world.act(ADMIN, content, { signedBy: ADMIN }),
  },
  'signs with the key of the device of the signer': {
    codes: ['esign.invalid'],
    act: ({ world, content }) => world.act(A, content, { signedBy: A }),
  },
  'records a signature under the own name': {
    codes: ['esign.invalid', 'esign.invalid'],
    act: ({ world, content }) => world.act(ADMIN, content, { signedBy: ADMIN, actor: 'admin' }),
  },
  'enrols a key of their own under the id of the signer': {
    codes: ['esign.signer-reused', 'esign.key-unknown'],
    act: async ({ world, account, content, items }) => {
      const fake = await personOf(MAYER.id, MAYER.printedName, ADMIN);
      const enrolled = await world.enrol(ADMIN, fake, [account.enrolled, account.confirmed]);
      await world.act(
        ADMIN,
        { ...contentOf(fake, { ...account, enrolled }, items), confirmed: content.confirmed },
        { signedBy: ADMIN },
      );
    },
  },
  'replaces the key and vouches for it alone': {
    codes: ['esign.key-unknown', 'esign.key-unknown'],
    act: async ({ world, account, items }) => {
      const fake = await personOf(MAYER.id, MAYER.printedName, ADMIN);
      const lone = await personOf('admin', 'Admin', await makeSigningKey());
      await world.account(ADMIN, lone);
      const enrolled = await replace(world, fake, [fake, lone, lone], [account.enrolled, account.confirmed]);
      await world.act(ADMIN, contentOf(fake, { ...account, enrolled }, items), { signedBy: ADMIN });
    },
  },
  'claims the public key of the signer for another id': {
    codes: ['esign.key-unknown'],
    act: async ({ world }) => {
      const { possession } = await enrolment(MAYER);
      const stolen = { ...(await enrolment(MAYER)), printedName: 'Somebody', possession: possession ?? '' };
      await world.write(ADMIN, { stream: signerStream(userId('dr-else')), type: 'SignerEnrolled', payload: stolen });
    },
  },
  'withdraws a signature': {
    codes: ['esign.invalid'],
    act: async ({ world, content }) => {
      const signed = await world.act(A, content, { signedBy: MAYER.key });
      await world.act(
        ADMIN,
        { ...content, records: recordsOf([signed]) },
        { signedBy: ADMIN, act: 'SignatureWithdrawn' },
      );
    },
  },
  'confirms accountability in the name of the signer': {
    codes: ['esign.malformed', 'esign.unaccountable'],
    act: async ({ world, content, account }) => {
      const confirmed = await world.write(ADMIN, {
        stream: signerStream(MAYER.id),
        type: 'AccountabilityConfirmed',
        payload: { statement: 'x' },
        seen: [account.enrolled, account.confirmed],
        actor: 'admin',
      });
      await world.act(ADMIN, { ...content, confirmed: hash32Hex(toHex32(confirmed.leaf)) }, { signedBy: MAYER.key });
    },
  },
};

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

it.each(Object.keys(FORGERIES))(
  'refuses and names what an administrator of every database %s [SIG-07]',
  async (name) => {
    const made = await ready();
    const forgery = FORGERIES[name];
    await forgery?.act(made);
    const { findings, signatures } = await made.world.verify();
    expect(findings.map(({ code }) => code)).toEqual(forgery?.codes);
    for (const { replica, sequence } of findings)
      expect([typeof replica, typeof sequence]).toEqual(['string', 'number']);
    const states = signatures.map(({ act, state }) => [act, state]);
    const isWithdrawal = name === 'withdraws a signature';
    const expected = isWithdrawal
      ? [
          ['Signed', 'intact'],
          ['SignatureWithdrawn', 'invalid'],
        ]
      : [['Signed', 'invalid']];
    expect(states).toEqual(name.startsWith('claims') ? [] : expected);
  },
);

it('asks for a confirmation of accountability by the signer, named by its hash [SIG-09]', async () => {
  const { world, content } = await ready();
  const { confirmed } = await world.account(A, WEBER);
  await world.act(A, { ...content, confirmed: hash32Hex(toHex32(confirmed.leaf)) }, { signedBy: MAYER.key });
  const { findings } = await world.verify();
  expect(findings.map(({ code }) => code)).toEqual(['esign.unaccountable']);
});

it('shows counter-signatures and withdrawals beside the signature, and removes nothing [SIG-04]', async () => {
  const { world, account, items, signed } = await sign();
  const weber = await world.account(B, WEBER);
  const counter = contentOf(WEBER, weber, [...items, signed]);
  const countered = await world.act(B, counter, { signedBy: WEBER.key, act: 'CounterSigned', seen: [signed] });
  const withdrawal = contentOf(MAYER, account, [signed]);
  await world.act(A, withdrawal, { signedBy: MAYER.key, act: 'SignatureWithdrawn', seen: [signed, countered] });
  const { findings, signatures } = await world.verify();
  expect(findings).toEqual([]);
  expect(signatures.map(({ act, signer, state }) => [act, signer, state])).toEqual([
    ['Signed', 'dr-mayer', 'withdrawn'],
    ['CounterSigned', 'dr-weber', 'intact'],
    ['SignatureWithdrawn', 'dr-mayer', 'intact'],
  ]);
});

it('refuses acts on a signature by the wrong person, or that do not name it [SIG-04]', async () => {
  const { world, account, items, signed, content } = await sign();
  const weber = await world.account(B, WEBER);
  const seen = [signed];
  const acts = [
    {
      content: contentOf(MAYER, account, [...items, signed]),
      person: MAYER,
      act: 'CounterSigned',
      what: 'counter-signed by the signer',
    },
    {
      content: contentOf(WEBER, weber, [signed]),
      person: WEBER,
      act: 'SignatureWithdrawn',
      what: 'withdrawn by another',
    },
    {
      content: contentOf(WEBER, weber, items),
      person: WEBER,
      act: 'CounterSigned',
      what: 'does not name the signature',
    },
    { content, person: MAYER, act: 'Signed', what: 'signed twice' },
  ] as const;
  for (const { content: said, person, act } of acts) await world.act(B, said, { signedBy: person.key, act, seen });
  const { findings } = await world.verify();
  expect(findings.map(({ what }) => what)).toEqual(['signed twice', ...acts.map(({ what }) => what)]);
});

it('says which replica signed what, for signatures over several records and devices [SIG-06]', async () => {
  const { world, account, items } = await ready();
  const elsewhere = await world.item(B, 'AE.TERM', [], OTHER_FORM);
  await world.act(A, contentOf(MAYER, account, [...items, elsewhere]), { signedBy: MAYER.key });
  const { findings, signatures } = await world.verify();
  expect(findings).toEqual([]);
  expect(at(signatures, 0)).toMatchObject({
    streams: [FORM, OTHER_FORM],
    replica: replicaIdOf(A.publicKey),
    state: 'intact',
  });
  expect(toBase64(elsewhere.leaf)).toHaveLength(44);
});
