/** One open database as `EventStorage`. */
import { type Position, position, size } from '../../core/position.ts';
import { type PackedCommits, packRecords } from '../packing.ts';
import type { AppendOutcome, AppendRequest, Durability, EventStorage, Identity, PackRequest } from '../port.ts';
import type { SqliteConnection, SqlRow } from './driver.ts';
import { operationFailure } from './failures.ts';
import { type Hearing, hearingOn } from './hearing.ts';
import { LAYOUT } from './layout.ts';
import { insertRows, logSize, packedEnd, readLog, readLogAt } from './log.ts';
import type { OpenDatabase } from './open.ts';
import { findPacked, fullGroups, segmentsOf, storeSegments } from './packing.ts';
import {
  addFinding,
  addIdentity,
  identityRow,
  identityRows,
  readFindings,
  readIdentities,
  readMarks,
  readSnapshot,
  writeMarks,
  writeSnapshot,
} from './side.ts';
import type { Transactions } from './transaction.ts';

type Parts = {
  readonly database: OpenDatabase;
  readonly durability: Exclude<Durability, 'memory'>;
  readonly pollMs: number;
};

/** The parts of a storage; whatever they throw is an error of the library. */
type Open = {
  readonly connection: SqliteConnection;
  readonly durability: Exclude<Durability, 'memory'>;
  readonly hearing: Hearing;
  readonly read: Transactions['read'];
  readonly write: Transactions['write'];
};

const CONFLICT: AppendOutcome = { kind: 'conflict' };

const append = async (
  { connection, durability, hearing, write }: Open,
  { expectedSize, marks }: AppendRequest,
  rows: readonly PackedCommits[],
): Promise<AppendOutcome> => {
  const events = rows.reduce((sum, { count }) => sum + count, 0);
  const end = size(expectedSize + events);
  const isStored = await write(
    async () => {
      if ((await logSize(connection)) !== expectedSize) return false;
      await insertRows(connection, rows);
      await writeMarks(connection, marks);
      return true;
    },
    (isCommitted) => {
      if (isCommitted && events > 0) hearing.tell(end);
    },
  );
  if (!isStored) return CONFLICT;
  return { kind: 'appended', records: rows.map(({ at }) => position(at)), size: end, durability };
};

const pack = async ({ connection, read, write }: Open, { bytesMax, keysOf }: PackRequest) => {
  const { groups, packedTo } = await read(() => fullGroups(connection, bytesMax));
  if (groups.length === 0) return { records: 0, segments: 0, packedTo };
  const segments = segmentsOf(groups, keysOf);
  return write(() => storeSegments(connection, { segments, packedTo }));
};

const identities = async ({ connection, read }: Open): Promise<readonly Identity[]> =>
  readIdentities(await read(() => identityRows(connection)));

/** The newest alone is imported: each import costs a call of WebCrypto. */
const newestOf = async (rows: readonly SqlRow[]): Promise<Identity | undefined> =>
  (await readIdentities(rows.slice(-1)))[0];

const logOf = (open: Open) => {
  const { connection, read } = open;
  return {
    durability: open.durability,
    append: async (request) => append(open, request, packRecords(request.expectedSize, request.commits)),
    size: () => read(() => logSize(connection)),
    read: (from: Position, bytesMax: number) => read(() => readLog(connection, from, bytesMax)),
    readAt: (positions) => read(() => readLogAt(connection, positions)),
    pack: (request) => pack(open, request),
    packedTo: () => read(() => packedEnd(connection)),
    find: (key) => read(() => findPacked(connection, key)),
  } satisfies Partial<EventStorage>;
};

const sideOf = (open: Open) => {
  const { connection, read, write } = open;
  return {
    readMarks: () => read(() => readMarks(connection)),
    writeMarks: (marks) => write(() => writeMarks(connection, marks)),
    readIdentity: async () => newestOf(await read(() => identityRows(connection))),
    readIdentities: () => identities(open),
    keepIdentity: async (identity, instead) => {
      const row = await identityRow(identity);
      const rows = await write(async () => {
        await addIdentity(connection, row, instead);
        return identityRows(connection);
      });
      return (await newestOf(rows)) ?? identity;
    },
    keepFinding: (finding, evidence) => {
      const copy = Uint8Array.from(evidence);
      return write(() => addFinding(connection, finding, copy));
    },
    readFindings: () => read(() => readFindings(connection)),
    writeSnapshot: (name, bytes) => {
      const copy = Uint8Array.from(bytes);
      return write(() => writeSnapshot(connection, name, copy));
    },
    readSnapshot: (name) => read(() => readSnapshot(connection, name)),
  } satisfies Partial<EventStorage>;
};

/** Gives what the work gives, or an error of the library. */
const coded = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    throw operationFailure(error);
  }
};

export const eventStorage = async ({ database, durability, pollMs }: Parts): Promise<EventStorage> => {
  const { connection, transactions } = database;
  const readSize = () => transactions.alone(() => logSize(connection));
  const hearing = hearingOn({
    place: database.place,
    pollMs,
    // No more than a baseline for word of growth: whoever reads finds out what is wrong.
    size: await readSize().catch(() => size(0)),
    version: () => transactions.alone(() => connection.all('PRAGMA data_version')),
    readSize,
  });
  const open: Open = {
    connection,
    durability,
    hearing,
    read: (work) => coded(transactions.read(work)),
    write: (work, onCommitted) => coded(transactions.write(work, onCommitted)),
  };
  return {
    keepsKeyBytes: true,
    layout: LAYOUT,
    ...logOf(open),
    ...sideOf(open),
    onForeignCommit: hearing.listen,
    close: async () => {
      hearing.stop();
      await transactions.close().catch(() => undefined);
    },
  };
};
