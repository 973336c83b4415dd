/** The tables beside the log, changed and read through one connection. Every change may be made twice. */
import type { Finding } from '../../core/commit.ts';
import type { ReplicaId } from '../../core/ids.ts';
import type { EventStorage, Identity, Marks } from '../port.ts';
import type { Connection } from './connection.ts';
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

/** Makes a call on the connection that is in use. */
export type Use = <T>(work: (connection: Connection) => Promise<T>) => Promise<T>;

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

export const readIdentities = async (connection: Connection): Promise<readonly Identity[]> =>
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

/** `onIdentity` is told of every identity that was seen, the oldest one first. */
export const sideTablesOf = (use: Use, onIdentities: (identities: readonly Identity[]) => void) => {
  const identities = () =>
    use(async (connection) => {
      const all = await readIdentities(connection);
      onIdentities(all);
      return all;
    });
  const rowsOf = (name: SideTable) => use(async (connection) => tableOf(connection, name).toArray());
  return {
    readMarks: async () => readMarkRows(await rowsOf('marks')),
    writeMarks: (marks) => use(async (connection) => void (await writeMarks(connection, marks))),
    readIdentity: async () => (await identities()).at(-1),
    readIdentities: identities,
    keepIdentity: async (identity, instead) => {
      const newest = await use((connection) => keepIdentity(connection, identity, instead));
      await identities();
      return newest;
    },
    keepFinding: (finding, evidence) => use((connection) => keepFinding(connection, finding, evidence)),
    readFindings: async () => (await rowsOf('findings')).map(readFindingRow),
    writeSnapshot: (name, bytes) => use(async (connection) => void (await writeSnapshot(connection, name, bytes))),
    readSnapshot: (name) =>
      use(async (connection) => {
        const row = await tableOf(connection, 'snapshots').get(name);
        return row === undefined ? undefined : readSnapshotRow(row);
      }),
  } satisfies Partial<EventStorage>;
};
