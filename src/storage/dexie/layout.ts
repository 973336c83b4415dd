/**
 * The tables of a database and their layout version. Two layouts never share a version; a released layout is never
 * edited: a later one gets the next number and an upgrade.
 */

/** Layout of the tables below. */
export const LAYOUT = 3;
/** What IndexedDB calls the same layout: Dexie multiplies by ten. */
export const nativeVersion = (layout: number): number => layout * 10;
export const NATIVE_VERSION = nativeVersion(LAYOUT);

/** The tables that each layout added, with their keys and indexes in Dexie's notation. No index on events. */
export const LAYOUTS = {
  1: {
    /** Packed commits, by the local position of their first event. Append-only, until they lie in a segment. */
    records: 'at',
    /** Suspect bytes with what is wrong with them, in the order found. Append-only. */
    findings: '++,&identity',
    /** Who this database is and was, oldest first. Append-only. */
    identity: 'slot',
    /** Cursors and the newest receipt. */
    marks: 'name',
    /** Derived state that may be lost at any time. */
    snapshots: 'name',
  },
  2: {
    /** Merged records, found by where they end and by their directory keys. Append-only. */
    segments: 'at,end,*keys',
  },
  3: {
    /** The root key of this database, wrapped. From here on what the other tables keep is sealed under it. */
    keys: 'slot',
  },
} as const;

/** Every table of the present layout. */
export const TABLES = { ...LAYOUTS[1], ...LAYOUTS[2], ...LAYOUTS[3] };

export type TableName = keyof typeof TABLES;

/** The tables whose rows are added once and then stay as they are. */
export const APPEND_ONLY: ReadonlySet<string> = new Set<TableName>(['records', 'segments', 'findings', 'identity']);
