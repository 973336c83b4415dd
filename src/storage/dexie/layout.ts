/**
 * The tables of a database and their layout version. Two layouts never share a version; a released layout is never
 * edited: a later one gets the next number and an upgrade.
 */

/** Layout of the tables below. */
export const LAYOUT = 1;
/** What IndexedDB calls the same layout: Dexie multiplies by ten. */
export const NATIVE_VERSION = LAYOUT * 10;

/** Table names with their keys, in Dexie's notation. No index on events: streams are found through the commits. */
export const TABLES = {
  /** Packed commits, by the local position of their first event. Append-only. */
  records: 'at',
  /** Suspect bytes with what is wrong with them, in the order found. Append-only. */
  findings: '++,&identity',
  /** One row: who this database is. Append-only. */
  identity: 'slot',
  /** Cursors and the newest receipt. */
  marks: 'name',
  /** Derived state that may be lost at any time. */
  snapshots: 'name',
} as const;

export type TableName = keyof typeof TABLES;

/** The tables whose rows are added once and then stay as they are. */
export const APPEND_ONLY: ReadonlySet<string> = new Set<TableName>(['records', 'findings', 'identity']);
