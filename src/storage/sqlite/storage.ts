/** One open database as `EventStorage`. */
import { StoreError } from '../../core/errors.ts';
import { type Position, position, size } from '../../core/position.ts';
import type { AppendOutcome, AppendRequest, Durability, EventStorage, Identity, PackRequest } from '../port.ts';
import type { SqlRow } from './driver.ts';
import { operationFailure } from './failures.ts';
import { type Hearing, hearingOn } from './hearing.ts';
import { insertRows, logSize, packedEnd, readLog, readLogAt } from './log.ts';
import type { OpenDatabase } from './open.ts';
import { findPacked, fullGroups, segmentsOf, storeSegments } from './packing.ts';
import { type PackedRow, rowsOf } from './rows.ts';
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
import { type Line, makeLine } from './turns.ts';

type Parts = {
  readonly database: OpenDatabase;
  readonly durability: Exclude<Durability, 'memory'>;
  readonly pollMs: number;
};

type Turn = <T>(work: () => Promise<T>) => Promise<T>;

/** The parts of a storage, and the one way to the connection: a call after the other, none once it is closed. */
type Open = OpenDatabase & {
  readonly durability: Exclude<Durability, 'memory'>;
  readonly hearing: Hearing;
  readonly inTurn: Turn;
  readonly read: <T>(work: () => Promise<T>) => Promise<T>;
  readonly write: <T>(work: () => Promise<T>) => Promise<T>;
};

const CONFLICT: AppendOutcome = { kind: 'conflict' };

const append = async (
  { connection, transactions, durability, hearing, inTurn }: Open,
  { expectedSize, marks }: AppendRequest,
  rows: readonly PackedRow[],
): Promise<AppendOutcome> => {
  const events = rows.reduce((sum, { count }) => sum + count, 0);
  const end = size(expectedSize + events);
  const store = async () => {
    if ((await logSize(connection)) !== expectedSize) return false;
    await insertRows(connection, rows);
    await writeMarks(connection, marks);
    return true;
  };
  return inTurn(async () => {
    if (!(await transactions.write(store))) return CONFLICT;
    if (events > 0) hearing.tell(end); // still in turn: this connection is not told of itself
    return { kind: 'appended', records: rows.map(({ at }) => position(at)), size: end, durability };
  });
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
    append: async (request) => append(open, request, rowsOf(request.expectedSize, request.commits)),
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

/** Calls in turn, each with the library's codes for what it throws. */
const turnsOf =
  (line: Line, isOpen: () => boolean): Turn =>
  (work) =>
    line(async () => {
      if (!isOpen()) throw new StoreError('storage.closed');
      try {
        return await work();
      } catch (error) {
        throw operationFailure(error);
      }
    });

export const eventStorage = async ({ database, durability, pollMs }: Parts): Promise<EventStorage> => {
  const { connection, transactions } = database;
  const line = makeLine();
  let isOpen = true;
  const inTurn = turnsOf(line, () => isOpen);
  const hearing = hearingOn({
    place: database.place,
    pollMs,
    // No more than a baseline for word of growth: whoever reads finds out what is wrong.
    size: await logSize(connection).catch(() => size(0)),
    version: () => inTurn(() => connection.all('PRAGMA data_version')),
    readSize: () => inTurn(() => logSize(connection)),
  });
  const open: Open = {
    ...database,
    durability,
    hearing,
    inTurn,
    read: (work) => inTurn(() => transactions.read(work)),
    write: (work) => inTurn(() => transactions.write(work)),
  };
  return {
    keepsKeyBytes: true,
    ...logOf(open),
    ...sideOf(open),
    onForeignCommit: hearing.listen,
    close: () =>
      line(async () => {
        if (!isOpen) return;
        isOpen = false;
        hearing.stop();
        await connection.close().catch(() => undefined);
      }),
  };
};
