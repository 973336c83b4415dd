/**
 * Adapters that break the contract, each in one way, to see whether the kit finds them. They stand on the reference model,
 * as an engine would: one step before each call, at which a fault may be.
 */
import { StoreError } from '../../src/core/errors.ts';
import { position, size } from '../../src/core/position.ts';
import { memoryStorage } from '../../src/storage/memory.ts';
import type {
  AppendOutcome,
  AppendRequest,
  EventStorage,
  StorageAdapter,
  StoredRecord,
} from '../../src/storage/port.ts';
import {
  type ConformanceEngine,
  FAULT_KINDS,
  type FaultKind,
  type FaultStep,
  makeFaults,
} from '../../src/testing/conformance/index.ts';

const PATIENCE_MS = 60;
const never = (): Promise<never> => new Promise(() => {});
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Changes one connection. */
export type Mutate = (storage: EventStorage) => Partial<EventStorage>;
/** Says what becomes of an append in whose step there is a fault; undefined for what a sound adapter does. */
export type Mishandle = (
  kind: FaultKind,
  request: AppendRequest,
  storage: EventStorage,
) => ReturnType<EventStorage['append']> | undefined;

export type Mutant = { readonly mutate?: Mutate; readonly mishandle?: Mishandle };

const fail = async (kind: FaultKind, work: () => Promise<unknown>): Promise<never> => {
  if (kind === 'throws' || kind === 'aborts' || kind === 'closes its connection')
    throw new StoreError('storage.failed');
  if (kind === 'is out of space') throw new StoreError('storage.quota-exceeded');
  if (kind === 'loses its answer' || kind === 'precedes a crash') await work();
  if (kind === 'meets a crash' || kind === 'precedes a crash') return never();
  await pause(5);
  throw new StoreError('storage.unresponsive', { answerMs: 5 });
};

/** The fault that an adapter has to deal with; undefined also where it looks after an engine that lies, and does it again. */
const unnoticed = (kind: FaultKind | undefined): FaultKind | undefined =>
  kind === 'succeeds without storing' ? undefined : kind;

/** A connection in whose calls there may be a fault. */
const withFaults = (storage: EventStorage, step: FaultStep, mishandle: Mishandle): EventStorage => {
  const through =
    <A extends readonly unknown[], T>(call: (...args: A) => Promise<T>) =>
    (...args: A): Promise<T> => {
      const kind = unnoticed(step());
      return kind === undefined ? call(...args) : fail(kind, () => call(...args));
    };
  const { onForeignCommit, close, durability, append, ...rest } = storage;
  return {
    onForeignCommit,
    close,
    durability,
    append: (request) => {
      const kind = step();
      if (kind === undefined) return append(request);
      const mishandled = mishandle(kind, request, storage);
      if (mishandled !== undefined) return mishandled;
      return kind === 'succeeds without storing' ? append(request) : fail(kind, () => append(request));
    },
    size: through(rest.size),
    read: through(rest.read),
    readAt: through(rest.readAt),
    pack: through(rest.pack),
    packedTo: through(rest.packedTo),
    find: through(rest.find),
    readMarks: through(rest.readMarks),
    writeMarks: through(rest.writeMarks),
    readIdentity: through(rest.readIdentity),
    readIdentities: through(rest.readIdentities),
    keepIdentity: through(rest.keepIdentity),
    keepFinding: through(rest.keepFinding),
    readFindings: through(rest.readFindings),
    writeSnapshot: through(rest.writeSnapshot),
    readSnapshot: through(rest.readSnapshot),
  };
};

/** An engine of such adapters; sound, if the mutant changes nothing. */
export const engineOf = ({ mutate = () => ({}), mishandle = () => undefined }: Mutant): ConformanceEngine => ({
  durability: 'memory',
  faultKinds: FAULT_KINDS,
  modelRuns: 12,
  patienceMs: PATIENCE_MS,
  makePlace: () => {
    const model = memoryStorage();
    const open = async (name: string): Promise<EventStorage> => {
      const storage = await model.open(name);
      return { ...storage, ...mutate(storage) };
    };
    const adapter: StorageAdapter = { open };
    return {
      adapter: () => adapter,
      faulty: () => {
        const { faults, step } = makeFaults();
        const opening = async (name: string) => {
          const kind = unnoticed(step());
          const work = async () => withFaults(await open(name), step, mishandle);
          return kind === undefined ? work() : fail(kind, work);
        };
        return { adapter: { open: opening }, faults };
      },
      remove: () => {},
    };
  },
});

