/** What the app says of two sides that have no dialog of their own. */
import { expect, it } from 'vitest';
import { differencesOf, spoken } from '../../../app/model/differences.ts';
import { eventsOf, live } from '../../properties/fold/traces.ts';

it('of two sides only what differs is told, without hashes, however deep it lies [APP-06]', () => {
  const [one, other] = eventsOf(live(['A*', 'B*']));
  if (one === undefined || other === undefined) throw new Error('two were recorded');
  const side = (head: typeof one, question: string, entries: readonly string[]) => ({
    ...head,
    payload: { definition: { oid: 'I.SYS', question, entries: [...entries] }, signature: `of ${question}` },
  });
  const told = differencesOf([side(one, 'Systolic', ['a', 'b']), side(other, 'Systole', ['a'])]);
  expect(told.get(one.body.id)).toEqual([
    ['definition question', 'Systolic'],
    ['definition entries 2', 'b'],
  ]);
  expect(told.get(other.body.id)).toEqual([['definition question', 'Systole']]);
  expect(spoken('ErasureApproved')).toBe('Erasure approved');
});
