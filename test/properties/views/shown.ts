/**
 * Whole stores that live a script, and what they show, held after every step against what a store shows that folds the whole log. Runs
 * without a test runner, so that it can be bundled over a product that is broken (`mutants.ts`).
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Observable } from 'rxjs';
import type { EventId } from '../../../src/core/ids.ts';
import {
  defineRollup,
  defineView,
  isStoreError,
  type QueryResult,
  type Store,
  type StoreOptions,
} from '../../../src/index.ts';
import { type Trouble, throughTrouble } from '../../../src/testing/world/disk.ts';
import { type KeyRing, keyRing } from '../../support/keys.ts';
import { names, Patient } from '../../unit/fields/patients.ts';
import { collect, openDevice, Visit } from '../../unit/store/trial.ts';
import { type Act, act, IDS, type Node, openWorld, perform } from '../upkeep/devices.ts';
import { forgetful, hurried, LaterVisit, laterRows, MeasuredVisit } from '../upkeep/kept.ts';

const visits = defineView({
  name: 'visits',
  of: Visit,
  row: ({ id, value, context, version, uncontested, inapplicable, readOnly }) => ({
    id,
    state: String(value),
    sum: Object.values(uncontested.context.items).reduce((total, each) => total + each, 0),
    items: Object.keys(context.items).length,
    ...{ version, inapplicable, readOnly },
  }),
  indexes: [['state', 'sum'], ['version']],
});
/** A row goes when its visit is locked, and comes again. */
const open = defineView({
  name: 'open',
  of: Visit,
  row: ({ id, value, conflicts }) => (value === 'open' ? { id, conflicts: conflicts.length } : undefined),
  indexes: [['conflicts']],
});
const byState = defineRollup({
  name: 'by state',
  of: visits,
  groupBy: ['state'],
  measures: {
    visits: { count: {} },
    contested: { count: { inapplicable: { gt: 0 } } },
    sum: { sum: 'sum' },
    last: { max: 'id' },
  },
});
const later = defineRollup({
  name: 'later by items',
  of: laterRows,
  groupBy: ['items'],
  measures: { visits: { count: {} } },
});
const measured = defineView({
  name: 'measured',
  of: MeasuredVisit,
  row: ({ id, context: { assumed, corrections }, readOnly }) => ({ id, assumed, corrections, readOnly }),
});
const byName = defineRollup({ name: 'by name', of: names, groupBy: ['name'], measures: { patients: { count: {} } } });

/** What each version of the application registers, and asks. Only the last writes what the others do not know. */
const VERSIONS = [
  {
    options: { aggregates: [Visit], views: [visits, byState, open] },
    queries: (store: Store) => [
      store.view(visits).where({ state: 'open' }).orderBy('sum', 'descending'),
      store
        .view(visits)
        .where({ version: { gt: 2 } })
        .orderBy('version')
        .limit(2),
      store.view(visits).join(byState, { by: 'state', as: 'all' }).select('id', 'all'),
      store.view(byState),
      store.view(open).orderBy('conflicts'),
    ],
  },
  {
    options: { aggregates: [LaterVisit], views: [laterRows, later] },
    queries: (store: Store) => [
      store
        .view(laterRows)
        .where({ items: { gte: 1 } })
        .orderBy('items'),
      store.view(later),
    ],
  },
  {
    options: { aggregates: [MeasuredVisit], views: [measured] },
    queries: (store: Store) => [store.view(measured).orderBy('assumed', 'descending')],
  },
] as const;

/** Beside the visits, patients with a protected name: a store that knows them keeps no states. */
const PATIENTS = {
  options: { aggregates: [Patient], views: [names, byName] },
  queries: (store: Store) => [
    store.view(names).orderBy('name'),
    store.view(names).join(byName, { by: 'name', as: 'namesakes' }),
    store.view(byName),
  ],
};

/** A live query whose rows have no type. */
type Asked = {
  readonly result: () => QueryResult;
  readonly result$: Observable<QueryResult>;
  readonly limit: (count: number) => Asked;
  readonly after: (cursor: NonNullable<QueryResult['next']>) => Asked;
};
type Version = {
  readonly at: number;
  readonly options: Partial<StoreOptions>;
  readonly queries: (store: Store) => readonly Asked[];
};

const versionOf = (at: number, ring: KeyRing | undefined): Version => {
  const { options, queries } = VERSIONS[at % VERSIONS.length] ?? VERSIONS[0];
  if (ring === undefined) return { at, options, queries };
  return {
    at,
    options: {
      aggregates: [...options.aggregates, ...PATIENTS.options.aggregates],
      views: [...options.views, ...PATIENTS.options.views],
      keys: { source: ring.source() },
    },
    queries: (store) => [...queries(store), ...PATIENTS.queries(store)],
  };
};

