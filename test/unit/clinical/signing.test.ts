/** Signing as an application does it: what is refused, what is recorded, and what is shown of it. */
import { expect, it } from 'vitest';
import {
  type ActOutcome,
  type Components,
  confirmAccountability,
  counterSign,
  endorseKey,
  enrolSigner,
  Form,
  replaceSignerKey,
  type SignatureManifest,
  Signer,
  signaturesOf,
  signRecords,
  statementHash,
  watchSignatures,
  withdrawSignature,
} from '../../../src/clinical.ts';
import { userId } from '../../../src/core/ids.ts';
import { toHex32 } from '../../../src/crypto/bytes.ts';
import { verifyBundle } from '../../../src/verify/index.ts';
import { STATEMENT } from '../signing/people.ts';
import { collect } from '../store/trial.ts';
import { at } from '../support.ts';
import { batchesOf, type Desk, enrol, full, handOf, IDLE_MS, input, makeSafe, openDesk, record, shown } from './bed.ts';

const ready = async () => {
  const safe = makeSafe();
  const desk = await openDesk(safe);
  await record(desk, 'BP.SYS', '120');
  await record(desk, 'BP.DIA', '80');
  const key = await enrol(desk, safe, 'dr-mayer', 'Dr. Ana Mayer');
  return { safe, desk, key };
};

const sign = (desk: Desk, components: Components<string>): Promise<ActOutcome> =>
  signRecords(desk.store, { ...input(desk, components), records: [shown(desk)] });

const manifest = ({ store }: Desk): Promise<readonly SignatureManifest[]> =>
  signaturesOf(store, [{ of: Form, id: 'f1' }]);

const whyOf = async (work: Promise<ActOutcome>): Promise<string> => {
  const outcome = await work;
  return outcome.kind === 'refused' ? outcome.why : outcome.kind;
};

it('signs what was shown, and gives every part of it ready to be shown, as the export does [SIG-10]', async () => {
  const { desk } = await ready();
  const outcome = await sign(desk, full('dr-mayer'));
  expect(outcome.kind).toBe('signed');
  expect(await manifest(desk)).toEqual([
    {
      id: outcome.kind === 'signed' ? outcome.id : '',
      act: 'Signed',
      signer: 'dr-mayer',
      printedName: 'Dr. Ana Mayer',
      meaning: 'approved',
      at: { utc: '2026-01-05T09:00:00.000Z', offsetMin: 60, zone: 'Europe/Vienna' },
      atText: '2026-01-05 10:00:00 +01:00 (Europe/Vienna)',
      streams: ['form/f1'],
      state: 'intact',
      faults: [],
      later: [],
      signAgain: false,
      keyEnded: false,
      endorsedBy: [],
      reason: undefined,
    },
  ]);
  const bundle = new Uint8Array(await (await desk.store.export()).arrayBuffer());
  const report = await verifyBundle(bundle);
  expect([report.ok, report.findings]).toEqual([true, []]);
  expect(report.signatures).toMatchObject([
    { signer: 'dr-mayer', state: 'intact', statement: toHex32(statementHash('I approve this form.')) },
  ]);
  const own = await desk.store.verify();
  expect(own.signatures).toEqual(report.signatures);
});

it('records what names a signature in one commit with it, and neither of them where one is not taken [SIG-12]', async () => {
  const { desk } = await ready();
  const form = desk.store.aggregate(Form, 'f1');
  const both = (expectedVersion: number) =>
    signRecords(desk.store, {
      ...input(desk, full('dr-mayer')),
      records: [shown(desk)],
      also: (signature) => [form.entry({ type: 'FormSigned', signature }, { expectedVersion })],
    });
  const refused = await both(2);
  expect(refused).toMatchObject({ kind: 'not-stored', outcome: { why: 'illegal', legalIn: ['verified'] } });
  for (const type of ['FormCompleted', 'FormVerified'] as const) await form.send({ type });
  expect(await both(3)).toEqual({ kind: 'refused', why: 'changed' });
  expect(await manifest(desk)).toEqual([]);
  const batches = batchesOf(desk);
  expect((await both(4)).kind).toBe('signed');
  expect(batches).toEqual([['Signed', 'FormSigned']]);
  expect([form.state().value, (await manifest(desk)).map(({ state }) => state)]).toEqual(['signed', ['changed-since']]);
});

