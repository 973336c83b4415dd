/** Laws of the fold: a function of the set of events, whatever the order and number of their arrivals. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { foldStream, inFoldOrder, type OpenedEvent } from '../../../src/core/fold.ts';
import type { EventId } from '../../../src/core/ids.ts';
import { sequence } from '../../../src/core/position.ts';
import { EVERYTHING } from '../../../src/core/schema.ts';
import { arrivals, comparable, folded, shuffled } from './arrivals.ts';
import { conflictOn, eventsOf, type Lived, live, REDUCER, REPLICAS, replicaOf, traces } from './traces.ts';

it('any order of arrival and any repetition gives the same state, conflicts, frontier and inapplicable events [CNF-02]', () => {
  fc.assert(
    fc.property(arrivals(true), ({ trace, arrived }) => {
      expect(comparable(foldStream(arrived, REDUCER))).toEqual(comparable(foldStream(eventsOf(live(trace)), REDUCER)));
    }),
    { numRuns: 400 },
  );
});

it('advancing by one event, where it is allowed, equals folding anew, for any order of arrival [CNF-02]', () => {
  fc.assert(
    fc.property(arrivals(true), ({ arrived }) => {
      folded(arrived);
    }),
    { numRuns: 250 },
  );
});

it('the events of one replica after another are always folded in passing [CNF-02]', () => {
  const relay = fc.array(fc.tuple(fc.constantFrom(...REPLICAS), fc.constantFrom('a', 'b', '*')), { maxLength: 20 });
  fc.assert(
    fc.property(relay, (steps) => {
      const trace = steps.flatMap(([name, key]) => [...REPLICAS.map((other) => `${name}<${other}`), `${name}${key}`]);
      const events = eventsOf(live(trace));
      expect(folded(events).advanced).toBe(events.length);
    }),
    { numRuns: 100 },
  );
});

it('fold order puts every event after everything that its author had seen, and the events of a replica in sequence [CNF-02]', () => {
  fc.assert(
    fc.property(arrivals(true), ({ trace, arrived }) => {
      const known = new Map<EventId, Lived>(live(trace).map((lived) => [lived.event.body.id, lived]));
      const before = new Set<string>();
      for (const { body } of inFoldOrder(arrived)) {
        for (const cause of known.get(body.id)?.known ?? []) expect(before.has(cause)).toBe(true);
        before.add(body.id);
      }
      expect(before.size).toBe(known.size);
    }),
    { numRuns: 400 },
  );
});

/** Keys in conflict with the ids of their heads, by happened-before alone. */
const expected = (lived: readonly Lived[]): ReadonlyMap<string, ReadonlySet<string>> => {
  const keys = new Set([EVERYTHING, ...lived.flatMap((each) => each.keys)]);
  const found = [...keys].map(
    (key) => [key, new Set(conflictOn(lived, key).map(({ event }) => event.body.id))] as const,
  );
  return new Map(found.filter(([, heads]) => heads.size > 1));
};

it('what the fold reports as conflicts is what happened-before says, none missed and none false [CNF-01]', () => {
  fc.assert(
    fc.property(traces(), (trace) => {
      const lived = live(trace);
      const { conflicts } = foldStream(eventsOf(lived), REDUCER);
      const oracle = expected(lived);
      const whole = oracle.get(EVERYTHING) ?? new Set();
      for (const { key, heads } of conflicts) {
        expect(new Set(heads.map(({ body }) => body.id)), `${key} of ${trace.join(' ')}`).toEqual(oracle.get(key));
      }
      const reported = new Set(conflicts.map(({ key }) => key));
      for (const [key, heads] of oracle) {
        const isImplied = [...heads].every((head) => whole.has(head));
        expect(reported.has(key) || isImplied, `${key} of ${trace.join(' ')}`).toBe(true);
      }
    }),
    { numRuns: 1_000 },
  );
});

