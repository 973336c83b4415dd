/**
 * The reference model of the storage port: an array in memory. Nothing survives the process. Several connections to
 * one name share one log, as tabs do.
 */
import type { Finding } from '../core/commit.ts';
import { StoreError } from '../core/errors.ts';
import type { DirectoryKey, ReplicaId } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import { type Position, position, type Size, size } from '../core/position.ts';
import { groupCommits } from './packing.ts';
import type {
  AppendOutcome,
  AppendRequest,
  EventStorage,
  Identity,
  Marks,
  PackOutcome,
  PackRequest,
  StorageAdapter,
  StoredRecord,
} from './port.ts';

export type MemoryStorageOptions = {
  /** Bytes of one record, `LIMITS.recordBytesMax` if absent; with few a short log is packed as a long one is. */
  readonly recordBytesMax?: number;
};

/** A database as it lies in memory. */
export type MemoryDatabase = {
  readonly recordBytesMax: number;
  /** Packed ones first. */
  records: StoredRecord[];
  /** How many of them are packed, and the directory keys of each. */
  packed: { readonly at: Position; readonly keys: ReadonlySet<DirectoryKey> }[];
  findings: Map<string, { readonly finding: Finding; readonly evidence: Uint8Array }>;
  snapshots: Map<string, Uint8Array>;
  readonly listeners: Map<object, Set<() => void>>;
  size: Size;
  marks: Marks;
  identities: Identity[];
};

const emptyDatabase = (recordBytesMax: number): MemoryDatabase => ({
  recordBytesMax,
  records: [],
  packed: [],
  findings: new Map(),
  snapshots: new Map(),
  listeners: new Map(),
  size: size(0),
  marks: {},
  identities: [],
});

const append = (database: MemoryDatabase, { expectedSize, commits, marks }: AppendRequest): AppendOutcome => {
  const groups = groupCommits(commits, database.recordBytesMax);
  if (expectedSize !== database.size) return { kind: 'conflict' };
  const records = groups.map((group) => {
    const at = position(database.size);
    const own = group.map(({ bytes, events }) => ({ bytes: Uint8Array.from(bytes), events }));
    database.records.push({ position: at, commits: own });
    database.size = size(database.size + group.reduce((total, { events }) => total + events, 0));
    return at;
  });
  database.marks = { ...database.marks, ...marks };
  return { kind: 'appended', records, size: database.size, durability: 'memory' };
};

const bytesOf = (record: StoredRecord): number => record.commits.reduce((total, { bytes }) => total + bytes.length, 0);

const eventsIn = (record: StoredRecord): number => record.commits.reduce((total, { events }) => total + events, 0);

/** Fails where a record does not hold what its place in the log says: the records around it can still be read. */
const checkPlace = (database: MemoryDatabase, index: number, at: Position): StoredRecord => {
  const record = database.records[index];
  const end = database.records[index + 1]?.position ?? database.size;
  if (record === undefined || record.position > at) {
    throw new StoreError('storage.corrupt', { position: at, end: record?.position ?? database.size });
  }
  const reached = record.position + eventsIn(record);
  if (reached > end) throw new StoreError('storage.corrupt', { position: record.position, end });
  if (reached <= at) throw new StoreError('storage.corrupt', { position: reached, end });
  return record;
};

/** Index of the record that holds the position, or would. @throws StoreError `storage.corrupt` beyond the log */
const indexAt = (database: MemoryDatabase, at: Position): number => {
  if (size(at) >= database.size) throw new StoreError('storage.corrupt', { position: at });
  let [low, high] = [0, database.records.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((database.records[middle]?.position ?? 0) <= at) low = middle;
    else high = middle;
  }
  return low;
};

const readAt = (database: MemoryDatabase, positions: readonly Position[]): readonly StoredRecord[] => {
  const wanted = new Set(positions.map((at) => checkPlace(database, indexAt(database, at), at)));
  return database.records.filter((record) => wanted.has(record));
};