it('asks for the secret alone within a session, and for all components after each break, with no network at all [SIG-08]', async () => {
  const { desk } = await ready();
  const secret = { secret: 'secret of dr-mayer' };
  expect(await whyOf(sign(desk, secret))).toBe('all-needed');
  expect(await whyOf(sign(desk, full('dr-mayer')))).toBe('signed');
  expect(await whyOf(sign(desk, secret))).toBe('signed');
  desk.time.advance(IDLE_MS);
  expect(await whyOf(sign(desk, secret))).toBe('all-needed');
  await expect(sign(desk, { user: 'dr-mayer', secret: 'wrong' })).rejects.toThrow('refused');
  expect(await manifest(desk)).toHaveLength(2);
});

const REFUSALS: Readonly<
  Record<string, (made: Awaited<ReturnType<typeof ready>>) => Promise<readonly [string, Promise<ActOutcome>]>>
> = {
  'is not enrolled': async ({ desk, safe }) => {
    await safe.add('dr-new');
    desk.actAs('dr-new');
    return ['not-enrolled', sign(desk, full('dr-new'))];
  },
  'has not confirmed the statement': async ({ desk, safe }) => {
    const key = await safe.add('dr-new');
    await enrolSigner(
      desk.store,
      { id: 'dr-new', printedName: 'N', identity: { reference: 'x', certifiedOn: '2026-01-05' } },
      handOf(key),
    );
    desk.actAs('dr-new');
    return ['not-accountable', sign(desk, full('dr-new'))];
  },
  'lacks a proof of identity': async ({ desk, safe }) => {
    const key = await safe.add('dr-new');
    await enrolSigner(desk.store, { id: 'dr-new', printedName: 'N', identity: null }, handOf(key));
    desk.actAs('dr-new');
    await confirmAccountability(desk.store, STATEMENT);
    const input$ = { ...input(desk, full('dr-new')), records: [shown(desk)] };
    expect(await whyOf(signRecords(desk.store, { ...input$, identityRequired: false }))).toBe('signed');
    return ['identity-missing', signRecords(desk.store, input$)];
  },
  'is deactivated': async ({ desk }) => {
    await desk.store.aggregate(Signer, 'dr-mayer').send({ type: 'SignerDeactivated' }, { reason: 'left the site' });
    return ['deactivated', sign(desk, full('dr-mayer'))];
  },
  'is not the one who acts': async ({ desk }) => {
    desk.actAs('nurse-1');
    return ['not-the-actor', sign(desk, full('dr-mayer'))];
  },
  'has another key than the enrolled one': async ({ desk, safe }) => {
    await safe.add('dr-mayer');
    return ['other-key', sign(desk, full('dr-mayer'))];
  },
  'was shown an older record': async ({ desk }) => {
    const records = [shown(desk)];
    await record(desk, 'PULSE', '70');
    return ['changed', signRecords(desk.store, { ...input(desk, full('dr-mayer')), records })];
  },
};

it.each(Object.keys(REFUSALS))('records nothing for somebody who %s [SIG-09]', async (name) => {
  const made = await ready();
  const [why, work] = (await REFUSALS[name]?.(made)) ?? ['', sign(made.desk, full('dr-mayer'))];
  const before = made.desk.store.size();
  expect(await whyOf(work)).toBe(why);
  expect(made.desk.store.size()).toBe(before);
});

it('refuses more events than one signature covers, and records nothing [SIG-09]', async () => {
  const { desk } = await ready();
  const items = Array.from({ length: 520 }, (_, index) => ({
    id: 'f1',
    event: {
      type: 'ItemRecorded',
      group: 'G',
      groupRepeat: '',
      item: `I${index}`,
      value: '1',
      entry: 'keyed',
    } as const,
  }));
  await desk.store.appendAll(Form, items);
  const before = desk.store.size();
  await expect(sign(desk, full('dr-mayer'))).rejects.toMatchObject({ code: 'append.too-large' });
  expect(desk.store.size()).toBe(before);
});

it('never gives an id to a second person on one device, also after deactivation [SIG-03]', async () => {
  const { desk, safe } = await ready();
  const key = await safe.add('other');
  const again = () => enrolSigner(desk.store, { id: 'dr-mayer', printedName: 'Somebody', identity: null }, handOf(key));
  expect(await again()).toMatchObject({ kind: 'refused', why: 'illegal' });
  await desk.store.aggregate(Signer, 'dr-mayer').send({ type: 'SignerDeactivated' }, { reason: 'left' });
  expect(await again()).toMatchObject({ kind: 'refused', why: 'illegal', state: '"deactivated"' });
});

