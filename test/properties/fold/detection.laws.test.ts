/** Which acts on one record conflict when they are done apart: every pair, every three, and every one met during a resolution. */
import { expect, it } from 'vitest';
import { foldStream } from '../../../src/core/fold.ts';
import { eventType } from '../../../src/core/ids.ts';
import { EVERYTHING } from '../../../src/index.ts';
import { reducerOf } from '../../../src/streams/streamState.ts';
import { at } from '../../unit/support.ts';
import { ACTS, type Act, Record } from './acts.ts';
import { eventsOf, keyed, live } from './traces.ts';

const reducer = reducerOf(Record);

/** Lives a trace in whose place of `1`, `2`, … the acts stand; gives the open conflicts as keys with the acts that are their heads. */
const conflictsOf = (trace: string, acts: readonly Act[]) => {
  const steps = trace.split(' ').map((step) => step.replace(/\d/, (digit) => at(acts, Number(digit) - 1)[1]));
  const events = eventsOf(live(steps)).map((event, index) => {
    const [type, key] = at(acts, index);
    const payload = key === EVERYTHING ? {} : { item: key };
    return { ...event, body: { ...event.body, type: eventType(type), payload }, payload };
  });
  const { conflicts } = foldStream(events, reducer);
  return conflicts.map(({ key, heads }) => ({ key, heads: heads.map((head) => events.indexOf(head)) }));
};

const touches = ([, key]: Act, other: string): boolean =>
  other === EVERYTHING ? key === EVERYTHING : keyed([key], other);

/** What acts that nobody knew of each other are in conflict over, by their keys alone. */
const due = (acts: readonly Act[]) => {
  const keys = [...new Set([EVERYTHING, ...acts.map(([, key]) => key)])].sort();
  const all = keys.map((key) => ({ key, heads: acts.flatMap((act, index) => (touches(act, key) ? [index] : [])) }));
  const whole = all.find(({ key }) => key === EVERYTHING)?.heads ?? [];
  const isImplied = ({ key, heads }: (typeof all)[number]) =>
    key !== EVERYTHING && heads.every((head) => whole.includes(head)) && whole.length > 1;
  return all.filter((found) => found.heads.length > 1 && !isImplied(found));
};

it('any two acts are a conflict exactly if they touch a common key and neither author knew the other [CNF-01]', () => {
  for (const one of ACTS) {
    for (const other of ACTS) {
      const label = `${one} and ${other}`;
      expect(conflictsOf('A1 B2', [one, other]), label).toEqual(due([one, other]));
      expect(conflictsOf('A1 B<A B2', [one, other]), label).toEqual([]);
    }
  }
});

it('any three acts apart are conflicts with as many heads as touch the key [CNF-01]', () => {
  let branches = 0;
  for (const one of ACTS)
    for (const other of ACTS)
      for (const third of ACTS) {
        const found = conflictsOf('A1 B2 C3', [one, other, third]);
        expect(found, `${one}, ${other} and ${third}`).toEqual(due([one, other, third]));
        branches = Math.max(branches, ...found.map(({ heads }) => heads.length));
      }
  expect(branches).toBe(3);
});

it('an act that comes to light while a conflict is resolved conflicts with the resolution, if it shares a key, and with nothing else [CNF-01, CNF-04]', () => {
  for (const one of ACTS)
    for (const other of ACTS)
      for (const late of ACTS) {
        const acts = [one, other, late, ['Edited', 'a']] as const;
        const after = conflictsOf('A1 B2 C3 A<B A4', acts);
        // events are listed as they were recorded, the resolution after what it had not seen
        const open = due([one, other]).some(({ key }) => touches(['Edited', 'a'], key));
        if (!open) continue;
        const ofA = after.filter(({ key }) => key === 'a');
        expect(ofA, `${one}, ${other}, late ${late}`).toEqual(touches(late, 'a') ? [{ key: 'a', heads: [2, 3] }] : []);
      }
});
