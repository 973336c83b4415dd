/** The law that covers the rest: whatever is done, an engine answers as the reference model in memory does. */
import type { Finding } from '../../../core/commit.ts';
import { type DirectoryKey, directoryKey } from '../../../core/ids.ts';
import { position, type Size, size } from '../../../core/position.ts';
import { memoryStorage } from '../../../storage/memory.ts';
import type { AppendOutcome, CommitBytes, EventStorage, StorageAdapter } from '../../../storage/port.ts';
import { ConformanceError, same } from '../check.ts';
import { contentOf, type Law, law, NAME, plain, settled, type Tools } from '../engine.ts';
import { verifyLog } from '../sealed.ts';
import type { Writer } from '../writer.ts';
import { type Act, CONNECTIONS, KEYS, makeScript, type Step, shorten, written } from './script.ts';

const RUNS = 25;

/** A commit is found by one or two keys, which its bytes determine. */
const keysOf = (commit: Uint8Array): readonly DirectoryKey[] => {
  const sum = commit.reduce((total, byte) => total + byte, 0);
  return [directoryKey(sum % KEYS), directoryKey((sum >> 3) % KEYS)];
};

type Side = { readonly adapter: StorageAdapter; readonly connections: EventStorage[] };
type Sides = { readonly model: Side; readonly engine: Side };
type ActOf<Kind extends Act['kind']> = Extract<Act, { kind: Kind }>;

const finding = (identity: string, sequence: number): Finding => ({
  identity,
  foundAt: '2026-01-01T00:00:00.000Z',
  code: 'chain.fork',
  sequence,
});

const NOT_OPEN = 'a connection of the script is open';
const connectionOf = ({ connections }: Side, connection: number): EventStorage => {
  const storage = connections[connection];
  if (storage === undefined) throw new ConformanceError(NOT_OPEN);
  return storage;
};

const lengthOf = (sides: Sides): Promise<Size> => connectionOf(sides.model, 0).size();

const onBoth = async (
  sides: Sides,
  { connection, act }: Step,
  call: (storage: EventStorage) => Promise<unknown>,
): Promise<void> => {
  const answer = await settled(call(connectionOf(sides.engine, connection)));
  const expected = await settled(call(connectionOf(sides.model, connection)));
  same(answer, expected, act.kind);
};

/** How durable an append is, is the engine's to say. */
const undurable = async (outcome: Promise<AppendOutcome>) => ({ ...(await outcome), durability: undefined });

const reopen = async (sides: Sides, connection: number): Promise<void> => {
  for (const side of [sides.engine, sides.model]) {
    await connectionOf(side, connection).close();
    side.connections[connection] = await side.adapter.open(NAME);
  }
};

const append = async (sides: Sides, step: Step, { act, writer }: { act: ActOf<'append'>; writer: Writer }) => {
  const commits: CommitBytes[] = [];
  for (const events of act.events) commits.push(await writer.seal(events, act.filler));
  const expectedSize = await lengthOf(sides);
  await onBoth(sides, step, (storage) => undurable(storage.append({ expectedSize, commits, marks: act.marks })));
};

const placeIn = async (sides: Sides, { share, off }: { share: number; off: number }): Promise<number> =>
  Math.max(0, Math.round(share * (await lengthOf(sides))) + off);

/** A stale append brings bytes that are no commit: nobody looks into them. */
const stale = async (sides: Sides, step: Step, act: ActOf<'stale'>): Promise<void> => {
  const wrong = size(await placeIn(sides, act));
  if (wrong === (await lengthOf(sides))) return;
  const commits = act.empty ? [] : [{ bytes: Uint8Array.of(1), events: 1 }];
  await onBoth(sides, step, (storage) => storage.append({ expectedSize: wrong, commits, marks: { stale: true } }));
};

/** How much one call packs is the engine's choice: the model follows it, segment by segment. */
const pack = async (sides: Sides, { connection }: Step, bytesMax: number): Promise<void> => {
  const model = connectionOf(sides.model, connection);
  const packed = await connectionOf(sides.engine, connection).pack({ bytesMax, keysOf });
  const followed = { records: 0, segments: 0, packedTo: await model.packedTo() };
  for (let first = true; first || followed.packedTo < packed.packedTo; first = false) {
    const { records, segments, packedTo } = await model.pack({ bytesMax: 1, keysOf });
    followed.records += records;
    followed.segments += segments;
    followed.packedTo = packedTo;
    if (segments === 0) break;
  }
  same(packed, followed, 'pack');
};

