/**
 * Storage in encrypted SQLite, for Node, Electron and hybrid apps: `openStore({ storage: sqliteStorage({ … }) })`. The guide
 * is `docs/sqlite.md`. Names are listed by hand.
 */

export { fileVault } from './keys/file.ts';
export type { SqliteConnection, SqliteDriver, SqlRow, SqlValue } from './storage/sqlite/driver.ts';
export { type SqliteStorage, type SqliteStorageOptions, sqliteStorage } from './storage/sqlite/index.ts';
export { type DatabaseKey, keyFromHex } from './storage/sqlite/key.ts';
export { type NodeSqliteOptions, type NodeSqlitePlace, nodeSqlite } from './storage/sqlite/node.ts';
export { keyFromEnvironment, keyFromFile } from './storage/sqlite/nodeKey.ts';
export { fileMarker } from './storage/sqlite/nodeMarker.ts';
