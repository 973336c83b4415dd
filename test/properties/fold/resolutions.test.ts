/** How conflicts arise and end, as traces: see `traces.ts` for the notation. */
import { expect, it } from 'vitest';
import { foldStream } from '../../../src/core/fold.ts';
import { eventsOf, live, REDUCER } from './traces.ts';

/** The open conflicts of a trace: key to the values of its heads, in fold order. */
const conflictsOf = (trace: string): Record<string, readonly string[]> => {
  const { conflicts } = foldStream(eventsOf(live(trace.split(' '))), REDUCER);
  return Object.fromEntries(
    conflicts.map(({ key, heads }) => [key, heads.map(({ payload }) => String(payload['value']))]),
  );
};

it.each([
  ['two edits of one key, neither known to the other', 'Aa Ba', { a: ['A1', 'B1'] }],
  ['edits of different keys', 'Aa Bb', {}],
  ['an edit that the second author knew', 'Aa B<A Ba', {}],
  ['three concurrent edits', 'Aa Ba Ca', { a: ['A1', 'B1', 'C1'] }],
  ['a later edit by one side alone', 'Aa Ba Aa', { a: ['B1', 'A2'] }],
  ['an edit of two keys against an edit of one of them', 'Aa+b Bb', { b: ['A1', 'B1'] }],
  ['a lock against an edit', 'A* Ba', { a: ['A1', 'B1'] }],
  ['a lock against an edit of a known key', 'Aa B<A A* Ba', { a: ['A2', 'B1'] }],
  ['two locks', 'A* B*', { '*': ['A1', 'B1'] }],
  ['a gap in the sequences of a replica', 'A. Aa B. B. Ba A<B', { a: ['A2', 'B3'] }],
])('%s: the conflict is there exactly if neither knew the other [CNF-01]', (_, trace, expected) => {
  expect(conflictsOf(trace)).toEqual(expected);
});

it.each([
  ['one event that names both heads', 'Aa Ba A<B Aa', {}],
  ['one that knows both and names none', 'Aa Ba A<B Aa!', { a: ['A1', 'B1', 'A2'] }],
  ['one that knows two of three', 'Aa Ba Ca A<B Aa', { a: ['C1', 'A2'] }],
  ['two concurrent resolutions, which are a conflict of their own', 'Aa Ba A<B B<A Aa Ba', { a: ['A2', 'B2'] }],
  ['a resolution of concurrent resolutions', 'Aa Ba A<B B<A Aa Ba A<B Aa', {}],
  ['a resolution of one of two conflicted keys', 'Aa+b Ba+b A<B Aa', { b: ['A1', 'B1'] }],
  ['a resolution of everything', 'Aa+b Ba+b A<B A*', {}],
  ['a resolution of two locks by one key alone', 'A* B* A<B Aa', { '*': ['A1', 'B1'] }],
  ['a resolution of two locks by a lock', 'A* B* A<B A*', {}],
  ['an edit after the end of a conflict', 'Aa Ba A<B Aa B<A Ba', {}],
  ['an edit by one who knows the conflict not yet', 'Aa Ba A<B Aa Ba', { a: ['A2', 'B2'] }],
])('%s leaves open what was not named [CNF-04]', (_, trace, expected) => {
  expect(conflictsOf(trace)).toEqual(expected);
});
