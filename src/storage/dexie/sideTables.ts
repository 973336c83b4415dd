/** The tables beside the log, changed and read through one connection. Every change may be made twice. */
import type { Finding } from '../../core/commit.ts';
import { StoreError } from '../../core/errors.ts';
import type { ReplicaId } from '../../core/ids.ts';
import type { EventStorage, Identity, Marks } from '../port.ts';
import type { SideTable } from './cipher.ts';
import type { Connection } from './connection.ts';
import type { Opened } from './link.ts';
import { readAllIdentities, readFindings, readMarks, readSnapshot } from './sideReads.ts';
import { sealFinding, sealIdentity, sealMarks, sealSnapshot } from './sideRows.ts';

/** Makes a call on the connection that is in use. */
export type Use = <T>(work: (opened: Opened) => Promise<T>) => Promise<T>;

/** How calls are made that change nothing, and how others. */
export type Ways = { readonly read: Use; readonly write: Use };

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

/**
 * Gives every identity that there is after it, oldest first. What was read decides only if nothing was added since.
 * @throws StoreError `storage.connection-lost` if what was reported as written is not seen there: so does `keepFinding`
 */
const keepIdentity = async (opened: Opened, identity: Identity, instead?: ReplicaId): Promise<readonly Identity[]> => {
  const table = tableOf(opened, 'identity');
  for (;;) {
    const kept = await readAllIdentities(opened);
    if (kept.at(-1)?.replica !== instead) return kept;
    const row = await sealIdentity(opened.cipher, identity, kept.length);
    const isKept = await change(opened, 'identity', async () => {
      if ((await table.count()) !== kept.length) return false;
      await table.add(row);
      return true;
    });
    if (!isKept) continue;
    const now = await readAllIdentities(opened).catch(() => []);
    if (now.length <= kept.length) throw new StoreError('storage.connection-lost', { what: 'identity' });
    return now;
  }
};

const keepFinding = async (opened: Opened, finding: Finding, evidence: Uint8Array): Promise<void> => {
  const table = tableOf(opened, 'findings');
  const row = await sealFinding(opened.cipher, finding, evidence);
  const isKept = async () => (await table.where('identity').equals(row.identity).count()) > 0;
  await change(opened, 'findings', async () => {
    if (!(await isKept())) await table.add(row);
  });
  if (!(await isKept().catch(() => false))) throw new StoreError('storage.connection-lost', { what: 'finding' });
};

const writeMarks = async (opened: Opened, marks: Marks): Promise<void> => {
  const rows = await sealMarks(opened.cipher, marks);
  await change(opened, 'marks', () => tableOf(opened, 'marks').bulkPut(rows));
};

const writeSnapshot = async (opened: Opened, name: string, bytes: Uint8Array): Promise<void> => {
  const row = await sealSnapshot(opened.cipher, name, bytes);
  await change(opened, 'snapshots', () => tableOf(opened, 'snapshots').put(row));
};

/** `onIdentities` is told of every identity that was seen, the oldest one first. */
export const sideTablesOf = ({ read, write }: Ways, onIdentities: (identities: readonly Identity[]) => void) => {
  const identities = () =>
    read(async (opened) => {
      const all = await readAllIdentities(opened);
      onIdentities(all);
      return all;
    });
  return {
    readMarks: () => read(readMarks),
    writeMarks: (marks) => write((opened) => writeMarks(opened, marks)),
    readIdentity: async () => (await identities()).at(-1),
    readIdentities: identities,
    keepIdentity: async (identity, instead) => {
      const all = await write((opened) => keepIdentity(opened, identity, instead));
      onIdentities(all);
      return all.at(-1) ?? identity;
    },
    keepFinding: (finding, evidence) => write((opened) => keepFinding(opened, finding, evidence)),
    readFindings: () => read(readFindings),
    writeSnapshot: (name, bytes) => write((opened) => writeSnapshot(opened, name, bytes)),
    readSnapshot: (name) => read((opened) => readSnapshot(opened, name)),
  } satisfies Partial<EventStorage>;
};
