/** The tables beside the log, read through the browser's own connection. Every row is opened and checked. */
import type { Identity, Marks } from '../port.ts';
import type { Source } from './log.ts';
import { type KeptFinding, readFindingRow, readIdentityRow, readMarkRows, readSnapshotRow } from './sideRows.ts';
import { ask, askAll, reading } from './transaction.ts';

const allOf = (native: IDBDatabase, table: string): Promise<readonly unknown[]> =>
  reading(native, [table], (transaction) => ask(transaction.objectStore(table).getAll()));

/** @throws StoreError `storage.corrupt`, as all of these do */
export const readMarks = async ({ native, cipher }: Source): Promise<Marks> =>
  readMarkRows(cipher, await allOf(native, 'marks'));

/** Oldest first. */
export const readAllIdentities = async ({ native, cipher }: Source): Promise<readonly Identity[]> =>
  Promise.all((await allOf(native, 'identity')).map((row) => readIdentityRow(cipher, row)));

/** In the order in which they were kept. */
export const readFindings = async ({ native, cipher }: Source): Promise<readonly KeptFinding[]> =>
  Promise.all((await allOf(native, 'findings')).map((row) => readFindingRow(cipher, row)));

export const readSnapshot = async ({ native, cipher }: Source, name: string): Promise<Uint8Array | undefined> => {
  const rows: readonly unknown[] = await reading(native, ['snapshots'], (transaction) => {
    const table = transaction.objectStore('snapshots');
    return askAll(cipher.namesOf('snapshots', name).map((each) => () => table.get(each)));
  });
  const row = rows.find((each) => each !== undefined);
  return row === undefined ? undefined : readSnapshotRow(cipher, row);
};
