/** How conflicts end without a person, and what a stream is without what is contested: laws over histories of any shape. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { lastWriterWins } from '../../../src/core/conflict.ts';
import {
  type ConflictRule,
  type Fold,
  foldSteps,
  foldStream,
  type OpenedEvent,
  uncontestedOf,
} from '../../../src/core/fold.ts';
import { EVERYTHING } from '../../../src/core/schema.ts';
import { arrivals, comparable, folded } from './arrivals.ts';
import { conflictOn, eventsOf, type Lived, live, type Notes, REDUCER, replicaOf, traces } from './traces.ts';

/** An event of replica A counts before all others; without one a person decides. */
const firstOfA: ConflictRule = ({ heads }) => heads.find(({ context }) => context.replica === replicaOf('A'))?.body.id;
const RULES: readonly (readonly [string, ConflictRule | undefined])[] = [
  ['a person', undefined],
  ['the last writer', lastWriterWins],
  ['a rule of its own', firstOfA],
];
const underRule = (settle: ConflictRule | undefined) => (settle === undefined ? REDUCER : { ...REDUCER, settle });

it.each(RULES)(
  'decided by %s, any order of arrival ends alike, and advancing equals folding anew [CNF-02, CNF-06]',
  (_, rule) => {
    const reducer = underRule(rule);
    fc.assert(
      fc.property(arrivals(true), ({ trace, arrived }) => {
        const { fold } = folded(arrived, reducer);
        expect(comparable(fold)).toEqual(comparable(foldStream(eventsOf(live(trace)), reducer)));
        expect(foldSteps(arrived, reducer).reduce((state, { next }) => next ?? state, reducer.initial)).toEqual(
          fold.state,
        );
      }),
      { numRuns: 150 },
    );
  },
);

/** Conflicts by happened-before alone, whatever is named: what nobody has gone beyond who had seen it. */
const rivals = (lived: readonly Lived[]): ReadonlyMap<string, ReadonlySet<string>> => {
  const keys = new Set([EVERYTHING, ...lived.flatMap((each) => each.keys)]);
  const found = [...keys].map(
    (key) => [key, new Set(conflictOn(lived, key).map(({ event }) => event.body.id))] as const,
  );
  return new Map(found.filter(([, heads]) => heads.size > 1));
};

it('where the last writer wins nothing is left to a person, the state is the same, and every loser that nobody has gone beyond is listed [CNF-06]', () => {
  fc.assert(
    fc.property(traces({ unnamed: true }), (trace) => {
      const lived = live(trace);
      const { state, conflicts, settled } = foldStream(eventsOf(lived), underRule(lastWriterWins));
      expect(conflicts).toEqual([]);
      expect(state).toEqual(foldStream(eventsOf(lived), REDUCER).state);
      const due = rivals(lived);
      const whole = due.get(EVERYTHING) ?? new Set();
      for (const { key, heads, winner } of settled) {
        expect(new Set(heads.map(({ body }) => body.id)), trace.join(' ')).toEqual(due.get(key));
        expect(heads.at(-1)?.body.id).toBe(winner);
      }
      for (const [key, heads] of due)
        expect(settled.some((one) => one.key === key) || [...heads].every((head) => whole.has(head))).toBe(true);
    }),
    { numRuns: 300 },
  );
});

it('a rule of its own: what it chose is in the state, what it overruled is marked, and a rule that stumbles leaves it to a person [CNF-06]', () => {
  let chosen = 0;
  fc.assert(
    fc.property(traces(), (trace) => {
      const events = eventsOf(live(trace));
      const { state, settled, inapplicable } = foldStream(events, underRule(firstOfA));
      for (const { key, heads, winner } of settled) {
        const head = heads.find(({ body }) => body.id === winner);
        expect(head?.context.replica).toBe(replicaOf('A'));
        if (head?.payload['key'] === EVERYTHING || inapplicable.includes(winner)) continue;
        chosen += 1;
        expect(state.values[key], trace.join(' ')).toBe(head?.payload['value']);
      }
      const stumbling = () => {
        throw new RangeError('met what it did not expect');
      };
      expect(comparable(foldStream(events, underRule(stumbling)))).toEqual(comparable(foldStream(events, REDUCER)));
    }),
    { numRuns: 300 },
  );
  expect(chosen).toBeGreaterThan(50);
});