const turned = (records: readonly StoredRecord[]) =>
  records.map((record) => ({ ...record, commits: [...record.commits].reverse() }));

/** What an append says that was stored. */
const asStored = async ({ expectedSize, commits }: AppendRequest): Promise<AppendOutcome> => ({
  kind: 'appended',
  records: [position(expectedSize)],
  size: size(expectedSize + commits.reduce((total, { events }) => total + events, 0)),
  durability: 'memory',
});

/** Each breaks one thing; the law that has to find it is named beside it. */
export const MUTANTS: readonly { readonly name: string; readonly found: RegExp; readonly mutant: Mutant }[] = [
  {
    name: 'appends at whatever size the log has',
    found: /refuses every size/,
    mutant: {
      mutate: (storage) => ({
        append: async (request) => storage.append({ ...request, expectedSize: await storage.size() }),
      }),
    },
  },
  {
    name: 'compares with what this connection last saw, and appends to what there is',
    found: /has not heard|made at once/,
    mutant: {
      mutate: (storage) => {
        let seen: number | undefined;
        const see = async () => {
          seen = await storage.size();
          return size(seen);
        };
        return {
          size: see,
          append: async (request) => {
            if (seen === undefined) await see();
            if (request.expectedSize !== seen) return { kind: 'conflict' };
            const outcome = await storage.append({ ...request, expectedSize: await storage.size() });
            if (outcome.kind === 'appended') seen = outcome.size;
            return outcome;
          },
        };
      },
    },
  },
  {
    name: 'loses the last commit of several',
    found: /fills records/,
    mutant: {
      mutate: (storage) => ({
        append: (request) =>
          storage.append({ ...request, commits: request.commits.slice(0, Math.max(1, request.commits.length - 1)) }),
      }),
    },
  },
  {
    name: 'sets the marks of a refused append',
    found: /refuses every size/,
    mutant: {
      mutate: (storage) => ({
        append: async (request) => {
          const outcome = await storage.append(request);
          if (outcome.kind === 'conflict') await storage.writeMarks(request.marks);
          return outcome;
        },
      }),
    },
  },
  {
    name: 'gives the commits of a record in another order',
    found: /fills records/,
    mutant: {
      mutate: (storage) => ({ read: async (from, bytesMax) => turned(await storage.read(from, bytesMax)) }),
    },
  },
  {
    name: 'takes the bytes of an append later than at the call',
    found: /stored bytes are those given/,
    mutant: {
      mutate: (storage) => ({
        append: async (request) => {
          await pause(1);
          return storage.append(request);
        },
      }),
    },
  },
  {
    name: 'reads nothing but the first record',
    found: /reads whole records/,
    mutant: {
      mutate: (storage) => ({ read: async (from, bytesMax) => (await storage.read(from, bytesMax)).slice(0, 1) }),
    },
  },
  {
    name: 'does not find what it has packed',
    found: /found by each of their keys/,
    mutant: { mutate: (storage) => ({ pack: ({ bytesMax }) => storage.pack({ bytesMax, keysOf: () => [] }) }) },
  },
  {
    name: 'packs without checking what it packs',
    found: /check of a commit throws|found by each of their keys/,
    mutant: {
      mutate: (storage) => ({
        pack: ({ bytesMax, keysOf }) =>
          storage.pack({
            bytesMax,
            keysOf: (commit) => {
              try {
                return keysOf(commit);
              } catch {
                return [];
              }
            },
          }),
      }),
    },
  },
  {
    name: 'lets a later identity take the place of the first',
    found: /keeps the first identity/,
    mutant: {
      mutate: (storage) => ({
        keepIdentity: async (identity) => storage.keepIdentity(identity, (await storage.readIdentity())?.replica),
      }),
    },
  },
  {
    name: 'keeps the same finding as often as it is told',
    found: /keeps a finding once/,
    mutant: {
      mutate: (storage) => ({
        keepFinding: (finding, evidence) =>
          storage.keepFinding(
            { ...finding, identity: `${finding.identity}${evidence.length}${evidence[0]}` },
            evidence,
          ),
      }),
    },
  },
  {
    name: 'answers after it was closed',
    found: /after close every call fails/,
    mutant: { mutate: () => ({ close: async () => {} }) },
  },
  {
    name: 'tells nobody of what it stored',
    found: /tells the other connections/,
    mutant: { mutate: () => ({ onForeignCommit: () => () => {} }) },
  },
  {
    name: 'gives another size than the log has after packing',
    found: /packs the oldest records|answers as the reference model/,
    mutant: {
      mutate: (storage) => ({
        size: async () => {
          const packed = await storage.packedTo();
          const length = await storage.size();
          return packed > 0 ? size(length - 1) : length;
        },
      }),
    },
  },
  {
    name: 'leaves the first half of an append when it crashes',
    found: /appends? of several records with marks when the n-th step meets a crash/,
    mutant: {
      mishandle: (kind, request, storage) => {
        if (kind !== 'meets a crash' || request.commits.length < 2) return undefined;
        return storage.append({ ...request, commits: request.commits.slice(0, 2) }).then(never);
      },
    },
  },
  {
    name: 'says that it stored what the disk refused',
    found: /an append when the n-th step throws/,
    mutant: { mishandle: (kind, request) => (kind === 'throws' ? asStored(request) : undefined) },
  },
  {
    name: 'believes an engine that says it stored what it did not',
    found: /an append when the n-th step succeeds without storing/,
    mutant: { mishandle: (kind, request) => (kind === 'succeeds without storing' ? asStored(request) : undefined) },
  },
  {
    name: 'reports what was under way when its connection closed',
    found: /an append when the n-th step closes its connection/,
    mutant: { mishandle: (kind, request) => (kind === 'closes its connection' ? asStored(request) : undefined) },
  },
  {
    name: 'stores what was under way when its connection closed, and then once more',
    found: /an append when the n-th step closes its connection/,
    mutant: {
      mishandle: (kind, request, storage) =>
        kind === 'closes its connection'
          ? storage.append(request).then(async () => storage.append({ ...request, expectedSize: await storage.size() }))
          : undefined,
    },
  },
  {
    name: 'says that a full disk is any failure',
    found: /an append when the n-th step is out of space/,
    mutant: {
      mishandle: (kind) => (kind === 'is out of space' ? Promise.reject(new StoreError('storage.failed')) : undefined),
    },
  },
  {
    name: 'waits for ever for a disk that does not answer',
    found: /an append when the n-th step never answers/,
    mutant: { mishandle: (kind) => (kind === 'never answers' ? never() : undefined) },
  },
  {
    name: 'takes its own append for that of another when the answer was lost',
    found: /an append when the n-th step loses its answer/,
    mutant: {
      mishandle: (kind, request, storage) =>
        kind === 'loses its answer' ? storage.append(request).then(() => storage.append(request)) : undefined,
    },
  },
];