const keepIdentity = async (sides: Sides, step: Step, { makeIdentity }: Tools): Promise<void> => {
  const identity = await makeIdentity();
  await onBoth(sides, step, async (storage) => {
    const instead = step.act.kind === 'identity' ? undefined : (await storage.readIdentity())?.replica;
    return (await storage.keepIdentity(identity, instead)).replica;
  });
};

type Run = { readonly tools: Tools; readonly sides: Sides; readonly writer: Writer };

const runStep = async ({ tools, sides, writer }: Run, step: Step, index: number): Promise<void> => {
  const { act, connection } = step;
  switch (act.kind) {
    case 'append':
      return append(sides, step, { act, writer });
    case 'stale':
      return stale(sides, step, act);
    case 'read': {
      const from = position(await placeIn(sides, act));
      return onBoth(sides, step, (storage) => storage.read(from, act.bytesMax).then(plain));
    }
    case 'readAt': {
      const at = [position(await placeIn(sides, act)), position(0)];
      return onBoth(sides, step, (storage) => storage.readAt(at).then(plain));
    }
    case 'marks':
      return onBoth(sides, step, (storage) => storage.writeMarks(act.marks));
    case 'finding': {
      const evidence = Uint8Array.from(act.evidence);
      return onBoth(sides, step, (storage) => storage.keepFinding(finding(act.identity, index), evidence));
    }
    case 'snapshot':
      return onBoth(sides, step, (storage) => storage.writeSnapshot('view', Uint8Array.from(act.bytes)));
    case 'pack':
      return pack(sides, step, act.bytesMax);
    case 'find':
      return onBoth(sides, step, (storage) => storage.find(directoryKey(act.key)));
    case 'identity':
    case 'successor':
      return keepIdentity(sides, step, tools);
    case 'size':
      return onBoth(sides, step, (storage) => storage.size());
    case 'reopen':
      return reopen(sides, connection);
  }
};

const connect = async (adapter: StorageAdapter): Promise<Side> => {
  const connections: EventStorage[] = [];
  for (let at = 0; at < CONNECTIONS; at++) connections.push(await adapter.open(NAME));
  return { adapter, connections };
};

const holds = async (tools: Tools, script: readonly Step[]): Promise<void> => {
  const sides = { model: await connect(memoryStorage()), engine: await connect(tools.place.adapter()) };
  try {
    const run = { tools, sides, writer: await tools.makeWriter() };
    for (const [index, step] of script.entries()) await runStep(run, step, index);
    const end = { kind: 'size' } as const;
    for (let connection = 0; connection < CONNECTIONS; connection++) {
      await onBoth(sides, { connection, act: end }, contentOf);
    }
    await reopen(sides, 0);
    await onBoth(sides, { connection: 0, act: end }, contentOf);
    await verifyLog(connectionOf(sides.engine, 0));
  } finally {
    for (const { connections } of Object.values(sides)) for (const storage of connections) await storage.close();
  }
};

/** What a script breaks; undefined if it breaks nothing. */
const faultOf = async ({ elsewhere }: Tools, script: readonly Step[]): Promise<string | undefined> => {
  try {
    await elsewhere((tools) => holds(tools, script));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

export const modelLaw: Law = law(
  'answers as the reference model does, whatever is done through any number of connections [REC-07]',
  async (tools) => {
    const { modelSeed, modelRuns = RUNS } = tools.engine;
    const first = modelSeed ?? Date.now() % 1_000_000_000;
    for (let run = 0; run < (modelSeed === undefined ? modelRuns : 1); run++) {
      const seed = first + run;
      const script = makeScript(seed);
      if ((await faultOf(tools, script)) === undefined) continue;
      const shortest = await shorten(script, async (shorter) => (await faultOf(tools, shorter)) !== undefined);
      const fault = (await faultOf(tools, shortest)) ?? 'it failed, and did not when it was repeated';
      throw new ConformanceError(`modelSeed ${seed}: ${fault}. Steps: ${written(shortest)}`);
    }
  },
);
