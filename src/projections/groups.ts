/**
 * The groups of a rollup, by taking away what a row was and adding what it is.
 *
 * Invariant: groups are a function of the set of rows, so that incremental equals rebuilt, to the last digit: sums are of the decimal
 * numbers that are shown, and exact. Law: `rollup.laws`.
 */
import { compareValues, type Entry, EVERY_ROW, type Row, readyQuery, type Where } from './query.ts';
import type { Measure, RollupDefinition } from './rollup.ts';
import { changeSorted } from './sortedIndex.ts';
import type { RowChange } from './table.ts';

/** An exact decimal number: `units` times ten to the power of `exponent`. */
type Decimal = { readonly units: bigint; readonly exponent: number };

const ZERO: Decimal = { units: 0n, exponent: 0 };

/** The decimal number that a double is shown as. */
const decimalOf = (value: number): Decimal => {
  if (Number.isSafeInteger(value)) return { units: BigInt(value), exponent: 0 };
  const [digits = '0', power = '0'] = value.toExponential().split('e');
  const [whole = '0', fraction = ''] = digits.split('.');
  return { units: BigInt(whole + fraction), exponent: Number(power) - fraction.length };
};

const plus = (a: Decimal, b: Decimal): Decimal => {
  const exponent = Math.min(a.exponent, b.exponent);
  const unitsOf = (of: Decimal) => of.units * 10n ** BigInt(of.exponent - exponent);
  return { units: unitsOf(a) + unitsOf(b), exponent };
};

type Tally = {
  readonly add: (entry: Entry) => void;
  readonly remove: (entry: Entry) => void;
  readonly value: () => unknown;
};

const counted = (where: Where<Row>): Tally => {
  const { matches } = readyQuery({ ...EVERY_ROW, where: [where] });
  let count = 0;
  return {
    add: ([, row]) => {
      count += matches(row) ? 1 : 0;
    },
    remove: ([, row]) => {
      count -= matches(row) ? 1 : 0;
    },
    value: () => count,
  };
};

const summed = (member: string): Tally => {
  let sum = ZERO;
  const take = (row: Row, sign: bigint) => {
    const value = row[member];
    if (typeof value !== 'number' || !Number.isFinite(value)) return;
    const { units, exponent } = decimalOf(value);
    sum = plus(sum, { units: sign * units, exponent });
  };
  return {
    add: ([, row]) => take(row, 1n),
    remove: ([, row]) => take(row, -1n),
    value: () => (sum.exponent === 0 ? Number(sum.units) : Number(`${sum.units}e${sum.exponent}`)),
  };
};

const isOrdered = (value: unknown): boolean =>
  typeof value === 'string' || (typeof value === 'number' && !Number.isNaN(value));

/** The least and the greatest: when it goes, the next one is known. */
const extreme = (member: string, which: 'first' | 'last'): Tally => {
  let entries: Entry[] = [];
  const compare = ([keyA, a]: Entry, [keyB, b]: Entry): number =>
    compareValues(a[member], b[member]) || compareValues(keyA, keyB);
  const change = (removed: readonly Entry[], added: readonly Entry[]) => {
    entries = changeSorted(entries, { removed, added }, compare);
  };
  return {
    add: (entry) => isOrdered(entry[1][member]) && change([], [entry]),
    remove: (entry) => isOrdered(entry[1][member]) && change([entry], []),
    value: () => entries.at(which === 'first' ? 0 : -1)?.[1][member],
  };
};

const tallyOf = (measure: Measure): Tally => {
  if ('count' in measure) return counted(measure.count);
  if ('sum' in measure) return summed(measure.sum);
  return 'min' in measure ? extreme(measure.min, 'first') : extreme(measure.max, 'last');
};

type Group = { rows: number; readonly members: Row; readonly tallies: ReadonlyMap<string, Tally> };

const rowOfGroup = ({ rows, members, tallies }: Group): Row | undefined =>
  rows === 0
    ? undefined
    : { ...members, ...Object.fromEntries([...tallies].map(([name, { value }]) => [name, value()])) };

/** A group by one text has that text as its key, so that rows that hold it can be joined with it; others their JSON, set apart. */
const keyOf = (values: readonly unknown[]): string => {
  const [value] = values;
  const isText = values.length === 1 && typeof value === 'string' && !value.startsWith('\0');
  return isText ? value : `\0${JSON.stringify(values)}`;
};

/** The groups of a rollup. What it gives: the groups that rows have come to or gone from, with what they say now. */
export const openGroups = ({ where, groupBy, measures }: RollupDefinition) => {
  const groups = new Map<string, Group>();
  const { matches } = readyQuery({ ...EVERY_ROW, where: [where] });
  const groupOf = (row: Row): readonly [string, Group] => {
    const key = keyOf(groupBy.map((member) => row[member] ?? null));
    const known = groups.get(key);
    if (known !== undefined) return [key, known];
    const members = Object.fromEntries(groupBy.map((member) => [member, row[member] ?? null]));
    const tallies = new Map(Object.entries(measures).map(([name, measure]) => [name, tallyOf(measure)]));
    const group: Group = { rows: 0, members, tallies };
    groups.set(key, group);
    return [key, group];
  };
  return (changes: readonly RowChange[]): readonly (readonly [key: string, row: Row | undefined])[] => {
    const touched = new Map<string, Group>();
    const take = (key: string, row: Row | undefined, what: 'add' | 'remove') => {
      if (row === undefined || !matches(row)) return;
      const [name, group] = groupOf(row);
      group.rows += what === 'add' ? 1 : -1;
      for (const tally of group.tallies.values()) tally[what]([key, row]);
      touched.set(name, group);
    };
    for (const { key, before, after } of changes) {
      take(key, before, 'remove');
      take(key, after, 'add');
    }
    return [...touched].map(([key, group]) => {
      if (group.rows === 0) groups.delete(key);
      return [key, rowOfGroup(group)];
    });
  };
};
