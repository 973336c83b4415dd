/** One open database as `EventStorage`. */
import type { Finding } from '../../core/commit.ts';
import { StoreError } from '../../core/errors.ts';
import type { ReplicaId } from '../../core/ids.ts';
import { position, size } from '../../core/position.ts';
import type { AppendOutcome, AppendRequest, Durability, EventStorage, Identity, Marks } from '../port.ts';
import { writeAppend } from './append.ts';
import type { Connection } from './connection.ts';
import { operationFailure } from './failures.ts';
import type { Hints } from './hints.ts';
import { type KnownSize, knownSize } from './knownSize.ts';
import { findPacked, logSize, readLog, readLogAt, readPackedTo } from './log.ts';
import { packLog } from './pack.ts';
import type { Presence } from './presence.ts';
import { packRows } from './rows.ts';
import {
  findingRow,
  identityRow,
  markRows,
  readFindingRow,
  readIdentityRow,
  readMarkRows,
  readSnapshotRow,
  snapshotRow,
} from './sideRows.ts';
import { sweepStubs } from './sweep.ts';

type Parts = {
  readonly connection: Connection;
  readonly hints: Hints;
  readonly presence: Presence;
  readonly durability: Exclude<Durability, 'memory'>;
};

type Use = <T>(work: () => Promise<T>) => Promise<T>;

const append = async (
  { connection, hints, durability }: Parts,
  known: KnownSize,
  request: AppendRequest,
): Promise<AppendOutcome> => {
  const { expectedSize, commits, marks } = request;
  const rows = packRows(expectedSize, commits);
  const learn = known.learner(connection);
  const wasSize = known.is(connection, expectedSize);
  const written = await writeAppend(connection.native, { rows, marks, expectedSize, wasSize, durability });
  if (written.kind === 'conflict') return written;
  const events = rows.reduce((total, { count }) => total + count, 0);
  if (events > 0) hints.announce();
  return {
    kind: 'appended',
    size: learn(size(expectedSize + events)),
    records: rows.map(({ at }) => position(at)),
    durability,
  };
};

/** Sweeping is a courtesy to the disk: what hinders it is met again by the next packing. */
const sweep = async ({ connection, presence, durability }: Parts): Promise<void> => {
  try {
    await presence.alone(() => sweepStubs(connection, durability));
  } catch {
    // Nothing is wrong with the log: the stubs are there still.
  }
};

const logOf = (parts: Parts, use: Use) => {
  const { connection, durability } = parts;
  const known = knownSize(parts.presence);
  return {
    append: (request) => use(() => append(parts, known, request)),
    size: () =>
      use(async () => {
        const learn = known.learner(connection);
        return learn(await logSize(connection));
      }),
    read: (from, bytesMax) => use(() => readLog(connection, from, bytesMax)),
    readAt: (positions) => use(() => readLogAt(connection, positions)),
    pack: async (request) => {
      const outcome = await use(() => packLog(connection, request, durability));
      if (outcome.packedTo > 0) await sweep(parts);
      return outcome;
    },
    packedTo: () => use(() => readPackedTo(connection)),
    find: (key) => use(() => findPacked(connection, key)),
  } satisfies Partial<EventStorage>;
};

type SideTable = 'marks' | 'identity' | 'findings' | 'snapshots';

const tableOf = ({ dexie }: Connection, name: SideTable) => dexie.table<unknown, string>(name);

/** Changes one table in one transaction. When it fails, the transaction knows better why than the request does. */
const change = async <T>(connection: Connection, name: SideTable, work: () => Promise<T>): Promise<T> => {
  let native: IDBTransaction | undefined;
  try {
    return await connection.dexie.transaction('rw', tableOf(connection, name), async (transaction) => {
      native = transaction.idbtrans;
      return await work();
    });
  } catch (error) {
    throw native?.error ?? error;
  }
};

const readIdentities = async (connection: Connection): Promise<readonly Identity[]> =>
  (await tableOf(connection, 'identity').toArray()).map(readIdentityRow);

const keepIdentity = async (connection: Connection, identity: Identity, instead?: ReplicaId): Promise<Identity> => {
  const table = tableOf(connection, 'identity');
  const newest = await change(connection, 'identity', async () => {
    const kept = await table.toArray();
    const last = kept.at(-1);
    if ((last === undefined ? undefined : readIdentityRow(last).replica) !== instead) return last;
    await table.add(identityRow(identity, kept.length));
    return undefined;
  });
  return newest === undefined ? identity : readIdentityRow(newest);
};

const keepFinding = (connection: Connection, finding: Finding, evidence: Uint8Array): Promise<void> => {
  const table = tableOf(connection, 'findings');
  const row = findingRow(finding, evidence);
  return change(connection, 'findings', async () => {
    const kept = await table.where('identity').equals(finding.identity).count();
    if (kept === 0) await table.add(row);
  });
};

const writeMarks = (connection: Connection, marks: Marks): Promise<unknown> => {
  const rows = markRows(marks);
  return change(connection, 'marks', () => tableOf(connection, 'marks').bulkPut(rows));
};

const writeSnapshot = (connection: Connection, name: string, bytes: Uint8Array): Promise<unknown> => {
  const row = snapshotRow(name, bytes);
  return change(connection, 'snapshots', () => tableOf(connection, 'snapshots').put(row));
};

const sideTablesOf = ({ connection }: Parts, use: Use) => {
  const table = (name: SideTable) => tableOf(connection, name);
  return {
    readMarks: () => use(async () => readMarkRows(await table('marks').toArray())),
    writeMarks: (marks) => use(async () => void (await writeMarks(connection, marks))),
    readIdentity: () => use(async () => (await readIdentities(connection)).at(-1)),
    readIdentities: () => use(() => readIdentities(connection)),
    keepIdentity: (identity, instead) => use(() => keepIdentity(connection, identity, instead)),
    keepFinding: (finding, evidence) => use(() => keepFinding(connection, finding, evidence)),
    readFindings: () => use(async () => (await table('findings').toArray()).map(readFindingRow)),
    writeSnapshot: (name, bytes) => use(async () => void (await writeSnapshot(connection, name, bytes))),
    readSnapshot: (name) =>
      use(async () => {
        const row = await table('snapshots').get(name);
        return row === undefined ? undefined : readSnapshotRow(row);
      }),
  } satisfies Partial<EventStorage>;
};

/** The port over an open connection. */
export const eventStorage = (parts: Parts): EventStorage => {
  const { connection, hints, presence, durability } = parts;
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
      presence.end();
      hints.close();
    },
  };
};
