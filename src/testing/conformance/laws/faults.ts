/**
 * A fault at every step: for each kind of fault and each n, the n-th step of an operation fails, until the operation
 * runs through. It then stored all or nothing, says so truthfully, and can be done again. Every case ends in the
 * verifier.
 *
 * A caller whose engine answered may conclude that nothing was stored when the call failed. Where its connection was closed, the
 * engine fell silent or the process was gone, it may conclude neither; but nothing is ever there half, and what was acknowledged
 * before is there. An engine that says it stored what it did not is believed by nobody: what is recorded is there once it was
 * answered. What may be had again (packing, marks, snapshots) may be lost to such a lie, whole.
 */
import { directoryKey } from '../../../core/ids.ts';
import { position, size } from '../../../core/position.ts';
import { memoryStorage } from '../../../storage/memory.ts';
import type { CommitBytes, EventStorage, Identity } from '../../../storage/port.ts';
import { areSame, holds, same } from '../check.ts';
import {
  atOnce,
  contentOf,
  type Law,
  law,
  NAME,
  plain,
  type Settled,
  settled,
  settledInTime,
  type Tools,
} from '../engine.ts';
import { type FaultKind, isCrash, isSilent } from '../faults.ts';
import { verifyLog } from '../sealed.ts';
import { type Writer, writerFor } from '../writer.ts';

type Base = { readonly writer: Writer; readonly at: number; readonly successor: Identity };
type Act = (storage: EventStorage) => Promise<unknown>;

type Operation = {
  readonly name: string;
  /** Prepares what the operation needs, and gives it. */
  readonly prepare: (base: Base) => Promise<Act>;
  /** Fillers of the commits that the log holds before, each a record of its own. */
  readonly records?: readonly number[];
  /** On a fresh connection, which has not seen the log yet. */
  readonly fresh?: boolean;
  /** On a database that knows who writes. */
  readonly known?: boolean;
  /** Changes nothing. */
  readonly reads?: boolean;
  /** Changes what may be had again, and nothing that is recorded. */
  readonly derived?: boolean;
};

const STEPS_MAX = 100;
const fault = { identity: 'a', foundAt: '2026-01-01T00:00:00.000Z', code: 'chain.gap', sequence: 2 } as const;
const keysOf = () => [directoryKey(7)];

const appendOf =
  (fillers: readonly number[], marks: Record<string, number>) =>
  async ({ writer, at }: Base): Promise<Act> => {
    const commits: CommitBytes[] = [];
    for (const filler of fillers) commits.push(await writer.seal(2, filler));
    return (storage) => storage.append({ expectedSize: size(at), commits, marks });
  };

const always = (act: Act) => async (): Promise<Act> => act;

/** Three of them fill a segment, the fourth would not fit, and the newest is never packed. */
const PACKABLE = [20_000, 20_000, 20_000, 20_000, 20_000];

const WRITES: readonly Operation[] = [
  { name: 'an append', prepare: appendOf([10], {}) },
  { name: 'an append on a fresh connection', fresh: true, prepare: appendOf([10], {}) },
  {
    name: 'an append of several records with marks',
    prepare: appendOf([9_000, 20_000, 8, 20_000, 15_000], { cursor: 2, other: 3 }),
  },
  { name: 'an append of marks alone', derived: true, prepare: appendOf([], { cursor: 2 }) },
  {
    name: 'packing',
    records: PACKABLE,
    derived: true,
    prepare: always((storage) => storage.pack({ bytesMax: 1, keysOf })),
  },
  {
    name: 'writing marks',
    derived: true,
    prepare: always((storage) => storage.writeMarks({ cursor: 5, other: 6 })),
  },
  {
    name: 'keeping an identity',
    prepare:
      async ({ writer }) =>
      (storage) =>
        storage.keepIdentity(writer.identity),
  },
  {
    name: 'keeping a successor',
    known: true,
    prepare:
      async ({ writer, successor }) =>
      (storage) =>
        storage.keepIdentity(successor, writer.identity.replica),
  },
  { name: 'keeping a finding', prepare: always((storage) => storage.keepFinding(fault, Uint8Array.of(1))) },
  {
    name: 'writing a snapshot',
    derived: true,
    prepare: always((storage) => storage.writeSnapshot('view', Uint8Array.of(1))),
  },
];

const READS: readonly Operation[] = [
  {
    name: 'reading',
    records: PACKABLE,
    prepare: always(async (storage) => plain(await storage.read(position(1), 60_000))),
  },
  {
    name: 'reading at positions',
    records: PACKABLE,
    prepare: always(async (storage) => plain(await storage.readAt([position(0), position(4)]))),
  },
  { name: 'asking for the size', fresh: true, prepare: always((storage) => storage.size()) },
  { name: 'reading marks', prepare: always((storage) => storage.readMarks()) },
].map((operation) => ({ ...operation, reads: true }));

