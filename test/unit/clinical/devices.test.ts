/** Signing on devices that are apart: what comes together, and that a device shows what an auditor finds. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { enrolSigner, Form, Signer, signaturesOf, signRecords } from '../../../src/clinical.ts';
import { simulatedServer } from '../../../src/testing/index.ts';
import { type Desk, enrol, exchange, full, handOf, input, makeSafe, openDesk, record, shown } from './bed.ts';

const apart = async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const safe = makeSafe();
  const [a, b] = [await openDesk(safe, server), await openDesk(safe, server)];
  await record(a, 'BP.SYS', '120');
  await enrol(a, safe, 'dr-mayer', 'Dr. Ana Mayer');
  b.actAs('nurse-2');
  await exchange(a, b);
  return { safe, a, b };
};
const sign = (desk: Desk) => signRecords(desk.store, { ...input(desk, full('dr-mayer')), records: [shown(desk)] });
const statesOf = async ({ store }: Desk) =>
  (await signaturesOf(store, [{ of: Form, id: 'f1' }])).map(({ state, later }) => [state, later.length]);

it('a change made elsewhere before the signature, which arrives after it, marks it on every device [SIG-05]', async () => {
  const { a, b } = await apart();
  await record(b, 'PULSE', '70');
  expect((await sign(a)).kind).toBe('signed');
  expect(await statesOf(a)).toEqual([['intact', 0]]);
  await exchange(a, b);
  for (const desk of [a, b]) {
    expect(await statesOf(desk)).toEqual([['changed-since', 1]]);
    expect((await desk.store.verify()).findings).toEqual([]);
  }
});

it('signs nothing that is in conflict until a person has settled it [SIG-09]', async () => {
  const { a, b } = await apart();
  await record(a, 'BP.SYS', '121');
  await record(b, 'BP.SYS', '122');
  await exchange(a, b);
  a.actAs('dr-mayer');
  expect(await sign(a)).toMatchObject({ kind: 'refused', why: 'undecided', record: 'form/f1' });
});

it('one id enrolled on two devices is a conflict on both: nobody signs by it, and it is named [SIG-03]', async () => {
  const { a, b, safe } = await apart();
  const [one, other] = [await safe.add('dr-new'), await safe.add('dr-new-2')];
  a.actAs('admin');
  await enrolSigner(a.store, { id: 'dr-new', printedName: 'Dr. One', identity: null }, handOf(one));
  await enrolSigner(b.store, { id: 'dr-new', printedName: 'Dr. Two', identity: null }, handOf(other));
  await exchange(a, b);
  for (const desk of [a, b]) {
    const { conflicts } = desk.store.aggregate(Signer, 'dr-new').state();
    expect(conflicts.map(({ heads }) => heads.length)).toEqual([2]);
    desk.actAs('dr-new');
    const outcome = await signRecords(desk.store, { ...input(desk, full('dr-new')), records: [shown(desk)] });
    expect(outcome).toMatchObject({ kind: 'refused', why: 'contested' });
    const { findings } = await desk.store.verify();
    expect(findings.map(({ code }) => code)).toEqual(['esign.signer-reused', 'esign.signer-reused']);
  }
  const { conflicts } = a.store.aggregate(Signer, 'dr-new').state();
  const resolves = conflicts.flatMap(({ heads }) => heads.map(({ body }) => body.id));
  a.actAs('admin');
  await a.store.aggregate(Signer, 'dr-new').send({ type: 'SignerDeactivated' }, { reason: 'given twice', resolves });
  expect(a.store.aggregate(Signer, 'dr-new').state()).toMatchObject({ value: 'deactivated', conflicts: [] });
});

it('a device shows of each signature what an auditor finds, whatever was done where and in which order [SIG-05, SIG-10]', async () => {
  const step = fc.record({
    device: fc.constantFrom(0, 1),
    what: fc.constantFrom('record', 'lock', 'unlock', 'sign', 'meet'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 10 }), async (steps) => {
      const { a, b } = await apart();
      let made = 0;
      for (const { device, what } of steps) {
        const desk = device === 0 ? a : b;
        const form = desk.store.aggregate(Form, 'f1');
        made += 1;
        desk.actAs('dr-mayer');
        // while a lock is in conflict with another act, nothing can be recorded
        const { value, conflicts } = form.state();
        if (what === 'record' && value === 'draft' && conflicts.length === 0) await record(desk, `I${made}`, '1');
        if (what === 'lock') await form.send({ type: 'FormLocked' });
        if (what === 'unlock') await form.send({ type: 'FormUnlocked' }, { reason: 'r' });
        if (what === 'sign') await sign(desk);
        if (what === 'meet') await exchange(a, b);
      }
      await exchange(a, b);
      for (const { store } of [a, b]) {
        const manifests = await signaturesOf(store, [{ of: Form, id: 'f1' }]);
        const shownHere = manifests.map(({ id, state, later }) => [id, state, later.length]);
        const { signatures, findings } = await store.verify();
        const found = signatures.map(({ id, state, later }) => [id, state, later]);
        expect(shownHere.sort()).toEqual(found.sort());
        expect(findings).toEqual([]);
      }
      for (const desk of [a, b]) await desk.store.close();
    }),
    { numRuns: 12 },
  );
});
