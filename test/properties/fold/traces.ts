/**
 * Histories of one stream on several replicas, in a short notation, with an oracle that knows no version vectors.
 *
 *   Aa    replica A records something that touches key a, and settles the conflicts on it that A knows of
 *   Aa!   the same, but names nothing: it leaves the conflicts that it knows of as they are
 *   A*    A records something that touches everything
 *   A.    A records something in another stream: its next sequence here has a gap before it
 *   A<B   A learns everything that B knows
 */
import fc from 'fast-check';
import type { OpenedEvent, Reducer } from '../../../src/core/fold.ts';
import {
  aggregateId,
  aggregateType,
  eventId,
  eventType,
  type ReplicaId,
  replicaId,
  streamId,
} from '../../../src/core/ids.ts';
import { position, sequence } from '../../../src/core/position.ts';
import { EVERYTHING } from '../../../src/core/schema.ts';
import type { VersionVector } from '../../../src/core/versionVector.ts';
import { at, contextOf } from '../../unit/support.ts';

export const REPLICAS = ['A', 'B', 'C', 'D'] as const;
const STREAM = streamId(aggregateType('visit'), aggregateId('one'));

export const replicaOf = (name: string): ReplicaId => replicaId(name.charCodeAt(0).toString(16).padStart(32, '0'));

/** An event with everything that had happened before it, as the history was lived. */
export type Lived = {
  readonly event: OpenedEvent;
  readonly known: ReadonlySet<string>;
  readonly keys: readonly string[];
};

const keysOf = (event: OpenedEvent): readonly string[] => String(event.payload['key'] ?? EVERYTHING).split('+');

export const keyed = (keys: readonly string[], key: string): boolean => keys.includes(key) || keys.includes(EVERYTHING);

/** Those of `lived` that no other of them has seen. */
const latest = (lived: readonly Lived[]): readonly Lived[] =>
  lived.filter(({ event }) => !lived.some(({ known }) => known.has(event.body.id)));

/** The events of the open conflict on one key, by happened-before alone: empty unless there are two or more. */
export const conflictOn = (lived: readonly Lived[], key: string): readonly Lived[] => {
  const heads = latest(lived.filter(({ keys }) => (key === EVERYTHING ? keys.includes(EVERYTHING) : keyed(keys, key))));
  return heads.length > 1 ? heads : [];
};

type World = {
  readonly knows: Map<string, Set<Lived>>;
  readonly sequences: Map<string, number>;
  readonly all: Lived[];
};

const knowledge = (world: World, name: string): Set<Lived> => {
  const set = world.knows.get(name) ?? new Set();
  world.knows.set(name, set);
  return set;
};

const vectorOf = (known: Iterable<Lived>): VersionVector => {
  const vector: Record<string, ReturnType<typeof sequence>> = {};
  for (const { event } of known) {
    const { replica } = event.context;
    vector[replica] = sequence(Math.max(vector[replica] ?? 1, event.body.sequence));
  }
  return vector;
};

const record = (world: World, name: string, key: string, settles: boolean): void => {
  const known = knowledge(world, name);
  const before = [...known];
  const keys = key.split('+');
  const next = (world.sequences.get(name) ?? 0) + 1;
  world.sequences.set(name, next);
  const everyKey = new Set([EVERYTHING, ...keys, ...before.flatMap((lived) => lived.keys)]);
  const named = [...everyKey].filter((each) => keyed(keys, each)).flatMap((each) => conflictOn(before, each));
  const resolves = [...new Set(named.map(({ event }) => event.body.id))];
  const replica = replicaOf(name);
  const event: OpenedEvent = {
    body: {
      id: eventId(
        `01950000-0000-7000-8${name.charCodeAt(0).toString(16).padStart(3, '0')}-${next.toString(16).padStart(12, '0')}`,
      ),
      stream: STREAM,
      type: eventType('Noted'),
      schema: 1,
      sequence: sequence(next),
      basis: vectorOf(before),
      payload: { key, value: `${name}${next}` },
      ...(settles && resolves.length > 0 ? { resolves } : {}),
    },
    context: contextOf(replica),
    position: position(world.all.length),
    payload: { key, value: `${name}${next}` },
  };
  const lived = { event, known: new Set(before.map((each) => each.event.body.id)), keys };
  known.add(lived);
  world.all.push(lived);
};

/** Lives a history; gives its events in one order in which they may have happened. */
export const live = (trace: readonly string[]): readonly Lived[] => {
  const world: World = { knows: new Map(), sequences: new Map(), all: [] };
  for (const step of trace) {
    const name = at([...step], 0);
    const rest = step.slice(1);
    if (rest.startsWith('<')) for (const lived of knowledge(world, rest.slice(1))) knowledge(world, name).add(lived);
    else if (rest === '.') world.sequences.set(name, (world.sequences.get(name) ?? 0) + 1);
    else record(world, name, rest.replace('!', ''), !rest.endsWith('!'));
  }
  return world.all;
};

export const eventsOf = (lived: readonly Lived[]): readonly OpenedEvent[] => lived.map(({ event }) => event);

/** Histories of two to four replicas over a few keys; `unnamed` lets authors leave known conflicts open. */
export const traces = (
  options: { readonly unnamed?: boolean; readonly stepsMax?: number } = {},
): fc.Arbitrary<readonly string[]> =>
  fc.integer({ min: 2, max: 4 }).chain((count) => {
    const name = fc.constantFrom(...REPLICAS.slice(0, count));
    const key = fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('a', 'b', 'c', 'a+b') },
      { weight: 1, arbitrary: fc.constant('*') },
    );
    const mark = fc.constantFrom('', ...(options.unnamed === true ? ['!'] : []));
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.tuple(name, key, mark).map((parts) => parts.join('')) },
      { weight: 4, arbitrary: fc.tuple(name, name).map(([one, other]) => `${one}<${other}`) },
      { weight: 1, arbitrary: name.map((one) => `${one}.`) },
    );
    return fc.array(step, { minLength: 1, maxLength: options.stepsMax ?? 24 });
  });

export type Notes = { readonly values: Readonly<Record<string, string>>; readonly seen: readonly string[] };

/** Keeps the last value of each key and the order of what was applied; a value after three `*` is no longer legal. */
export const REDUCER: Reducer<Notes> = {
  initial: { values: {}, seen: [] },
  next: (state, event) => {
    const wholes = state.seen.filter((value) => value.endsWith('*')).length;
    if (wholes >= 3) return undefined;
    const keys = keysOf(event);
    const value = String(event.payload['value']);
    const values = { ...state.values, ...Object.fromEntries(keys.map((key) => [key, value])) };
    return { values, seen: [...state.seen, keys.includes(EVERYTHING) ? `${value}*` : value] };
  },
  touches: keysOf,
};