/** What a caller may be told when a step fails in this way. Reading takes no room: a fault in it may have any name. */
const mayAnswer = (kind: FaultKind, code: string, reads = false): boolean =>
  kind === 'is out of space' && !reads ? code === 'storage.quota-exceeded' : code.startsWith('storage.');

/** True where the engine answered, so that a failure means that nothing was stored. */
const answers = (kind: FaultKind): boolean => kind === 'throws' || kind === 'aborts' || kind === 'is out of space';

const lies = (kind: FaultKind): boolean => kind === 'succeeds without storing';

/** True where the connection goes on, or a new one is made in its place, so that it can be asked again. */
const goesOn = (kind: FaultKind): boolean => answers(kind) || lies(kind) || kind === 'closes its connection';

type Case = { readonly operation: Operation; readonly kind: FaultKind; readonly at: number };
type States = { readonly before: unknown; readonly now: unknown; readonly after: unknown };

const isConflict = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'conflict';

const check = (
  { kind, at, operation }: Case,
  answer: Settled<unknown> | 'gone',
  { before, now, after }: States,
): void => {
  if (answer !== 'gone' && 'code' in answer) {
    holds(mayAnswer(kind, answer.code, operation.reads), `step ${at}: a code for this failure, not ${answer.code}`);
    if (answers(kind)) same(now, before, `step ${at}: what is stored after the call failed`);
  } else if (answer !== 'gone' && !(lies(kind) && operation.derived)) {
    same(now, isConflict(answer.value) ? before : after, `step ${at}: what is stored after the call was answered`);
  }
  holds(areSame(now, before) || areSame(now, after), `step ${at}: all of the operation is stored, or nothing of it`);
};

/** Events of each commit that the log begins with. */
const EVENTS = 3;

const sealAll = async (writer: Writer, fillers: readonly number[]): Promise<readonly CommitBytes[]> => {
  const commits: CommitBytes[] = [];
  for (const filler of fillers) commits.push(await writer.seal(EVENTS, Math.floor(filler / EVENTS)));
  return commits;
};

/** Brings a storage to where an operation begins. */
const fill = async (storage: EventStorage, commits: readonly CommitBytes[], identity?: Identity): Promise<void> => {
  for (const [at, commit] of commits.entries()) {
    await storage.append({ expectedSize: size(at * EVENTS), commits: [commit], marks: { cursor: 1 } });
  }
  if (identity !== undefined) await storage.keepIdentity(identity);
};

const onOwnConnection = async <T>({ place }: Tools, work: (storage: EventStorage) => Promise<T>): Promise<T> => {
  const storage = await place.adapter().open(NAME);
  try {
    return await work(storage);
  } finally {
    await storage.close();
  }
};

const faultyOf = ({ place }: Tools, kind: FaultKind) => {
  const faulty = place.faulty?.(kind);
  holds(faulty !== undefined, 'the place has an adapter with faults');
  return faulty;
};

/** What the operation does to the reference model, where nothing fails. */
const undisturbed = async (fillIt: (storage: EventStorage) => Promise<void>, act: Act) => {
  const model = await memoryStorage().open(NAME);
  await fillIt(model);
  const before = await contentOf(model);
  const expected = await act(model);
  return { before, expected, after: await contentOf(model) };
};

/** Runs one case; false when the operation ended before the fault was reached. */
const runCase = async (tools: Tools, tried: Case): Promise<boolean> => {
  const { operation, kind, at } = tried;
  const { adapter, faults } = faultyOf(tools, kind);
  const [writer, successor] = [await tools.makeWriter(), await tools.makeIdentity()];
  const commits = await sealAll(writer, operation.records ?? [8]);
  const fillIt = (storage: EventStorage) => fill(storage, commits, operation.known ? writer.identity : undefined);
  if (operation.fresh) await onOwnConnection(tools, fillIt);
  const storage = await adapter.open(NAME);
  if (!operation.fresh) await fillIt(storage);
  const act = await operation.prepare({ writer, at: commits.length * EVENTS, successor });
  const { before, after, expected } = await undisturbed(fillIt, act);
  // The same for every step: looked at once.
  if (at === 1) same(await onOwnConnection(tools, contentOf), before, 'what is stored before the operation');
  faults.arm(at, kind);
  const call = settledInTime(tools.engine, act(storage));
  const answer = isCrash(kind) ? await Promise.race([call, faults.reached().then((): 'gone' => 'gone')]) : await call;
  const reached = faults.disarm();
  holds(answer !== undefined, `step ${at}: the call ends although the engine does not answer`);
  if (operation.reads && answer !== 'gone' && 'value' in answer)
    same(answer.value, expected, `step ${at}: what was read`);
  await onOwnConnection(tools, async (witness) => {
    const now = await contentOf(witness);
    check(tried, reached && isCrash(kind) ? 'gone' : answer, { before, now, after });
    const again = goesOn(kind) ? await settled(act(storage)) : 'elsewhere';
    const isElsewhere = again === 'elsewhere' || (kind === 'closes its connection' && 'code' in again);
    if (isElsewhere) await settled(act(witness));
    same(await contentOf(witness), after, `step ${at}: what is stored after the operation was done again`);
    await verifyLog(witness);
  });
  if (!reached) holds(answer !== 'gone' && 'value' in answer, 'the operation succeeds when nothing fails');
  // A process that is gone closes nothing, and a connection whose engine is silent may have no answer to closing either.
  if (goesOn(kind) || !reached) await storage.close();
  else if (isSilent(kind)) await settledInTime(tools.engine, storage.close());
  return reached;
};