/** What goes wrong while a step is done. */
type Fault = 'cut' | 'full' | { readonly calls: number; readonly takesEffect: boolean };
type OfPatient = { readonly kind: 'name' | 'redact' | 'erase'; readonly device: number; readonly id: string };
type Does =
  | Act
  | OfPatient
  | { readonly kind: 'update'; readonly device: number; readonly to: number; readonly packs: boolean };
type Step = { readonly does: Does; readonly fault: Fault | undefined };
export type Script = { readonly isSealed: boolean; readonly steps: readonly Step[] };

/** The program is killed when it asks the disk so often, counted from the beginning of the step. */
const crashAt = (min: number, max: number) => fc.record({ calls: fc.integer({ min, max }), takesEffect: fc.boolean() });
const fault: fc.Arbitrary<Fault | undefined> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom('cut' as const, 'full' as const) },
  { weight: 1, arbitrary: crashAt(1, 12) },
);
const device = fc.nat(2);
const id = fc.constantFrom(...IDS);
const closing = fc.record({ kind: fc.constantFrom('lock' as const, 'settle' as const), device, id });
const update = fc.record({
  ...{ kind: fc.constant('update' as const), device, to: fc.nat(VERSIONS.length - 1) },
  packs: fc.nat(3).map((n) => n > 0), // what is kept then is of the rules of before
});
const naming = fc.record({ kind: fc.constant('name' as const), device, id });
const erasing = fc.record({ kind: fc.constantFrom('redact' as const, 'erase' as const), device, id });

const STEPS_MAX = 30;
const scriptOf = (isSealed: boolean): fc.Arbitrary<Script> => {
  const does: fc.Arbitrary<Does> = fc.oneof(
    { weight: 16, arbitrary: act },
    { weight: 2, arbitrary: closing },
    ...(isSealed
      ? [
          { weight: 5, arbitrary: naming },
          { weight: 2, arbitrary: erasing },
        ]
      : []),
  );
  const step = fc.oneof(
    { weight: 9, arbitrary: fc.record({ does, fault }) },
    { weight: 1, arbitrary: fc.record({ does: update, fault: fc.option(crashAt(5, 12), { nil: undefined }) }) },
  );
  const steps = fc.array(step, { minLength: 10, maxLength: STEPS_MAX });
  return steps.map((all) => ({ isSealed, steps: all }));
};
export const scripts: fc.Arbitrary<Script> = fc.oneof(
  { weight: 2, arbitrary: scriptOf(false) },
  { weight: 1, arbitrary: scriptOf(true) },
);

type Shown = Pick<QueryResult, 'rows' | 'keys' | 'stale'>;
const shown = ({ rows, keys, stale }: QueryResult): Shown => ({ rows, keys, stale });

/** A device with the version that runs on it, what goes wrong there, and the live queries over it. */
type Life = {
  readonly node: Node;
  version: Version;
  trouble: Trouble;
  live: readonly { readonly seen: QueryResult[] }[];
};

const UNTROUBLED = { isDead: false, isFull: false, isCut: false, crash: undefined };

/** Whatever is thrown of a disk that fails, or of a key that is gone: the step was not done, or nobody knows. */
const unlessExpected = (error: unknown): void => {
  if (!isStoreError(error) || !(error.code.startsWith('storage.') || error.code === 'key.shredded')) throw error;
};

const arm = (trouble: Trouble, fault: Fault | undefined): void => {
  if (fault === 'cut') trouble.isCut = true;
  else if (fault === 'full') trouble.isFull = true;
  else if (fault !== undefined) trouble.crash = { left: fault.calls, takesEffect: fault.takesEffect };
};

/** Opens a store of a version in the place of the one that ran, and follows all that can be asked of it. */
const begin = async (life: Life, version: Version, fault?: Fault): Promise<void> => {
  const { node } = life;
  const trouble: Trouble = { ...UNTROUBLED };
  arm(trouble, fault);
  const storage = throughTrouble(node.storage, trouble);
  try {
    const opened = await node.open({ ...version.options, ...hurried(), storage });
    Object.assign(node, opened);
    Object.assign(life, { version, trouble, live: version.queries(node.store).map(({ result$ }) => collect(result$)) });
    await node.store.caughtUp();
  } catch (error) {
    unlessExpected(error);
    return begin(life, version);
  }
  Object.assign(trouble, { isFull: false, isCut: false, crash: undefined });
  if (trouble.isDead) await begin(life, version);
};

