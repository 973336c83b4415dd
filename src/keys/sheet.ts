/**
 * The key sheet: data keys in wraps, beside the log and never in it, because a key that is destroyed has to be gone.
 *
 * Invariants: one row for each scope under each wrapping key; a row says neither whose values its key seals nor anything
 * secret; a destroyed key leaves its row without the wrap, for good. Laws: `sheetLaws`, run by every adapter.
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

export type KeySheetStorage = {
  readonly byId: (id: KeyId) => Promise<SheetRow | undefined>;
  readonly byScope: (scope: string) => Promise<SheetRow | undefined>;
  /** False, with nothing stored, if there is a row of this id or scope. Durable before it resolves. */
  readonly add: (row: SheetRow) => Promise<boolean>;
  /**
   * Puts a row in the place of the one of its id, if that has the version before and still has its wrap; false, with
   * nothing changed, if not. Durable before it resolves.
   */
  readonly replace: (row: SheetRow) => Promise<boolean>;
  /** Calls after another tab changed something. Returns how to stop it. */
  readonly onForeignChange: (listener: () => void) => () => void;
};

/** True if a row may take the place of the stored one. */
export const maySucceed = (stored: SheetRow | undefined, next: SheetRow): boolean =>
  stored !== undefined &&
  stored.wrap !== undefined &&
  stored.version + 1 === next.version &&
  stored.scope === next.scope &&
  stored.under === next.under;

/** A key sheet in memory. `handle` gives one for each tab. */
export const memorySheets = (): { readonly handle: () => KeySheetStorage } => {
  const rows = new Map<KeyId, SheetRow>();
  const handles = new Set<Set<() => void>>();
  const copy = (row: SheetRow | undefined) => row && { ...row, wrap: row.wrap?.slice() };
  return {
    handle: () => {
      const listeners = new Set<() => void>();
      handles.add(listeners);
      const put = (row: SheetRow, may: boolean): boolean => {
        if (!may) return false;
        rows.set(row.id, { ...row, wrap: row.wrap?.slice() });
        for (const others of handles) if (others !== listeners) for (const listener of others) listener();
        return true;
      };
      const ofScope = (scope: string) => [...rows.values()].find((row) => row.scope === scope);
      return {
        byId: async (id) => copy(rows.get(id)),
        byScope: async (scope) => copy(ofScope(scope)),
        add: async (row) => put(row, !rows.has(row.id) && ofScope(row.scope) === undefined),
        replace: async (row) => put(row, maySucceed(rows.get(row.id), row)),
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
