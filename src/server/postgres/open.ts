/** Which database a server has: the one that is named, or the embedded one in its folder. */
import { join } from 'node:path';
import type { Database } from './database.ts';
import { openPglite } from './pglite.ts';
import { openPool } from './pool.ts';

/** Where the embedded database lies in a server's data folder. */
export const embeddedIn = (folder: string): string => join(folder, 'postgres');

/** @throws StoreError `storage.failed`, with `what: database-unreachable` where the named one is */
export const openDatabase = (folder: string | undefined, databaseUrl: string | undefined): Promise<Database> =>
  databaseUrl === undefined ? openPglite(folder === undefined ? undefined : embeddedIn(folder)) : openPool(databaseUrl);
