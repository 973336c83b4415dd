/** One open database as `EventStorage`. */
import { isStoreError } from '../../core/errors.ts';
import { type Position, position, size } from '../../core/position.ts';
import { packRecords } from '../packing.ts';
import type { AppendOutcome, AppendRequest, Durability, EventStorage, Identity, PackRequest } from '../port.ts';
import { type Traced, traceBytes, traceIn } from '../trace.ts';
import { type Ask, findingOf, placed } from './damage.ts';
import type { SqliteConnection, SqlRow } from './driver.ts';
import { type Hearing, hearingOn } from './hearing.ts';
import { LAYOUT } from './layout.ts';
import { type Link, linkOver } from './link.ts';
import { insertRows, logSize, packedEnd, readLog, readLogAt } from './log.ts';
import type { OpenDatabase } from './open.ts';
import { findPacked, fullGroups, segmentsOf, storeSegments } from './packing.ts';
import {
  addFinding,
  addIdentity,
  firstReplica,
  hasFinding,
  identityRow,
  identityRows,
  readFindings,
  readIdentities,
  readMarks,
  readSnapshot,
  writeMarks,
  writeSnapshot,
} from './side.ts';

type Parts = {
  readonly database: OpenDatabase;
  /** Opens the database again, if it is there. */
  readonly reopen: () => Promise<OpenDatabase>;
  readonly durability: Exclude<Durability, 'memory'>;
  readonly pollMs: number;
};

type Open = {
  readonly durability: Exclude<Durability, 'memory'>;
  readonly hearing: Hearing;
  readonly link: Link;
};

const CONFLICT: AppendOutcome = { kind: 'conflict' };

const traceOf = async (connection: SqliteConnection, traced: Traced) => {
  const end = await logSize(connection);
  const isBeyond = end > traced.expectedSize;
  const records = isBeyond ? await readLog(connection, position(traced.expectedSize), traceBytes(traced)) : [];
  return traceIn(traced, { end, records });
};

/** What one try came to. `found`: it had been stored by the try before. */
type Tried = 'written' | 'found' | 'refused';

/**
 * An append is reported when it was read back. One whose answer did not come may have been stored all the same, so the second
 * try looks first; what it finds may not have reached the disk, and is reported when it has.
 */
const append = async ({ durability, hearing, link }: Open, request: AppendRequest): Promise<AppendOutcome> => {
  const { expectedSize, marks, commits } = request;
  const packed = packRecords(expectedSize, commits);
  const events = packed.reduce((sum, { count }) => sum + count, 0);
  const end = size(expectedSize + events);
  const traced = { packed, expectedSize };
  const once = async (connection: SqliteConnection): Promise<Tried> => {
    if ((await logSize(connection)) !== expectedSize) return 'refused';
    await insertRows(connection, packed);
    await writeMarks(connection, marks);
    return 'written';
  };
  const tried = await link.write<Tried>({
    once,
    again: async (connection) =>
      events > 0 && (await traceOf(connection, traced)) === 'stored' ? 'found' : once(connection),
    confirm: async (connection, result) =>
      result !== 'written' || events === 0 || (await traceOf(connection, traced)) === 'stored',
    onCommitted: (result) => {
      if (result === 'refused' || events === 0) return;
      link.sawSize(end);
      hearing.tell(end);
    },
  });
  if (tried === 'refused') return CONFLICT;
  if (tried === 'found') await link.settle();
  return { kind: 'appended', records: packed.map(({ at }) => position(at)), size: end, durability };
};

const pack = async ({ link }: Open, { bytesMax, keysOf }: PackRequest) => {
  const { groups, packedTo } = await link.read((connection) => fullGroups(connection, bytesMax));
  if (groups.length === 0) return { records: 0, segments: 0, packedTo };
  const segments = segmentsOf(groups, keysOf);
  return link.write({ once: (connection) => storeSegments(connection, { segments, packedTo }) });
};

/** The newest alone is imported: each import costs a call of WebCrypto. */
const newestOf = async (rows: readonly SqlRow[]): Promise<Identity | undefined> =>
  (await readIdentities(rows.slice(-1)))[0];

/** True if the log holds the position: what is asked for beyond its end is no damage. */
const isHeld = async (link: Link, at: number): Promise<boolean> => {
  const end = await link.read(logSize).catch(() => undefined);
  return end === undefined || at < end;
};