/** An adapter that acknowledges what it has only in its buffer: a new connection finds less than was acknowledged. */
export const bufferedEngine = (): ConformanceEngine => {
  const sound = engineOf({});
  return {
    ...sound,
    makePlace: () => {
      const disk = memoryStorage();
      return {
        adapter: () => buffered(disk),
        faulty: () => {
          const { faults, step } = makeFaults();
          const adapter = buffered(disk);
          const open = async (name: string) => withFaults(await adapter.open(name), step, () => undefined);
          return { adapter: { open }, faults };
        },
        remove: () => {},
      };
    },
  };
};

/** Writes behind: an append reaches the disk with the next one, or when the connection is closed. */
const buffered = (disk: StorageAdapter): StorageAdapter => ({
  open: async (name) => {
    const storage = await disk.open(name);
    let behind: AppendRequest | undefined;
    const flush = async () => {
      const request = behind;
      behind = undefined;
      if (request !== undefined) await storage.append(request);
    };
    return {
      ...storage,
      size: async () => {
        const length = await storage.size();
        const events = behind?.commits.reduce((total, commit) => total + commit.events, 0) ?? 0;
        return size(length + events);
      },
      append: async (request) => {
        await flush();
        if (request.expectedSize !== (await storage.size())) return { kind: 'conflict' };
        behind = request;
        const events = request.commits.reduce((total, commit) => total + commit.events, 0);
        const end = size(request.expectedSize + events);
        return { kind: 'appended', records: [position(request.expectedSize)], size: end, durability: 'memory' };
      },
      read: async (from, bytesMax) => {
        await flush();
        return storage.read(from, bytesMax);
      },
      close: async () => {
        await flush();
        await storage.close();
      },
    };
  },
});
