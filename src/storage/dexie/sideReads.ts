/** The tables beside the log, read through the browser's own connection. Every row is checked. */
import type { Identity, Marks } from '../port.ts';
import { readFindingRow, readIdentityRow, readMarkRows, readSnapshotRow } from './sideRows.ts';
import { ask, reading } from './transaction.ts';

const allOf = (native: IDBDatabase, table: string): Promise<readonly unknown[]> =>
  reading(native, [table], (transaction) => ask(transaction.objectStore(table).getAll()));

/** @throws StoreError `storage.corrupt`, as all of these do */
export const readMarks = async (native: IDBDatabase): Promise<Marks> => readMarkRows(await allOf(native, 'marks'));

/** Oldest first. */
export const readAllIdentities = async (native: IDBDatabase): Promise<readonly Identity[]> =>
  (await allOf(native, 'identity')).map(readIdentityRow);

/** In the order in which they were kept. */
export const readFindings = async (native: IDBDatabase) => (await allOf(native, 'findings')).map(readFindingRow);

export const readSnapshot = async (native: IDBDatabase, name: string): Promise<Uint8Array | undefined> => {
  const row: unknown = await reading(native, ['snapshots'], (transaction) =>
    ask(transaction.objectStore('snapshots').get(name)),
  );
  return row === undefined ? undefined : readSnapshotRow(row);
};