it('a rule takes the effect from no event that changes something else besides: that is left to a person [CNF-06]', () => {
  const fold = (trace: string): Fold<Notes> => foldStream(eventsOf(live(trace.split(' '))), underRule(firstOfA));
  expect(fold('Aa Ba')).toMatchObject({ conflicts: [], state: { values: { a: 'A1' } }, settled: [{ key: 'a' }] });
  expect(fold('Aa Ba').inapplicable).toHaveLength(1);
  expect(fold('Aa Ba+b')).toMatchObject({ conflicts: [{ key: 'a' }], settled: [], inapplicable: [] });
  expect(fold('Aa B*')).toMatchObject({ conflicts: [{ key: 'a' }], settled: [], inapplicable: [] });
  // what was overruled stays so when an event that has seen it goes on
  expect(fold('Aa Ba B<A Bb')).toMatchObject({ state: { values: { a: 'A1', b: 'B2' } } });
  expect(fold('Aa Ba B<A Ba!')).toMatchObject({ conflicts: [], settled: [], state: { seen: ['A1', 'B2'] } });
});

it('a resolution by somebody who may not resolve ends nothing, has no effect and is no side of the conflict, on any device [CNF-07, CNF-12]', () => {
  const reducer = {
    ...REDUCER,
    permits: ({ body, context }: OpenedEvent) => body.resolves === undefined || context.replica !== replicaOf('B'),
  };
  const fold = (trace: string): Fold<Notes> => foldStream(eventsOf(live(trace.split(' '))), reducer);
  expect(fold('Aa Ba A<B Aa').conflicts).toEqual([]);
  expect(fold('Aa Ba B<A Ba')).toMatchObject({
    conflicts: [{ key: 'a', heads: [{ payload: { value: 'A1' } }, { payload: { value: 'B1' } }] }],
    state: { seen: ['A1', 'B1'] },
    inapplicable: [expect.any(String)],
  });
  expect(fold('A* B* B<A B*').conflicts).toMatchObject([{ key: EVERYTHING, heads: [{}, {}] }]);
  // it takes nothing from the sides: who may resolve ends them
  expect(fold('Aa Ba B<A A<B Ba Aa')).toMatchObject({ conflicts: [], state: { values: { a: 'A2' } } });
});

it('the uncontested state holds nothing of an open conflict, shows each contested key as it was when all sides agreed, and does not rest on arrival [CNF-08]', () => {
  const key = fc.constantFrom('a', 'b', 'c');
  const name = fc.constantFrom('A', 'B', 'C');
  const step = fc.oneof(
    fc.tuple(name, key, fc.constantFrom('', '', '!')).map((parts) => parts.join('')),
    fc.tuple(name, name).map(([one, other]) => `${one}<${other}`),
  );
  let contested = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 2, maxLength: 20 }), fc.infiniteStream(fc.nat()), (trace, order) => {
      const lived = live(trace);
      const events = eventsOf(lived);
      const { state, conflicts } = foldStream(events, REDUCER);
      const { state: agreed, keys } = uncontestedOf(events, REDUCER);
      const ranks = new Map(events.map((event) => [event, order.next().value]));
      const shuffled = [...events].sort((a, b) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0));
      expect(uncontestedOf(shuffled, REDUCER)).toEqual({ state: agreed, keys });
      if (conflicts.length === 0) expect(agreed).toEqual(state);
      for (const each of ['a', 'b', 'c'])
        if (!keys.includes(each)) expect(agreed.values[each], trace.join(' ')).toBe(state.values[each]);
      for (const conflict of conflicts) {
        contested += 1;
        const heads = new Set(conflict.heads.map(({ body }): string => body.id));
        const ofKey = lived.filter((one) => one.keys.includes(conflict.key));
        const sides = ofKey.filter(({ event }) => heads.has(event.body.id));
        const shown = ofKey.filter(({ event }) => event.payload['value'] === agreed.values[conflict.key]);
        for (const { event } of shown)
          for (const side of sides) expect(side.known.has(event.body.id), trace.join(' ')).toBe(true);
      }
    }),
    { numRuns: 400 },
  );
  expect(contested).toBeGreaterThan(100);
});

it.each([
  ['nobody had agreed on anything', 'Aa Ba', {}],
  ['the value before two edits', 'Aa B<A Aa Ba', { a: 'A1' }],
  ['the value before longer branches', 'Aa B<A Aa Aa Ba Ba', { a: 'A1' }],
  ['what else was recorded meanwhile', 'Aa B<A Aa Ba Ab Bc', { a: 'A1', b: 'A3', c: 'B2' }],
  [
    'the value before the conflict that two resolutions ended each in its way',
    'Aa B<A Aa Ba A<B B<A Aa Ba',
    { a: 'A1' },
  ],
  ['a resolution that ended it', 'Aa Ba A<B Aa', { a: 'A2' }],
])('the uncontested state is %s [CNF-08]', (_, trace, values) => {
  expect(uncontestedOf(eventsOf(live(trace.split(' '))), REDUCER).state.values).toEqual(values);
});
