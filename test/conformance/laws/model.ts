/** The law that covers the rest: whatever is done, an engine answers as the reference model in memory does. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Finding } from '../../../src/core/commit.ts';
import { type DirectoryKey, directoryKey } from '../../../src/core/ids.ts';
import type { JsonValue } from '../../../src/core/json.ts';
import { position, size } from '../../../src/core/position.ts';
import { memoryStorage } from '../../../src/storage/memory.ts';
import type { CommitBytes, EventStorage, StorageAdapter } from '../../../src/storage/port.ts';
import { contentOf, type Engine, NAME, plain, settled } from '../engine.ts';
import { verifyLog } from '../sealed.ts';
import { makeIdentity, makeWriter, type Writer } from '../writer.ts';

const CONNECTIONS = 3;
/** Directory keys of the run: few, so that many commits share one. */
const KEYS = 4;

/** A commit is found by one or two keys, which its bytes determine. */
const keysOf = (commit: Uint8Array): readonly DirectoryKey[] => {
  const sum = commit.reduce((total, byte) => total + byte, 0);
  return [directoryKey(sum % KEYS), directoryKey((sum >> 3) % KEYS)];
};

/** `place` is a share of the log's size, so that a shrunk run still points into it; `off` goes beside it. */
type Place = { readonly place: number; readonly off: number };
type Act =
  | {
      readonly kind: 'append';
      readonly events: readonly number[];
      readonly filler: number;
      readonly marks: Record<string, JsonValue>;
    }
  | ({ readonly kind: 'stale'; readonly empty: boolean } & Place)
  | ({ readonly kind: 'read'; readonly bytesMax: number } & Place)
  | ({ readonly kind: 'readAt' } & Place)
  | { readonly kind: 'marks'; readonly marks: Record<string, JsonValue> }
  | { readonly kind: 'finding'; readonly identity: string; readonly evidence: Uint8Array }
  | { readonly kind: 'snapshot'; readonly bytes: Uint8Array }
  | { readonly kind: 'pack'; readonly bytesMax: number }
  | { readonly kind: 'find'; readonly key: number }
  | { readonly kind: 'identity' | 'successor' | 'size' | 'reopen' };
type Step = { readonly connection: number; readonly act: Act };

const places = { place: fc.double({ min: 0, max: 1, noNaN: true }), off: fc.integer({ min: -2, max: 3 }) };
const json = fc.jsonValue({ maxDepth: 2 }).map((value): JsonValue => JSON.parse(JSON.stringify(value)));
const marks = fc.dictionary(fc.constantFrom('cursor', 'receipt', 'a'), json, { maxKeys: 2 });
const bytes = fc.uint8Array({ maxLength: 40 });
const kind = <K extends string>(name: K) => fc.constant(name);

const acts: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: kind('append'),
      events: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 5 }),
      filler: fc.constantFrom(0, 30, 5_000, 12_000),
      marks,
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: kind('stale'), empty: fc.boolean(), ...places }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: kind('read'), bytesMax: fc.constantFrom(0, 1, 900, 70_000, 1e9), ...places }),
  },
  { weight: 2, arbitrary: fc.record({ kind: kind('readAt'), ...places }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('marks'), marks }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: kind('finding'), identity: fc.constantFrom('x', 'y', 'z'), evidence: bytes }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kind('snapshot'), bytes }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('pack'), bytesMax: fc.constantFrom(1, 70_000, 1e9) }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('find'), key: fc.integer({ min: 0, max: KEYS }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('identity', 'successor', 'size', 'reopen') }) },
);
const steps = fc.array(fc.record({ connection: fc.integer({ min: 0, max: CONNECTIONS - 1 }), act: acts }), {
  minLength: 5,
  maxLength: 40,
});

type Side = { readonly adapter: StorageAdapter; readonly connections: EventStorage[] };

const finding = (identity: string, sequence: number): Finding => ({
  identity,
  foundAt: '2026-01-01T00:00:00.000Z',
  code: 'chain.fork',
  sequence,
});