const openWithFault = async (
  tools: Tools,
  { filled, kind, at }: { filled: boolean; kind: FaultKind; at: number },
): Promise<boolean> => {
  const writer = await tools.makeWriter();
  const commits = [await writer.seal(2)];
  const fillIt = (storage: EventStorage) => storage.append({ expectedSize: size(0), commits, marks: {} });
  const { adapter, faults } = faultyOf(tools, kind);
  if (filled) await onOwnConnection(tools, fillIt);
  faults.arm(at, kind);
  const call = settledInTime(tools.engine, adapter.open(NAME));
  const answer = isCrash(kind) ? await Promise.race([call, faults.reached().then((): 'gone' => 'gone')]) : await call;
  const reached = faults.disarm();
  holds(answer !== undefined, `step ${at}: opening ends although the engine does not answer`);
  if (answer !== 'gone' && 'value' in answer) await settledInTime(tools.engine, answer.value.close());
  else if (answer !== 'gone' && !isCrash(kind))
    holds(mayAnswer(kind, answer.code), `step ${at}: a code for this failure, not ${answer.code}`);
  await onOwnConnection(tools, async (storage) => {
    if (!filled) await fillIt(storage);
    same(await verifyLog(storage), 2, `step ${at}: events of the whole log`);
  });
  return reached;
};

/** Cases whose engine falls silent mostly wait: so many go side by side at least. */
const SILENT_AT_ONCE = 4;

/** Every case in a place of its own. */
const untilThrough = async (
  { elsewhere, engine }: Tools,
  kind: FaultKind,
  run: (tools: Tools, at: number) => Promise<boolean>,
): Promise<void> => {
  const width = Math.max(engine.casesAtOnce ?? 1, isSilent(kind) ? SILENT_AT_ONCE : 1);
  const missed: number[] = [];
  for (let first = 1; missed.length === 0; first += width) {
    holds(first < STEPS_MAX, `an operation takes fewer than ${STEPS_MAX} steps`);
    const cases = Array.from({ length: width }, (_, index) => first + index).map((at) =>
      elsewhere(async (tools) => {
        if (!(await run(tools, at))) missed.push(at);
      }),
    );
    await atOnce(cases);
  }
  holds(!missed.includes(1), 'the operation takes a step that can fail');
};

const lawsOf = (kind: FaultKind): readonly Law[] => [
  law(`opening when the n-th step ${kind}, for every n: opens empty or whole afterwards [REC-08]`, async (here) => {
    for (const filled of [false, true])
      await untilThrough(here, kind, (tools, at) => openWithFault(tools, { filled, kind, at }));
  }),
  ...WRITES.map((operation) =>
    law(`${operation.name} when the n-th step ${kind}, for every n: all is stored or nothing [REC-07]`, (here) =>
      untilThrough(here, kind, (tools, at) => runCase(tools, { operation, kind, at })),
    ),
  ),
  ...READS.map((operation) =>
    law(`${operation.name} when the n-th step ${kind}, for every n: reads the truth or fails [REC-08]`, (here) =>
      untilThrough(here, kind, (tools, at) => runCase(tools, { operation, kind, at })),
    ),
  ),
];

/** For an engine without steps that can fail: what it does instead is refuse before it changes anything. */
export const harmlessLaws: readonly Law[] = [
  law(
    'no step can fail half way: an operation either answers or has refused before it changed anything [REC-07]',
    async (tools) => {
      let storage = await tools.open();
      const commits = await sealAll(await tools.makeWriter(), [8]);
      const length = commits.length * EVENTS;
      await fill(storage, commits);
      const [identity, successor] = [await tools.makeIdentity(), await tools.makeIdentity()];
      for (const operation of [...WRITES, ...READS]) {
        const act = await operation.prepare({ writer: writerFor(identity), at: length, successor });
        await storage.close();
        const reopened = await tools.open();
        const before = await contentOf(reopened);
        same(await settled(act(storage)), { code: 'storage.closed' }, operation.name);
        same(await contentOf(reopened), before, operation.name);
        same(await verifyLog(reopened), length, 'events of the whole log');
        storage = reopened;
      }
    },
  ),
];

/** The laws of the kinds of faults that an engine's places can bring about. */
export const faultLaws = (kinds: readonly FaultKind[]): readonly Law[] => kinds.flatMap(lawsOf);
