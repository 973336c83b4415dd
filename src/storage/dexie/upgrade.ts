/**
 * From every released layout to the present one. The change of tables is one transaction of the browser, so a kill
 * leaves the old layout or the new one. What the rows hold is sealed after it, and moved by packing later, a bounded step at a
 * time (`sealing.ts`, `pack.ts`). Laws: "an upgrade that
 * fails at any step leaves everything as it was, and is made by the next opening".
 */
import type { Dexie } from 'dexie';
import { StoreError } from '../../core/errors.ts';
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

/** The released layout that IndexedDB calls by this version. */
export const layoutOf = (version: number): number | undefined =>
  Object.keys(LAYOUTS)
    .map(Number)
    .find((layout) => nativeVersion(layout) === version);

/** True if a database of this version, as it was before any change, is new or of a released layout. */
export const isReleased = (database: IDBDatabase, oldVersion: number): boolean => {
  if (oldVersion === 0) return true;
  const layout = layoutOf(oldVersion);
  return layout !== undefined && layout < LAYOUT && hasTables(database, tablesUpTo(layout));
};

export type UpgradeProgress = {
  /** Layouts of the database: what it is, and what it becomes. */
  readonly from: number;
  readonly to: number;
  /** `waiting` for other tabs to let go, `changing` the tables, `sealing` the rows (also one that was begun before), `done`. */
  readonly state: 'waiting' | 'changing' | 'sealing' | 'done';
  /** Rows looked at, and rows in all; while sealing. */
  readonly rows?: { readonly done: number; readonly total: number };
};
export type OnUpgrade = (progress: UpgradeProgress) => void;

export type UpgradeWatch = {
  /** Follows a request to open. */
  readonly follow: (request: IDBOpenDBRequest) => void;
  /** The layout that is or was changed; undefined if it is the present one. */
  readonly from: () => number | undefined;
  /** What a failed opening comes to if the layout was being changed. */
  readonly failure: (name: string) => StoreError | undefined;
};

/** Later: what a listener throws inside an event would end the upgrade. */
export const tellLater = (onUpgrade: OnUpgrade | undefined, progress: UpgradeProgress): void =>
  queueMicrotask(() => onUpgrade?.(progress));

/** Tells of an upgrade from a released layout, and knows when one has failed. */
export const watchUpgrade = (onUpgrade: OnUpgrade | undefined): UpgradeWatch => {
  let changing: number | undefined;
  const tell = (from: number, state: UpgradeProgress['state']) => tellLater(onUpgrade, { from, to: LAYOUT, state });
  return {
    follow: (request) => {
      request.addEventListener('blocked', ({ oldVersion }) => {
        const from = layoutOf(oldVersion);
        if (from !== undefined) tell(from, 'waiting');
      });
      request.addEventListener('upgradeneeded', ({ oldVersion }) => {
        changing = isReleased(request.result, oldVersion) ? layoutOf(oldVersion) : undefined;
        if (changing !== undefined) tell(changing, 'changing');
      });
    },
    from: () => changing,
    failure: (name) =>
      changing === undefined ? undefined : new StoreError('storage.upgrade-failed', { from: changing, name }),
  };
};