const read = (database: MemoryDatabase, from: Position, bytesMax: number): readonly StoredRecord[] => {
  if (size(from) === database.size) return [];
  const found: StoredRecord[] = [];
  let total = 0;
  let next: number = from;
  for (let index = indexAt(database, from); found.length === 0 || total < bytesMax; index++) {
    if (size(next) === database.size) break;
    const record = checkPlace(database, index, position(next));
    next = record.position + eventsIn(record);
    total += bytesOf(record);
    found.push(record);
  }
  return found;
};

const packedTo = (database: MemoryDatabase): Size => {
  const last = database.records[database.packed.length - 1];
  return last === undefined ? size(0) : size(last.position + eventsIn(last));
};

/** The next segment: the oldest unpacked records that fill one; undefined if they do not. */
const nextSegment = (database: MemoryDatabase): readonly StoredRecord[] | undefined => {
  const unpacked = database.records.slice(database.packed.length, -1);
  let bytes = 0;
  for (const [index, record] of unpacked.entries()) {
    bytes += bytesOf(record);
    if (bytes > database.recordBytesMax) return unpacked.slice(0, Math.max(1, index));
  }
  return undefined;
};

const pack = (database: MemoryDatabase, { bytesMax, keysOf }: PackRequest): PackOutcome => {
  let [records, segments, bytes] = [0, 0, 0];
  const before = { records: database.records, packed: database.packed.length };
  try {
    for (let merged = nextSegment(database); merged !== undefined; merged = nextSegment(database)) {
      const commits = merged.flatMap((record) => record.commits);
      const segment: StoredRecord = { position: merged[0]?.position ?? position(0), commits };
      const keys = new Set(commits.flatMap((commit) => keysOf(commit.bytes)));
      const at = database.packed.length;
      database.records = [...database.records.slice(0, at), segment, ...database.records.slice(at + merged.length)];
      database.packed.push({ at: segment.position, keys });
      records += merged.length;
      segments += 1;
      bytes += bytesOf(segment);
      if (bytes >= bytesMax) break;
    }
  } catch (error) {
    database.records = before.records;
    database.packed.length = before.packed;
    throw error;
  }
  return { records, segments, packedTo: packedTo(database) };
};

const keepIdentity = ({ identities }: MemoryDatabase, identity: Identity, instead: ReplicaId | undefined): Identity => {
  if (identities.at(-1)?.replica === instead) identities.push(identity);
  return identities.at(-1) ?? identity;
};

const connect = (database: MemoryDatabase): EventStorage => {
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
    readAt: (positions) => use(() => readAt(database, positions)),
    pack: (request) => use(() => pack(database, request)),
    packedTo: () => use(() => packedTo(database)),
    find: (key) => use(() => database.packed.filter(({ keys }) => keys.has(key)).map(({ at }) => at)),
    readMarks: () => use(() => database.marks),
    writeMarks: (marks) =>
      use(() => {
        database.marks = { ...database.marks, ...marks };
      }),
    readIdentity: () => use(() => database.identities.at(-1)),
    readIdentities: () => use(() => [...database.identities]),
    keepIdentity: (identity, instead) => use(() => keepIdentity(database, identity, instead)),
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

export type MemoryStorage = StorageAdapter & {
  /** What lies in a database, below the port: for whoever plays somebody that has the disk in hand. */
  readonly below: (name: string) => MemoryDatabase;
};

/** A storage adapter in memory: for tests, for Node scripts, and as the model that the others are held against. */
export const memoryStorage = ({ recordBytesMax = LIMITS.recordBytesMax }: MemoryStorageOptions = {}): MemoryStorage => {
  const databases = new Map<string, MemoryDatabase>();
  const below = (name: string): MemoryDatabase => {
    const database = databases.get(name) ?? emptyDatabase(recordBytesMax);
    databases.set(name, database);
    return database;
  };
  return { open: async (name) => connect(below(name)), below };
};
