/**
 * What a reader has to tell besides its result: what the file holds and the model cannot represent, and what is wrong
 * with the file without making it unreadable.
 *
 * Invariants: equal notices are one notice with a count and the first line; the number of distinct ones is bounded; none
 * holds a clinical value, only names, OIDs and places.
 */
import { ODM_LIMITS } from './limits.ts';

/** Something in the file that the result does not hold. `line` is the first of `count` places, 1-based. */
export type Unrepresented = {
  readonly path: string;
  readonly what: string;
  readonly count: number;
  readonly line: number;
};

export type ProblemCode =
  | 'import.missing-attribute'
  | 'import.unknown-reference'
  | 'import.invalid-attribute'
  | 'import.duplicate'
  | 'import.contradiction';

/** A fault that leaves the rest readable. `line` is the first of `count` places, 1-based. */
export type Problem = {
  readonly code: ProblemCode;
  readonly path: string;
  readonly what: string;
  readonly count: number;
  readonly line: number;
};

export type Place = { readonly path: string; readonly line: number };

export type Notices = {
  unrepresented(place: Place, what: string): void;
  problem(code: ProblemCode, place: Place, what: string): void;
  listUnrepresented(): readonly Unrepresented[];
  listProblems(): readonly Problem[];
};

type Tally<T> = { note(key: string, make: () => T): void; list(): (T & { readonly count: number })[] };

const createTally = <T>(overflow: T): Tally<T> => {
  const entries = new Map<string, { readonly first: T; count: number }>();
  let beyond = 0;
  return {
    note: (key, make) => {
      const entry = entries.get(key);
      if (entry !== undefined) entry.count += 1;
      else if (entries.size < ODM_LIMITS.noticesMax) entries.set(key, { first: make(), count: 1 });
      else beyond += 1;
    },
    list: () => {
      const listed = [...entries.values()].map(({ first, count }) => ({ ...first, count }));
      return beyond === 0 ? listed : [...listed, { ...overflow, count: beyond }];
    },
  };
};

/** A name from the file, cut so that a hostile one cannot fill a report. */
export const shown = (name: string): string =>
  name.length <= ODM_LIMITS.noticeCharsMax ? name : `${name.slice(0, ODM_LIMITS.noticeCharsMax)}…`;

/** An empty collection of notices. */
export const createNotices = (): Notices => {
  const more = { path: '(more)', what: 'further distinct notices', line: 0 };
  const unrepresented = createTally<Omit<Unrepresented, 'count'>>(more);
  const problems = createTally<Omit<Problem, 'count'>>({ code: 'import.contradiction', ...more });
  return {
    unrepresented: (place, what) => {
      const path = shown(place.path);
      unrepresented.note(JSON.stringify([path, what]), () => ({ path, what, line: place.line }));
    },
    problem: (code, place, what) => {
      const path = shown(place.path);
      problems.note(JSON.stringify([code, path, what]), () => ({ code, path, what, line: place.line }));
    },
    listUnrepresented: () => unrepresented.list(),
    listProblems: () => problems.list(),
  };
};