it('signs with a new key after two others vouched for it, and asks for the statement again [SIG-03]', async () => {
  const { desk, safe } = await ready();
  await sign(desk, full('dr-mayer'));
  const others = [
    await enrol(desk, safe, 'dr-weber', 'Dr. Jo Weber'),
    await enrol(desk, safe, 'dr-lang', 'Dr. Li Lang'),
  ];
  const key = await safe.add('dr-mayer');
  const enrolment = {
    id: 'dr-mayer',
    printedName: 'Dr. Ana Huber',
    identity: { reference: 'HR/2', certifiedOn: '2026-01-06' },
  };
  const users = [userId('dr-weber'), userId('dr-lang')];
  const endorsements = await Promise.all(
    users.map((user, index) =>
      endorseKey(desk.store, { ...enrolment, publicKey: key.publicKey }, { user, hand: handOf(at(others, index)) }),
    ),
  );
  await replaceSignerKey(desk.store, { ...enrolment, endorsements, reason: 'passphrase lost' }, handOf(key));
  desk.actAs('dr-mayer');
  expect(await whyOf(sign(desk, full('dr-mayer')))).toBe('not-accountable');
  await confirmAccountability(desk.store, STATEMENT);
  expect(await whyOf(sign(desk, full('dr-mayer')))).toBe('signed');
  expect((await manifest(desk)).map(({ printedName, state }) => [printedName, state])).toEqual([
    ['Dr. Ana Mayer', 'intact'],
    ['Dr. Ana Huber', 'intact'],
  ]);
  expect((await desk.store.verify()).findings).toEqual([]);
});

it('shows counter-signature and withdrawal beside the signature, the withdrawal with its reason [SIG-04]', async () => {
  const { desk, safe } = await ready();
  const outcome = await sign(desk, full('dr-mayer'));
  const signature = outcome.kind === 'signed' ? outcome.id : '';
  await enrol(desk, safe, 'dr-weber', 'Dr. Jo Weber');
  const records = [shown(desk)];
  expect(await whyOf(counterSign(desk.store, { ...input(desk, full('dr-weber')), signature, records }))).toBe('signed');
  desk.actAs('dr-mayer');
  const withdrawal = { ...input(desk, full('dr-mayer')), signature, reason: '' };
  expect(await withdrawSignature(desk.store, withdrawal)).toMatchObject({
    kind: 'not-stored',
    outcome: { why: 'reason-required' },
  });
  await withdrawSignature(desk.store, { ...withdrawal, reason: 'wrong visit' });
  expect(
    (await manifest(desk)).map(({ act, printedName, state, reason }) => [act, printedName, state, reason]),
  ).toEqual([
    ['Signed', 'Dr. Ana Mayer', 'withdrawn', undefined],
    ['CounterSigned', 'Dr. Jo Weber', 'intact', undefined],
    ['SignatureWithdrawn', 'Dr. Ana Mayer', 'intact', 'wrong visit'],
  ]);
  expect((await desk.store.verify()).findings).toEqual([]);
});

it('tells of each change: who changed the record since, and that it is to be signed again until it is [SIG-05, SIG-10]', async () => {
  const { desk } = await ready();
  const { seen, stop } = collect(watchSignatures(desk.store, [{ of: Form, id: 'f1' }]));
  await sign(desk, full('dr-mayer'));
  desk.actAs('nurse-1');
  await desk.store.aggregate(Form, 'f1').send({ type: 'FormLocked' });
  expect((await manifest(desk)).map(({ state }) => state)).toEqual(['intact']);
  await desk.store.aggregate(Form, 'f1').send({ type: 'FormUnlocked' }, { reason: 'query' });
  await record(desk, 'BP.SYS', '130');
  const [changed] = await manifest(desk);
  expect(changed).toMatchObject({
    state: 'changed-since',
    signAgain: true,
    later: [{ type: 'ItemRecorded', by: 'nurse-1' }],
  });
  desk.actAs('dr-mayer');
  await sign(desk, full('dr-mayer'));
  expect((await manifest(desk)).map(({ state, signAgain }) => [state, signAgain])).toEqual([
    ['changed-since', false],
    ['intact', false],
  ]);
  await expect.poll(() => seen.at(-1)?.map(({ state }) => state)).toEqual(['changed-since', 'intact']);
  expect(at(seen, 0)).toEqual([]);
  stop();
});
