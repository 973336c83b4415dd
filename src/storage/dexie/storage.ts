/** One open database as `EventStorage`. */
import { StoreError } from '../../core/errors.ts';
import { position, type Size, size } from '../../core/position.ts';
import type { AppendOutcome, AppendRequest, Durability, EventStorage, Identity } from '../port.ts';
import { writeAppend } from './append.ts';
import type { Connection } from './connection.ts';
import { operationFailure } from './failures.ts';
import type { Hints } from './hints.ts';
import { logSize, readLog, readLogAt } from './log.ts';
import { packRows } from './rows.ts';
import {
  findingRow,
  IDENTITY_SLOT,
  identityRow,
  markRows,
  readFindingRow,
  readIdentityRow,
  readMarkRows,
  readSnapshotRow,
  snapshotRow,
} from './sideRows.ts';

type Parts = {
  readonly connection: Connection;
  readonly hints: Hints;
  readonly durability: Exclude<Durability, 'memory'>;
};

/** The newest size that the log is known to have had. Logs only grow, so an older one is still the start of a record. */
type Known = { size: Size | undefined };

const learn = (known: Known, seen: Size): Size => {
  known.size = size(Math.max(known.size ?? 0, seen));
  return seen;
};

const append = async (
  { connection, hints, durability }: Parts,
  known: Known,
  request: AppendRequest,
): Promise<AppendOutcome> => {
  const { expectedSize, commits, marks } = request;
  const rows = packRows(expectedSize, commits);
  const wasSize = known.size === expectedSize;
  const written = await writeAppend(connection.native, { rows, marks, expectedSize, wasSize, durability });
  if (written.kind === 'conflict') return written;
  const events = rows.reduce((total, { count }) => total + count, 0);
  if (events > 0) hints.announce();
  return {
    kind: 'appended',
    size: learn(known, size(expectedSize + events)),
    records: rows.map(({ at }) => position(at)),
  };
};

const logOf = (parts: Parts, use: <T>(work: () => Promise<T>) => Promise<T>) => {
  const { dexie } = parts.connection;
  const known: Known = { size: undefined };
  return {
    append: (request) => use(() => append(parts, known, request)),
    size: () => use(async () => learn(known, await logSize(dexie))),
    read: (from, bytesMax) => use(() => readLog(dexie, from, bytesMax)),
    readAt: (positions) => use(() => readLogAt(dexie, positions)),
  } satisfies Partial<EventStorage>;
};

const keepIdentity = async ({ dexie }: Connection, identity: Identity): Promise<Identity> => {
  const table = dexie.table<unknown, string>('identity');
  const kept = await dexie.transaction('rw', table, async () => {
    const present = await table.get(IDENTITY_SLOT);
    if (present === undefined) await table.add(identityRow(identity));
    return present;
  });
  return kept === undefined ? identity : readIdentityRow(kept);
};

const sideTablesOf = ({ connection }: Parts, use: <T>(work: () => Promise<T>) => Promise<T>) => {
  const { dexie } = connection;
  const table = (name: string) => dexie.table<unknown, string>(name);
  return {
    readMarks: () => use(async () => readMarkRows(await table('marks').toArray())),
    writeMarks: (marks) => use(async () => void (await table('marks').bulkPut(markRows(marks)))),
    readIdentity: () =>
      use(async () => {
        const row = await table('identity').get(IDENTITY_SLOT);
        return row === undefined ? undefined : readIdentityRow(row);
      }),
    keepIdentity: (identity) => use(() => keepIdentity(connection, identity)),
    keepFinding: (finding, evidence) =>
      use(() =>
        dexie.transaction('rw', table('findings'), async () => {
          const kept = await table('findings').where('identity').equals(finding.identity).count();
          if (kept === 0) await table('findings').add(findingRow(finding, evidence));
        }),
      ),
    readFindings: () => use(async () => (await table('findings').toArray()).map(readFindingRow)),
    writeSnapshot: (name, bytes) => use(async () => void (await table('snapshots').put(snapshotRow(name, bytes)))),
    readSnapshot: (name) =>
      use(async () => {
        const row = await table('snapshots').get(name);
        return row === undefined ? undefined : readSnapshotRow(row);
      }),
  } satisfies Partial<EventStorage>;
};

/** The port over an open connection. */
export const eventStorage = (parts: Parts): EventStorage => {
  const { connection, hints, durability } = parts;
  const use = async <T>(work: () => Promise<T>): Promise<T> => {
    if (!connection.isOpen()) throw new StoreError('storage.closed');
    try {
      return await work();
    } catch (error) {
      if (!connection.isOpen()) throw new StoreError('storage.closed');
      throw operationFailure(error);
    }
  };
  return {
    durability,
    ...logOf(parts, use),
    ...sideTablesOf(parts, use),
    onForeignCommit: hints.listen,
    close: async () => {
      connection.close();
      hints.close();
    },
  };
};