/** What failed, with its place in the log, if that is a page which cannot be read; a record that does not read is a finding. */
const withPlace = async (link: Link, from: number, error: unknown): Promise<unknown> => {
  if (!isStoreError(error, 'storage.corrupt')) return error;
  const { position: at } = error.details;
  const isPlaced = typeof at === 'number';
  if (isPlaced && !(await isHeld(link, at))) return error;
  const ask: Ask = (sql, values) => link.alone((connection) => connection.all(sql, values));
  const failure = isPlaced ? error : await placed(ask, from);
  const finding = findingOf(failure);
  // Where that fails too, it is met again with the next reading.
  const keep = (connection: SqliteConnection) =>
    finding === undefined ? Promise.resolve() : addFinding(connection, finding, new Uint8Array(0));
  await link.write({ once: keep }).catch(() => undefined);
  return failure;
};

const reading = async <T>(link: Link, from: number, work: (connection: SqliteConnection) => Promise<T>): Promise<T> => {
  try {
    return await link.read(work);
  } catch (error) {
    throw await withPlace(link, from, error);
  }
};

const first = (positions: readonly Position[]): number =>
  positions.reduce<number>((least, each) => Math.min(least, each), Number.MAX_SAFE_INTEGER);

const logOf = (open: Open) => {
  const { link } = open;
  return {
    durability: open.durability,
    append: (request) => append(open, request),
    size: async () => {
      const now = await link.read(logSize);
      link.sawSize(now);
      return now;
    },
    read: (from: Position, bytesMax: number) =>
      reading(link, from, (connection) => readLog(connection, from, bytesMax)),
    readAt: (positions) => reading(link, first(positions), (connection) => readLogAt(connection, positions)),
    pack: (request) => pack(open, request),
    packedTo: () => link.read(packedEnd),
    find: (key) => link.read((connection) => findPacked(connection, key)),
  } satisfies Partial<EventStorage>;
};

const sideOf = ({ link }: Open) =>
  ({
    readMarks: () => link.read(readMarks),
    writeMarks: (marks) => link.write({ once: (connection) => writeMarks(connection, marks) }),
    readIdentity: async () => newestOf(await link.read(identityRows)),
    readIdentities: async () => readIdentities(await link.read(identityRows)),
    keepIdentity: async (identity, instead) => {
      const row = await identityRow(identity);
      const rows = await link.write({
        once: async (connection) => {
          await addIdentity(connection, row, instead);
          return identityRows(connection);
        },
        confirm: async (connection, written) => (await identityRows(connection)).length >= written.length,
      });
      link.sawOwner(rows[0]?.['replica']);
      return (await newestOf(rows)) ?? identity;
    },
    keepFinding: (finding, evidence) => {
      const copy = Uint8Array.from(evidence);
      return link.write({
        once: (connection) => addFinding(connection, finding, copy),
        confirm: (connection) => hasFinding(connection, finding),
      });
    },
    readFindings: () => link.read(readFindings),
    writeSnapshot: (name, bytes) => {
      const copy = Uint8Array.from(bytes);
      return link.write({ once: (connection) => writeSnapshot(connection, name, copy) });
    },
    readSnapshot: (name) => link.read((connection) => readSnapshot(connection, name)),
  }) satisfies Partial<EventStorage>;

export const eventStorage = async ({ database, reopen, durability, pollMs }: Parts): Promise<EventStorage> => {
  const link = linkOver(database, reopen);
  const readSize = () => link.alone(logSize);
  // No more than a baseline for word of growth, and for what must be there still later: whoever reads finds out what is wrong.
  const seen = await readSize().catch(() => size(0));
  link.sawSize(seen);
  link.sawOwner(await link.alone(firstReplica).catch(() => undefined));
  const hearing = hearingOn({
    place: database.place,
    pollMs,
    size: seen,
    version: () => link.alone((connection) => connection.all('PRAGMA data_version')),
    readSize,
  });
  const open: Open = { durability, hearing, link };
  return {
    keepsKeyBytes: true,
    layout: LAYOUT,
    ...logOf(open),
    ...sideOf(open),
    onForeignCommit: hearing.listen,
    close: async () => {
      hearing.stop();
      await link.close();
    },
  };
};
