/** The tables beside the log, changed and read through one connection. Every change may be made twice. */
import type { Finding } from '../../core/commit.ts';
import type { ReplicaId } from '../../core/ids.ts';
import type { EventStorage, Identity, Marks } from '../port.ts';
import type { Connection } from './connection.ts';
import { readAllIdentities, readFindings, readMarks, readSnapshot } from './sideReads.ts';
import { findingRow, identityRow, markRows, readIdentityRow, snapshotRow } from './sideRows.ts';

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

export const readIdentities = ({ native }: Connection): Promise<readonly Identity[]> => readAllIdentities(native);

/** Gives every identity that there is after it, oldest first. */
const keepIdentity = async (
  connection: Connection,
  identity: Identity,
  instead?: ReplicaId,
): Promise<readonly Identity[]> => {
  const table = tableOf(connection, 'identity');
  return change(connection, 'identity', async () => {
    const kept = (await table.toArray()).map(readIdentityRow);
    if (kept.at(-1)?.replica !== instead) return kept;
    await table.add(identityRow(identity, kept.length));
    return [...kept, identity];
  });
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
  return {
    readMarks: () => use(({ native }) => readMarks(native)),
    writeMarks: (marks) => use(async (connection) => void (await writeMarks(connection, marks))),
    readIdentity: async () => (await identities()).at(-1),
    readIdentities: identities,
    keepIdentity: async (identity, instead) => {
      const all = await use((connection) => keepIdentity(connection, identity, instead));
      onIdentities(all);
      return all.at(-1) ?? identity;
    },
    keepFinding: (finding, evidence) => use((connection) => keepFinding(connection, finding, evidence)),
    readFindings: () => use(({ native }) => readFindings(native)),
    writeSnapshot: (name, bytes) => use(async (connection) => void (await writeSnapshot(connection, name, bytes))),
    readSnapshot: (name) => use(({ native }) => readSnapshot(native, name)),
  } satisfies Partial<EventStorage>;
};
