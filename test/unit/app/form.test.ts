/** Who does what with a form of the study that the app shows. */
import { expect, it } from 'vitest';
import { FORM_ACTS } from '../../../app/model/acts.ts';
import { Form, whoDecidesForm } from '../../../app/model/form.ts';
import { outcomeText } from '../../../app/model/outcome.ts';
import { openDevice } from '../store/trial.ts';

it('whoever enters data completes a form and does not verify, freeze or lock it; whoever may is named [AGG-09, APP-21]', async () => {
  let role = 'site nurse';
  const { store } = await openDevice({ aggregates: [Form], views: [], actor: () => ({ userId: 'ada', role }) });
  const form = store.aggregate(Form, 'f1');
  await form.send({
    type: 'ItemRecorded',
    group: 'VITALS',
    groupRepeat: '',
    item: 'SYS',
    value: '120',
    entry: 'keyed',
  });
  const legal = () => FORM_ACTS.filter(({ event }) => form.can(event({}))).map(({ name }) => name);
  expect([legal(), whoDecidesForm(role)]).toEqual([['Complete form'], ['data manager', 'monitor', 'investigator']]);
  expect(outcomeText(await form.send({ type: 'FormLocked' })).text).toBe(
    'Refused: this is for the role data manager, monitor or investigator. Nothing was recorded.',
  );
  role = 'monitor';
  expect([legal(), whoDecidesForm(role)]).toEqual([['Complete form', 'Freeze form', 'Lock form'], []]);
});
