/**
 * The reference model of the storage port: an array in memory. Nothing survives the process. Several connections to
 * one name share one log, as tabs do.
 */
import type { Finding } from '../core/commit.ts';
import { StoreError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { type Position, position, type Size, size } from '../core/position.ts';
import type {
  AppendOutcome,
  AppendRequest,
  CommitBytes,
  EventStorage,
  Identity,
  Marks,
  StorageAdapter,
  StoredRecord,
} from './port.ts';

type Database = {
  readonly records: StoredRecord[];
  readonly starts: Map<Position, number>;
  readonly findings: Map<string, { readonly finding: Finding; readonly evidence: Uint8Array }>;
  readonly snapshots: Map<string, Uint8Array>;
  readonly listeners: Map<object, Set<() => void>>;
  size: Size;
  marks: Marks;
  identity: Identity | undefined;
};

const emptyDatabase = (): Database => ({
  records: [],
  starts: new Map(),
  findings: new Map(),
  snapshots: new Map(),
  listeners: new Map(),
  size: size(0),
  marks: {},
  identity: undefined,
});

const check = ({ bytes, events }: CommitBytes): void => {
  const fits = bytes.length >= 1 && bytes.length <= LIMITS.commitBytesMax;
  if (!fits || !Number.isInteger(events) || events < 1 || events > LIMITS.commitEventsMax) {
    throw new StoreError('append.too-large', { events, bytes: bytes.length, bytesMax: LIMITS.commitBytesMax });
  }
};

/** The commits in groups, each as large as one record may be. */
const grouped = (commits: readonly CommitBytes[]): readonly (readonly CommitBytes[])[] => {
  const groups: CommitBytes[][] = [];
  let room = 0;
  for (const { bytes, events } of commits) {
    if (bytes.length > room) {
      groups.push([]);
      room = LIMITS.recordBytesMax;
    }
    groups.at(-1)?.push({ bytes: Uint8Array.from(bytes), events });
    room -= bytes.length;
  }
  return groups;
};

const append = (database: Database, { expectedSize, commits, marks }: AppendRequest): AppendOutcome => {
  for (const commit of commits) check(commit);
  if (expectedSize !== database.size) return { kind: 'conflict' };
  const records = grouped(commits).map((group) => {
    const at = position(database.size);
    database.starts.set(at, database.records.length);
    database.records.push({ position: at, commits: group });
    database.size = size(database.size + group.reduce((total, { events }) => total + events, 0));
    return at;
  });
  database.marks = { ...database.marks, ...marks };
  return { kind: 'appended', records, size: database.size };
};

const bytesOf = (record: StoredRecord): number => record.commits.reduce((total, { bytes }) => total + bytes.length, 0);

const recordAt = (database: Database, at: Position): StoredRecord => {
  const record = database.records[database.starts.get(at) ?? -1];
  if (record === undefined) throw new StoreError('storage.corrupt', { position: at });
  return record;
};

const read = (database: Database, from: Position, bytesMax: number): readonly StoredRecord[] => {
  if (size(from) === database.size) return [];
  recordAt(database, from);
  const found: StoredRecord[] = [];
  let total = 0;
  for (let index = database.starts.get(from) ?? 0; found.length === 0 || total < bytesMax; index++) {
    const record = database.records[index];
    if (record === undefined) break;
    total += bytesOf(record);
    found.push(record);
  }
  return found;
};

const connect = (database: Database): EventStorage => {
  const connection = {};
  let open = true;
  database.listeners.set(connection, new Set());
  const use = async <T>(work: () => T): Promise<T> => {
    if (!open) throw new StoreError('storage.closed');
    return work();
  };
  const announce = () => {
    for (const [other, listeners] of database.listeners) {
      if (other !== connection) for (const listener of listeners) queueMicrotask(listener);
    }
  };
  return {
    durability: 'memory',
    append: (request) =>
      use(() => {
        const outcome = append(database, request);
        if (outcome.kind === 'appended' && outcome.records.length > 0) announce();
        return outcome;
      }),
    size: () => use(() => database.size),
    read: (from, bytesMax) => use(() => read(database, from, bytesMax)),
    readAt: (positions) => use(() => positions.map((at) => recordAt(database, at))),
    readMarks: () => use(() => database.marks),
    writeMarks: (marks) =>
      use(() => {
        database.marks = { ...database.marks, ...marks };
      }),
    readIdentity: () => use(() => database.identity),
    keepIdentity: (identity) =>
      use(() => {
        database.identity ??= identity;
        return database.identity;
      }),
    keepFinding: (finding, evidence) =>
      use(() => {
        if (!database.findings.has(finding.identity)) {
          database.findings.set(finding.identity, { finding, evidence: Uint8Array.from(evidence) });
        }
      }),
    readFindings: () => use(() => [...database.findings.values()]),
    writeSnapshot: (name, bytes) => use(() => void database.snapshots.set(name, Uint8Array.from(bytes))),
    readSnapshot: (name) => use(() => database.snapshots.get(name)),
    onForeignCommit: (listener) => {
      const listeners = database.listeners.get(connection);
      listeners?.add(listener);
      return () => void listeners?.delete(listener);
    },
    close: async () => {
      open = false;
      database.listeners.delete(connection);
    },
  };
};

/** A storage adapter in memory: for tests, for Node scripts, and as the model that the others are held against. */
export const memoryStorage = (): StorageAdapter => {
  const databases = new Map<string, Database>();
  return {
    open: async (name) => {
      const database = databases.get(name) ?? emptyDatabase();
      databases.set(name, database);
      return connect(database);
    },
  };
};
