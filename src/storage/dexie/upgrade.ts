/**
 * From every released layout to the present one. The change of tables is one transaction of the browser, so a kill
 * leaves the old layout or the new one; data is moved later, by packing.
 */
import type { Dexie } from 'dexie';
import { LAYOUT, LAYOUTS, nativeVersion, TABLES } from './layout.ts';

/** Declares every layout, so that Dexie can make each of them into the present one. */
export const declareLayouts = (dexie: Dexie): void => {
  for (const [layout, tables] of Object.entries(LAYOUTS)) dexie.version(Number(layout)).stores(tables);
};

/** The tables of a layout and of those before it. */
const tablesUpTo = (layout: number): readonly string[] =>
  Object.entries(LAYOUTS).flatMap(([each, tables]) => (Number(each) <= layout ? Object.keys(tables) : []));

const hasTables = (database: IDBDatabase, tables: readonly string[]): boolean =>
  tables.every((name) => database.objectStoreNames.contains(name));

/** True if the database has every table: a layout that was made half is not taken for one. */
export const isWhole = (database: IDBDatabase): boolean => hasTables(database, Object.keys(TABLES));

/** True if a database of this version, as it was before any change, is new or of a released layout. */
export const isReleased = (database: IDBDatabase, oldVersion: number): boolean => {
  if (oldVersion === 0) return true;
  const layout = Object.keys(LAYOUTS).find((each) => nativeVersion(Number(each)) === oldVersion);
  return layout !== undefined && Number(layout) < LAYOUT && hasTables(database, tablesUpTo(Number(layout)));
};