/** Commits are sealed once and given to both sides; a stale append brings bytes that are no commit. */
const makeRun = (writer: Writer, sides: { readonly model: Side; readonly engine: Side }) => {
  const both = async (connection: number, call: (storage: EventStorage) => Promise<unknown>): Promise<void> => {
    const answers = [];
    for (const side of [sides.engine, sides.model]) {
      const storage = side.connections[connection];
      if (storage !== undefined) answers.push(await settled(call(storage)));
    }
    expect(answers[0]).toEqual(answers[1]);
  };
  const reopen = async (connection: number) => {
    for (const side of [sides.engine, sides.model]) {
      await side.connections[connection]?.close();
      side.connections[connection] = await side.adapter.open(NAME);
    }
  };
  const append = async (connection: number, act: Extract<Act, { kind: 'append' }>) => {
    const commits: CommitBytes[] = [];
    for (const events of act.events) commits.push(await writer.seal(events, act.filler));
    const expectedSize = (await sides.model.connections[0]?.size()) ?? size(0);
    await both(connection, (storage) => storage.append({ expectedSize, commits, marks: act.marks }));
  };
  const at = async ({ place, off }: Place): Promise<number> =>
    Math.max(0, Math.round(place * ((await sides.model.connections[0]?.size()) ?? 0)) + off);
  const stale = async (connection: number, act: Extract<Act, { kind: 'stale' }>) => {
    const wrong = size(await at(act));
    if (wrong === (await sides.model.connections[0]?.size())) return;
    const commits = act.empty ? [] : [{ bytes: Uint8Array.of(1), events: 1 }];
    await both(connection, (storage) => storage.append({ expectedSize: wrong, commits, marks: { stale: true } }));
  };
  /** How much one call packs is the engine's choice: the model follows it, segment by segment. */
  const pack = async (connection: number, bytesMax: number) => {
    const [engine, model] = [sides.engine.connections[connection], sides.model.connections[connection]];
    if (engine === undefined || model === undefined) return;
    const packed = await engine.pack({ bytesMax, keysOf });
    const followed = { records: 0, segments: 0, packedTo: await model.packedTo() };
    for (let first = true; first || followed.packedTo < packed.packedTo; first = false) {
      const { records, segments, packedTo } = await model.pack({ bytesMax: 1, keysOf });
      followed.records += records;
      followed.segments += segments;
      followed.packedTo = packedTo;
      if (segments === 0) break;
    }
    expect(packed).toEqual(followed);
  };
  return { both, reopen, append, stale, at, pack };
};

const runStep = async (run: ReturnType<typeof makeRun>, { connection, act }: Step, index: number): Promise<void> => {
  const { both } = run;
  switch (act.kind) {
    case 'append':
      return run.append(connection, act);
    case 'stale':
      return run.stale(connection, act);
    case 'read': {
      const from = position(await run.at(act));
      return both(connection, (storage) => storage.read(from, act.bytesMax).then(plain));
    }
    case 'readAt': {
      const from = position(await run.at(act));
      return both(connection, (storage) => storage.readAt([from, position(0)]).then(plain));
    }
    case 'marks':
      return both(connection, (storage) => storage.writeMarks(act.marks));
    case 'finding':
      return both(connection, (storage) => storage.keepFinding(finding(act.identity, index), act.evidence));
    case 'snapshot':
      return both(connection, (storage) => storage.writeSnapshot('view', act.bytes));
    case 'pack':
      return run.pack(connection, act.bytesMax);
    case 'find':
      return both(connection, (storage) => storage.find(directoryKey(act.key)));
    case 'identity':
    case 'successor': {
      const identity = await makeIdentity();
      const newest = (storage: EventStorage) => storage.readIdentity().then((kept) => kept?.replica);
      return both(connection, async (storage) => {
        const instead = act.kind === 'identity' ? undefined : await newest(storage);
        return (await storage.keepIdentity(identity, instead)).replica;
      });
    }
    case 'size':
      return both(connection, (storage) => storage.size());
    case 'reopen':
      return run.reopen(connection);
  }
};

const connect = async (adapter: StorageAdapter): Promise<Side> => {
  const connections: EventStorage[] = [];
  for (let at = 0; at < CONNECTIONS; at++) connections.push(await adapter.open(NAME));
  return { adapter, connections };
};

const holds = async (engine: Engine, script: readonly Step[]): Promise<void> => {
  const place = engine.makePlace();
  const sides = { model: await connect(memoryStorage()), engine: await connect(place.adapter()) };
  try {
    const run = makeRun(await makeWriter(), sides);
    for (const [index, step] of script.entries()) await runStep(run, step, index);
    for (let at = 0; at < CONNECTIONS; at++) await run.both(at, contentOf);
    await run.reopen(0);
    await run.both(0, contentOf);
    for (const { connections } of Object.values(sides)) {
      const [storage] = connections;
      if (storage !== undefined) await verifyLog(storage);
    }
  } finally {
    for (const { connections } of Object.values(sides)) for (const storage of connections) await storage.close();
    await place.remove();
  }
};

export const modelLaw = (engine: Engine): void => {
  it('answers as the reference model does, whatever is done through any number of connections [REC-07]', async () => {
    await fc.assert(
      fc.asyncProperty(steps, (script) => holds(engine, script)),
      { numRuns: engine.modelRuns },
    );
  });
};
