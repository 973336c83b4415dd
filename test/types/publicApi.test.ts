/**
 * The public API as types: what must not compile, does not. The compiler judges these statements, with the project's own
 * strict options; at run time they hold nothing.
 */
import { readFileSync } from 'node:fs';
import { expect, expectTypeOf, it } from 'vitest';
import type { AnyActorRef, SnapshotFrom, waitFor } from 'xstate';
import { z } from 'zod';
import {
  type AggregateHandle,
  type AggregateSnapshot,
  defineAggregate,
  defineEvent,
  type defineView,
  type LiveQuery,
  type SendableEvent,
  type SendOutcome,
  type Store,
} from '../../src/index.ts';
import { casebook, Visit, type VisitContext, type VisitRow } from '../unit/store/trial.ts';

type Handle = typeof Visit extends infer D ? (D extends { readonly types?: infer T } ? T : never) : never;
type Events = NonNullable<Handle> extends { readonly events: infer E } ? E : never;

it('send takes exactly the events that the aggregate defines, with their members [AGG-04]', () => {
  expectTypeOf<Events>().toEqualTypeOf<
    | ({ readonly type: 'ItemRecorded' } & Readonly<{ item: string; value: number }>)
    | ({ readonly type: 'VisitLocked' } & unknown)
    | ({ readonly type: 'VisitUnlocked' } & unknown)
  >();
  expectTypeOf<{ type: 'Unknown' }>().not.toExtend<Events>();
  expectTypeOf<{ type: 'ItemRecorded' }>().not.toExtend<Events>();
  expectTypeOf<{ type: 'ItemRecorded'; item: string; value: string }>().not.toExtend<Events>();
  expectTypeOf<{ type: 'ItemRecorded'; item: string; value: number }>().toExtend<Events>();
  expectTypeOf<{ type: 'VisitLocked' }>().toExtend<Events>();
  expectTypeOf<{ type: 'VisitLocked' | 'VisitUnlocked' }>().toExtend<Events>();
});

it('the state carries the context of the machine, read-only, and outcomes are told apart by their kind [AGG-03, AGG-04]', () => {
  type State = ReturnType<ReturnType<typeof handle>['state']>;
  const handle = (store: Store) => store.aggregate(Visit, 'v');
  expectTypeOf<State>().toEqualTypeOf<AggregateSnapshot<VisitContext>>();
  expectTypeOf<State['context']['items']>().toEqualTypeOf<Readonly<Record<string, number>>>();
  expectTypeOf<Awaited<ReturnType<ReturnType<typeof handle>['send']>>>().toEqualTypeOf<SendOutcome>();
  expectTypeOf<Extract<SendOutcome, { kind: 'committed' }>['version']>().toEqualTypeOf<number>();
  expectTypeOf<SendOutcome['kind']>().toEqualTypeOf<'committed' | 'refused' | 'conflict'>();
  expectTypeOf(handle).returns.toExtend<{ readonly can: (event: Events) => boolean }>();
});

it('an aggregate is an actor to XState, whose snapshots are those of its machine, and send keeps its own types [AGG-07]', () => {
  const handle = (store: Store) => store.aggregate(Visit, 'v');
  type Actor = ReturnType<typeof handle>;
  expectTypeOf<Actor>().toExtend<AnyActorRef>();
  type Shown = SnapshotFrom<Actor>;
  expectTypeOf<Shown['context']>().toEqualTypeOf<VisitContext>();
  expectTypeOf<Shown['value']>().toEqualTypeOf<'open' | 'locked'>();
  expectTypeOf<Parameters<Shown['matches']>[0]>().toEqualTypeOf<'open' | 'locked'>();
  expectTypeOf<Awaited<ReturnType<typeof waitFor<Actor>>>>().toEqualTypeOf<Shown>();
  expectTypeOf<Parameters<Actor['send']>[0]>().toEqualTypeOf<Events>();
  expectTypeOf<Parameters<Actor['can$']>[0]>().toEqualTypeOf<Events>();
});

it('a refusal names the states in which the event would be legal, and the compiler knows where it does [AGG-08]', () => {
  type Refused = Extract<SendOutcome, { kind: 'refused' }>;
  expectTypeOf<Extract<Refused, { why: 'illegal' }>['legalIn']>().toEqualTypeOf<readonly string[]>();
  expectTypeOf<keyof Exclude<Refused, { why: 'illegal' }>>().toEqualTypeOf<'kind' | 'why' | 'state'>();
});

it('a view gives rows of its own type, and a query names members that they have [PRJ-04]', () => {
  const rows = (store: Store) => store.view(casebook);
  expectTypeOf(rows).returns.toEqualTypeOf<LiveQuery<VisitRow>>();
  type Query = LiveQuery<VisitRow>;
  expectTypeOf<Parameters<Query['orderBy']>[0]>().toEqualTypeOf<keyof VisitRow>();
  expectTypeOf<{ state: number }>().not.toExtend<Parameters<Query['where']>[0]>();
  expectTypeOf<{ readonly state: 'open' }>().toExtend<Parameters<Query['where']>[0]>();
  expectTypeOf<ReturnType<Query['rows']>>().toEqualTypeOf<readonly VisitRow[]>();
});

it('definitions carry their types through without being told them [AGG-04]', () => {
  const noted = defineEvent({
    version: 1,
    schema: z.strictObject({ word: z.string() }),
    touches: ({ word }) => [word],
  });
  expectTypeOf<SendableEvent<{ Noted: typeof noted }>>().toEqualTypeOf<
    { readonly type: 'Noted' } & Readonly<{ word: string }>
  >();
  expectTypeOf(defineAggregate).parameter(0).toHaveProperty('machine');
  expectTypeOf<Parameters<typeof defineView>[0]>().toHaveProperty('row');
  expectTypeOf<AggregateHandle<{ Noted: typeof noted }, unknown>['send']>()
    .parameter(0)
    .toExtend<{ readonly type: 'Noted' }>();
});

it('ids, positions and hashes are not plain strings, numbers and bytes [FMT-01]', () => {
  expectTypeOf<string>().not.toExtend<Store['replica']>();
  expectTypeOf<Store['replica']>().toExtend<string>();
  expectTypeOf<Store['tenant']>().not.toExtend<Store['replica']>();
});

it('the suite that compiles these statements is the one that npm test runs [HOU-11]', () => {
  const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  const { include } = JSON.parse(read('tsconfig.json'));
  expect(include).toContain('test');
  expect(read('scripts/test.mjs')).toMatch(/tsc/);
});
