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
  type Conflicted,
  defineAggregate,
  defineEvent,
  defineRollup,
  type defineView,
  type LiveQuery,
  type OpenedEventOf,
  protect,
  type Sealed,
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

it('an event of several versions has the type of its newest one, in drafts, handlers and when it is read [EVO-02]', () => {
  const events = {
    Weighed: defineEvent({
      version: 3,
      schema: z.strictObject({ grams: z.number(), scale: z.enum(['home', 'site']) }),
      upcast: {
        1: ({ kilos }) => ({ grams: Number(kilos) * 1_000 }),
        2: (payload) => ({ ...payload, scale: 'site' }),
      },
    }),
  };
  type Newest = { readonly type: 'Weighed'; readonly grams: number; readonly scale: 'home' | 'site' };
  expectTypeOf<SendableEvent<typeof events>>().toEqualTypeOf<
    { readonly type: 'Weighed' } & Readonly<{ grams: number; scale: 'home' | 'site' }>
  >();
  expectTypeOf<SendableEvent<typeof events>>().toExtend<Newest>();
  expectTypeOf<OpenedEventOf<typeof events>>().toExtend<Newest>();
  expectTypeOf<{ type: 'Weighed'; kilos: number }>().not.toExtend<SendableEvent<typeof events>>();
  expectTypeOf<{ type: 'Weighed'; grams: number }>().not.toExtend<SendableEvent<typeof events>>();
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
  expectTypeOf(rows).returns.toEqualTypeOf<LiveQuery<VisitRow & Conflicted>>();
  type Query = LiveQuery<VisitRow>;
  expectTypeOf<Parameters<Query['orderBy']>[0]>().toEqualTypeOf<keyof VisitRow>();
  expectTypeOf<{ state: number }>().not.toExtend<Parameters<Query['where']>[0]>();
  expectTypeOf<{ readonly state: 'open' }>().toExtend<Parameters<Query['where']>[0]>();
  expectTypeOf<ReturnType<Query['rows']>>().toEqualTypeOf<readonly VisitRow[]>();
});

it('conditions, selections, joins and groups have the types of the members that they name [PRJ-07, PRJ-11, PRJ-12]', () => {
  type Asked = Parameters<LiveQuery<VisitRow>['where']>[0];
  expectTypeOf<{ readonly sum: { readonly gt: 1; readonly lte: 5 } }>().toExtend<Asked>();
  expectTypeOf<{ readonly sum: { readonly gt: 'a' } }>().not.toExtend<Asked>();
  const sites = (of: typeof casebook) =>
    defineRollup({
      ...{ name: 'by state', of, groupBy: ['state'] },
      measures: { locked: { count: { state: 'locked' } }, most: { max: 'id' } },
    });
  const narrow = (store: Store) => store.view(casebook).select('id', 'sum').rows()[0];
  expectTypeOf(narrow).returns.toEqualTypeOf<Pick<VisitRow, 'id' | 'sum'> | undefined>();
  const grouped = (store: Store) => store.view(sites(casebook)).rows()[0]?.most;
  expectTypeOf(grouped).returns.toEqualTypeOf<string | undefined>();
  const joined = (store: Store) =>
    store.view(casebook).join(sites(casebook), { by: 'state', as: 'all' }).rows()[0]?.all?.locked;
  expectTypeOf(joined).returns.toEqualTypeOf<number | undefined>();
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

it('a protected part is typed as the value in a draft, and as the value or its placeholder where it is read [FLD-14]', () => {
  const subject = { key: 'subject' } as const;
  const schema = z.strictObject({
    site: z.string(),
    name: protect(z.string().min(1), subject),
    born: protect(z.iso.date(), subject).optional(),
    score: protect(z.number().nullable(), subject),
    seen: protect(z.boolean(), subject).nullable(),
    arm: protect(z.enum(['verum', 'placebo']), { key: 'group', name: 'treatment' }),
    scan: protect(z.instanceof(Uint8Array), subject),
    home: protect(z.strictObject({ street: z.string(), number: z.number() }), subject),
    contacts: z.array(z.strictObject({ kind: z.string(), phone: protect(z.string(), subject) })),
    scores: z.record(z.string(), protect(z.number(), subject)),
  });
  const events = {
    Entered: defineEvent({ version: 1, schema }),
    Closed: defineEvent({ version: 1, schema: z.strictObject({}) }),
  };
  type Draft = Extract<SendableEvent<typeof events>, { readonly type: 'Entered' }>;
  type Read = Extract<OpenedEventOf<typeof events>, { readonly type: 'Entered' }>;
  expectTypeOf<Read['site']>().toEqualTypeOf<string>();
  expectTypeOf<Read['name']>().toEqualTypeOf<string | Sealed>();
  expectTypeOf<Read['born']>().toEqualTypeOf<string | Sealed | undefined>();
  expectTypeOf<Read['score']>().toEqualTypeOf<number | null | Sealed>();
  expectTypeOf<Read['seen']>().toEqualTypeOf<boolean | null | Sealed>();
  expectTypeOf<Read['arm']>().toEqualTypeOf<'verum' | 'placebo' | Sealed>();
  expectTypeOf<Read['scan']>().toEqualTypeOf<Uint8Array<ArrayBuffer> | Sealed>();
  expectTypeOf<Read['home']>().toEqualTypeOf<{ street: string; number: number } | Sealed>();
  expectTypeOf<Read['contacts'][number]>().toEqualTypeOf<{ kind: string; phone: string | Sealed }>();
  expectTypeOf<Read['scores'][string]>().toEqualTypeOf<number | Sealed>();
  type Plain = {
    readonly type: 'Entered';
    readonly site: string;
    readonly name: string;
    readonly score: null;
    readonly seen: true;
    readonly arm: 'verum';
    readonly scan: Uint8Array<ArrayBuffer>;
    readonly home: { street: string; number: number };
    readonly contacts: { kind: string; phone: string }[];
    readonly scores: Record<string, number>;
  };
  expectTypeOf<Plain>().toExtend<Draft>();
  expectTypeOf<Omit<Plain, 'name'> & { readonly name: Sealed }>().not.toExtend<Draft>();
  expectTypeOf<Omit<Plain, 'name'> & { readonly name: string | Sealed }>().not.toExtend<Draft>();
  expectTypeOf<Draft['name']>().toExtend<string>();
  expect(schema.safeParse({}).success).toBe(false);
});