/** The pages of a query, one after the other. */
const paged = (query: Asked): readonly unknown[] => {
  const all: unknown[] = [];
  let page = query.limit(2).result();
  for (;;) {
    all.push(...page.rows);
    if (page.next === undefined) return all;
    page = query.after(page.next).limit(2).result();
  }
};

/** What was kept up is what is asked anew, at once or by pages, and what a store shows that folds the whole log. */
const expectWhole = async ({ node, version, live }: Life): Promise<readonly Shown[]> => {
  await node.store.caughtUp();
  const queries = version.queries(node.store);
  const asked = queries.map((query) => shown(query.result()));
  assert.deepEqual(
    live.map(({ seen }) => seen.at(-1)).map((last) => last && shown(last)),
    asked,
  );
  for (const query of queries) assert.deepEqual(paged(query), query.limit(Number.POSITIVE_INFINITY).result().rows);
  const { store } = await openDevice({
    ...version.options,
    ...{ storage: forgetful(node.storage), name: node.name, upkeep: 'manual' },
  });
  const made = version.queries(store).map((query) => shown(query.result()));
  await store.close();
  assert.deepEqual(asked, made);
  return asked;
};

/** Names that were recorded, by the patient: each can be redacted. */
type Patients = { readonly ring: KeyRing; readonly events: Map<string, EventId> };

const isOfPatient = (does: Does): does is OfPatient => ['name', 'redact', 'erase'].includes(does.kind);

const performOfPatient = async ({ node }: Life, { kind, id }: OfPatient, { ring, events }: Patients): Promise<void> => {
  if (kind === 'erase') return ring.shred(`subject/${id}`);
  if (kind === 'redact') {
    const event = events.get(id);
    if (event !== undefined) ring.redact(`subject/${id}`, { event, path: '/name' });
    return;
  }
  const sent = await node.store.aggregate(Patient, id).send({ type: 'Named', name: `name ${events.size % 2}` });
  if (sent.kind === 'committed') events.set(id, sent.eventId);
};

const step = async (life: Life, { does, fault }: Step, patients: Patients & { readonly isSealed: boolean }) => {
  if (does.kind === 'update' || does.kind === 'reopen') {
    if (does.kind === 'update' && does.packs) await life.node.store.compact();
    await life.node.store.close();
    const at = does.kind === 'update' ? does.to : life.version.at;
    return begin(life, versionOf(at, patients.isSealed ? patients.ring : undefined), fault);
  }
  arm(life.trouble, fault);
  const done = isOfPatient(does) ? performOfPatient(life, does, patients) : perform(life.node, does);
  await done.catch(unlessExpected);
  Object.assign(life.trouble, { isFull: false, isCut: false, crash: undefined });
  if (life.trouble.isDead) await begin(life, life.version); // it was killed: another connection goes on
};

/** Lives a script. @throws AssertionError as soon as something is shown that is not so */
export const liveScript = async ({ isSealed, steps }: Script): Promise<void> => {
  const patients = { ring: keyRing(), events: new Map<string, EventId>(), isSealed };
  const first = versionOf(0, isSealed ? patients.ring : undefined);
  const lives: Life[] = [];
  for (const node of await openWorld({})) {
    await node.store.close();
    const life: Life = { node, version: first, trouble: { ...UNTROUBLED }, live: [] };
    await begin(life, first);
    lives.push(life);
  }
  for (const each of steps) {
    const life = lives[each.does.device];
    if (life === undefined) continue;
    await step(life, each, patients);
    await expectWhole(life);
  }
  for (const life of lives)
    if (life.version.at !== 0)
      await step(life, { does: { kind: 'update', device: 0, to: 0, packs: false }, fault: undefined }, patients);
  for (const { node } of [...lives, ...lives, ...lives]) await perform(node, { kind: 'sync', device: 0 });
  const ends: (readonly Shown[])[] = [];
  for (const life of lives) ends.push(await expectWhole(life));
  for (const end of ends) assert.deepEqual(end, ends[0]);
  for (const { node } of lives) await node.store.close();
};

/** Lives so many scripts of a seed; the number of the first one that shows something that is not so, from 1; undefined if none does. */
export const firstUntrue = async (seed: number, runs: number): Promise<number | undefined> => {
  const found = await fc.check(fc.asyncProperty(scripts, liveScript), { seed, numRuns: runs, endOnFailure: true });
  return found.failed ? found.numRuns : undefined;
};
