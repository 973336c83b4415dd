/** The embedded database: PostgreSQL in this process, its files in one folder, or nowhere. */
import { PGlite, type Transaction } from '@electric-sql/pglite';
import { type Database, type Parameter, type Query, translated } from './database.ts';
import { durableFiles, syncTree } from './durableFiles.ts';
import { prepare } from './schema.ts';

const queryOf =
  (target: Pick<Transaction, 'query'>): Query =>
  (text, parameters: readonly Parameter[] = []) =>
    translated(async () => (await target.query<Record<string, unknown>>(text, [...parameters])).rows);

/** PGlite runs PostgreSQL with fsync off; a receipt must not be given for what a power cut can take back. */
export const START = [...PGlite.defaultStartParams.filter((word) => word !== '-F'), '-c', 'wal_sync_method=fsync'];

/** Opens the database in `folder` (made if missing), or one in memory that ends with the process. */
export const openPglite = async (folder: string | undefined): Promise<Database> => {
  const files = folder === undefined ? undefined : durableFiles(folder);
  const pglite = await translated(() =>
    PGlite.create(files === undefined ? {} : { fs: files.system, startParams: START }),
  );
  const transaction = <T>(work: (query: Query) => Promise<T>): Promise<T> =>
    translated(() => pglite.transaction((inner) => work(queryOf(inner))));
  const query = queryOf(pglite);
  const hasRuntimeRole = await prepare(transaction, query);
  if (folder !== undefined && files?.isNew === true) await syncTree(folder);
  return { kind: 'pglite', hasRuntimeRole, query, transaction, close: () => translated(() => pglite.close()) };
};
