/** Signing as the app does it, over a device without its page. */
import { expect, it } from 'vitest';
import { Form } from '../../../app/model/form.ts';
import { performAct } from '../../../app/model/signing.ts';
import { signaturesOf } from '../../../src/clinical.ts';
import { batchesOf, enrol, full, makeSafe, openDesk } from '../clinical/bed.ts';

it('a form that is verified is at the stage signed in the very commit of its signature, and one that is not stays where it is [APP-13]', async () => {
  const safe = makeSafe();
  const desk = await openDesk(safe, undefined, undefined, { form: Form, role: 'monitor' });
  await enrol(desk, safe, 'dr-mayer', 'Dr. Ana Mayer');
  const form = desk.store.aggregate(Form, 'f1');
  await form.send({
    type: 'ItemRecorded',
    group: 'VITALS',
    groupRepeat: '',
    item: 'SYS',
    value: '120',
    entry: 'keyed',
  });
  const sign = () => {
    const { version } = form.state();
    const request = { act: { kind: 'sign' }, form: 'f1', version, meaning: 'approved', reason: '' } as const;
    return performAct({ store: desk.store, signing: desk.session }, { ...request, components: full('dr-mayer') });
  };
  const batches = batchesOf(desk);
  expect([(await sign()).kind, form.state().value]).toEqual(['signed', 'draft']);
  for (const type of ['FormCompleted', 'FormVerified'] as const) await form.send({ type });
  expect([(await sign()).kind, form.state().value]).toEqual(['signed', 'signed']);
  expect(batches).toEqual([['Signed'], ['FormCompleted'], ['FormVerified'], ['Signed', 'FormSigned']]);
  const manifests = await signaturesOf(desk.store, [{ of: Form, id: 'f1' }]);
  expect(manifests.map(({ state }) => state)).toEqual(['intact', 'intact']);
});