it.each([
  ['five steps of two replicas over two keys', 5, ['Aa', 'Ba', 'Bb', 'A*', 'A<B', 'B<A']],
  ['four steps of three replicas', 4, ['Aa', 'Ba', 'Ca', 'C*', 'A<B', 'B<A', 'C<A', 'B<C']],
])('in every history of %s, conflicts are what happened-before says [CNF-01]', (_, length, steps) => {
  const check = (trace: readonly string[]): void => {
    const lived = live(trace);
    const { conflicts } = foldStream(eventsOf(lived), REDUCER);
    const oracle = expected(lived);
    if (conflicts.some(({ key, heads }) => oracle.get(key)?.size !== heads.length)) throw new Error(trace.join(' '));
    if (conflicts.length === 0 && oracle.size > 0) throw new Error(trace.join(' '));
    if (trace.length < length) for (const step of steps) check([...trace, step]);
  };
  for (const step of steps) check([step]);
});

it('an author who knows of a conflict and names nothing leaves it open, and nobody sees one event silently chosen [CNF-03]', () => {
  fc.assert(
    fc.property(traces({ unnamed: true }), (trace) => {
      const lived = live(trace);
      const { conflicts } = foldStream(eventsOf(lived), REDUCER);
      const open = new Set(conflicts.flatMap(({ heads }) => heads.map(({ body }) => body.id)));
      for (const each of lived.filter(({ event }) => event.body.resolves === undefined)) {
        const knew = lived.filter(({ event }) => each.known.has(event.body.id));
        const left = each.keys.flatMap((key) => conflictOn(knew, key));
        const later = lived.some(({ known }) => known.has(each.event.body.id));
        if (left.length > 0 && !later) expect(open.has(each.event.body.id), trace.join(' ')).toBe(true);
      }
    }),
    { numRuns: 400 },
  );
});

it('events that share no key merge, and the values of both are in the state [CNF-02]', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('A', 'B', 'C'), fc.constantFrom('x', 'y')), { maxLength: 12 }),
      (writes) => {
        const trace = writes.map(([name, key]) => `${name}${name.toLowerCase()}${key}`); // each replica has keys of its own
        const { conflicts, inapplicable, state } = foldStream(eventsOf(live(trace)), REDUCER);
        expect([conflicts, inapplicable]).toEqual([[], []]);
        expect(new Set(Object.keys(state.values))).toEqual(new Set(trace.map((step) => step.slice(1))));
      },
    ),
  );
});

it('an event that the merged order has made illegal is kept, marked and counted [CNF-05]', () => {
  const lived = live(['A*', 'A*', 'A*', 'Ba', 'Bb', 'B<A', 'Ba']);
  const { inapplicable, version, state } = foldStream(eventsOf(lived), REDUCER);
  expect(version).toBe(lived.length);
  expect(state.seen).toHaveLength(lived.length - inapplicable.length);
  expect(inapplicable.length).toBeGreaterThan(0);
});

it('bases that no honest author writes end in one order, the same for every arrival and for advancing [CNF-02]', () => {
  const hostile = fc.record({
    by: fc.constantFrom('A', 'B', 'C'),
    basis: fc.dictionary(fc.constantFrom('A', 'B', 'C', 'D'), fc.integer({ min: 1, max: 9 }), { maxKeys: 4 }),
  });
  const histories = fc.array(hostile, { maxLength: 12 }).chain((drafts) => {
    const counts = new Map<string, number>();
    const events = drafts.map(({ by, basis }): OpenedEvent => {
      const next = (counts.get(by) ?? 0) + 1;
      counts.set(by, next);
      const [{ event }] = live([`${by}a`]) as [Lived];
      const claimed = Object.entries(basis)
        .filter(([name]) => name !== by)
        .map(([name, upTo]) => [replicaOf(name), sequence(upTo)]);
      const id = `${event.body.id.slice(0, -12)}${next.toString(16).padStart(12, '0')}` as EventId;
      return { ...event, body: { ...event.body, id, sequence: sequence(next), basis: Object.fromEntries(claimed) } };
    });
    return fc.record({ events: fc.constant(events), arrived: shuffled(events) });
  });
  fc.assert(
    fc.property(histories, ({ events, arrived }) => {
      expect(comparable(foldStream(arrived, REDUCER))).toEqual(comparable(foldStream(events, REDUCER)));
      folded(arrived);
    }),
    { numRuns: 500 },
  );
});
