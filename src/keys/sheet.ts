/**
 * The key sheet: data keys in wraps, beside the log and never in it, because a key that is destroyed has to be gone.
 *
 * Invariants: a row says neither whose values its key seals nor anything secret; here one row is made for each scope under
 * each wrapping key, devices that were apart may bring one each; a destroyed key leaves its row without the wrap, for good,
 * whatever comes from elsewhere. Laws: `sheetLaws`, run by every adapter.
 */
import type { KeyId } from '../core/ids.ts';

export type SheetRow = {
  /** Of the data key. */
  readonly id: KeyId;
  /** The scope, as a keyed hash under the wrapping key: 32 hex digits. */
  readonly scope: string;
  /** The wrapping key that the wrap opens with. */
  readonly under: KeyId;
  /** How often the row was changed. */
  readonly version: number;
  /** Undefined: the key was destroyed. */
  readonly wrap: Uint8Array<ArrayBuffer> | undefined;
};

/** A row with what is known of the server's copy. */
export type StoredRow = SheetRow & {
  /** The server's revision that the row builds on; 0: the server has none. */
  readonly revision: number;
  /** True if the server does not have the row as it is here. */
  readonly isUnsent: boolean;
};

export type KeySheetStorage = {
  readonly byId: (id: KeyId) => Promise<StoredRow | undefined>;
  /** The rows of a scope, least id first. */
  readonly byScope: (scope: string) => Promise<readonly StoredRow[]>;
  /** False, with nothing stored, if there is a row of this id or scope. Durable before it resolves. */
  readonly add: (row: SheetRow) => Promise<boolean>;
  /**
   * Puts a row in the place of the one of its id, if that has the version before and still has its wrap; false, with
   * nothing changed, if not. Durable before it resolves.
   */
  readonly replace: (row: SheetRow) => Promise<boolean>;
  /** Keys of the rows that have a wrap and lie under a wrapping key. */
  readonly under: (wrapping: KeyId) => Promise<readonly KeyId[]>;
  /** Keys of the rows that the server does not have as they are. */
  readonly unsent: () => Promise<readonly KeyId[]>;
  /** The server has this row, as it was in `version`, in its `revision`. */
  readonly sent: (id: KeyId, as: { readonly version: number; readonly revision: number }) => Promise<void>;
  /**
   * Puts a row that came from elsewhere, or was merged with one, in the place of the one of version `over` (undefined: where
   * there is none). False, with nothing changed, if another one is there, or a wrap would take the place of none.
   */
  readonly receive: (row: StoredRow, over: number | undefined) => Promise<boolean>;
  /** How far the server's rows were read; the empty string is the beginning. */
  readonly cursor: () => Promise<string>;
  readonly setCursor: (cursor: string) => Promise<void>;
  /** From here on no row counts as sent, and the cursor is at the beginning. */
  readonly startAgain: () => Promise<void>;
  /** Calls after another tab changed something. Returns how to stop it. */
  readonly onForeignChange: (listener: () => void) => () => void;
};

/** The row that takes the place of the stored one; undefined if it may not. */
export const succeeding = (stored: StoredRow | undefined, next: SheetRow): StoredRow | undefined => {
  if (stored?.wrap === undefined || stored.version + 1 !== next.version || stored.scope !== next.scope)
    return undefined;
  return { ...next, revision: stored.revision, isUnsent: true };
};

/** True if a row from elsewhere may be stored over the one that is there. */
export const mayReceive = (stored: StoredRow | undefined, next: StoredRow, over: number | undefined): boolean =>
  stored?.version === over && (stored === undefined || stored.wrap !== undefined || next.wrap === undefined);

/** The row after the server took it as it was in a version. */
export const asSent = (stored: StoredRow, { version, revision }: { version: number; revision: number }): StoredRow => ({
  ...stored,
  revision,
  isUnsent: stored.version !== version,
});

const isBefore = (a: StoredRow, b: StoredRow): number => (a.id < b.id ? -1 : 1);

/** The rows of one memory, and who hears of them. */
const memoryRows = () => {
  const rows = new Map<KeyId, StoredRow>();
  let cursor = '';
  const ofScope = (scope: string) => [...rows.values()].filter((row) => row.scope === scope).sort(isBefore);
  const put = (row: StoredRow): void => void rows.set(row.id, { ...row, wrap: row.wrap?.slice() });
  return {
    ...{ rows, ofScope, put },
    cursor: () => cursor,
    setCursor: (next: string) => {
      cursor = next;
    },
  };
};

/** A key sheet in memory. `handle` gives one for each tab. */
export const memorySheets = (): { readonly handle: () => KeySheetStorage } => {
  const { rows, ofScope, put, cursor, setCursor } = memoryRows();
  const handles = new Set<Set<() => void>>();
  const copy = <R extends SheetRow>(row: R): R => ({ ...row, wrap: row.wrap?.slice() });
  return {
    handle: () => {
      const listeners = new Set<() => void>();
      handles.add(listeners);
      const changed = (row: StoredRow | undefined): boolean => {
        if (row === undefined) return false;
        put(row);
        for (const others of handles) if (others !== listeners) for (const listener of others) listener();
        return true;
      };
      const fresh = (row: SheetRow): StoredRow => ({ ...row, revision: 0, isUnsent: true });
      const isFree = ({ id, scope }: SheetRow) => !rows.has(id) && ofScope(scope).length === 0;
      return {
        byId: async (id) => {
          const row = rows.get(id);
          return row && copy(row);
        },
        byScope: async (scope) => ofScope(scope).map(copy),
        add: async (row) => changed(isFree(row) ? fresh(row) : undefined),
        replace: async (row) => changed(succeeding(rows.get(row.id), row)),
        under: async (wrapping) =>
          [...rows.values()].filter((row) => row.under === wrapping && row.wrap !== undefined).map(({ id }) => id),
        unsent: async () => [...rows.values()].filter(({ isUnsent }) => isUnsent).map(({ id }) => id),
        sent: async (id, as) => {
          const row = rows.get(id);
          if (row !== undefined) put(asSent(row, as));
        },
        receive: async (row, over) => changed(mayReceive(rows.get(row.id), row, over) ? row : undefined),
        cursor: async () => cursor(),
        setCursor: async (next) => setCursor(next),
        startAgain: async () => {
          for (const row of [...rows.values()]) put({ ...row, isUnsent: true });
          setCursor('');
        },
        onForeignChange: (listener) => {
          listeners.add(listener);
          return () => void listeners.delete(listener);
        },
      };
    },
  };
};

/** A key sheet in memory, for one tab. */
export const memorySheet = (): KeySheetStorage => memorySheets().handle();
