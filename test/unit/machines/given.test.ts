/** Examples as the testing kit says them: they hold, or say why not. */
import { expect, it } from 'vitest';
import { ExampleError, given } from '../../../src/testing/index.ts';
import { item, LOCK, Visit } from '../store/trial.ts';
import { codeOf } from '../support.ts';

it('an example holds where the machine does what is said, and only what is named is compared [TKT-01]', () => {
  given(Visit)
    .when(item('BP', 120))
    .leadsTo({ value: 'open', context: { items: { BP: 120 } } });
  given(Visit, [item('BP', 120)])
    .when(LOCK)
    .leadsTo({ value: 'locked' });
  given(Visit, [item('BP', 120)])
    .when(LOCK)
    .leadsTo({});
  given(Visit, [item('BP', 120), LOCK])
    .when(item('BP', 121), { reason: 'r' })
    .refused('illegal', ['open']);
  expect(given(Visit, [item('BP', 120)]).state).toMatchObject({ value: 'open', context: { items: { BP: 120 } } });
});

it('an example that does not hold says what was expected and what came [TKT-01]', () => {
  const open = given(Visit, [item('BP', 120)]);
  const faults: readonly (readonly [() => void, string])[] = [
    [() => open.when(LOCK).leadsTo({ value: 'open' }), 'state: expected "open", came "locked"'],
    [() => open.when(LOCK).leadsTo({ context: { items: {} } }), 'context.items: expected {}, came {"BP":120}'],
    [() => open.when(LOCK).refused('illegal'), 'expected a refusal, illegal; came none'],
    [() => given(Visit, [LOCK]).when(LOCK).leadsTo({}), 'VisitLocked is refused in "locked": illegal; legal in open'],
    [
      () => given(Visit, [LOCK]).when(LOCK).refused('illegal', ['locked']),
      'legal in: expected ["locked"], came ["open"]',
    ],
    [() => given(Visit, [LOCK, LOCK]), 'the history is not legal: event 2, VisitLocked, in "locked"'],
  ];
  for (const [example, message] of faults) {
    expect(example).toThrow(ExampleError);
    expect(example).toThrow(message);
  }
});

it('events of examples satisfy their schemas, as in a store [TKT-01]', () => {
  expect(codeOf(() => given(Visit, [item('', 1)]))).toBe('append.invalid');
  expect(codeOf(() => given(Visit).when(item('BP', Number.NaN)))).toBe('append.invalid');
});
