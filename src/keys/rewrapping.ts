/**
 * Re-wrapping: after a rotation the data keys that lie under older wrapping keys of a name are put under the newest one. The
 * keys stay, and so do events; only their wraps are made anew, each by compare-and-set.
 *
 * Invariants: what was re-wrapped lies under the newest key and no other; it may be cut off anywhere and goes on with what is
 * left; a row that another tab or device changed meanwhile is looked at again. Law: `rewrapping.laws`.
 */
import type { KeyId } from '../core/ids.ts';
import type { Entropy } from '../core/ports.ts';
import { unwrapRow, type WrappingKey, wrapUnder } from './rows.ts';
import type { KeySheetStorage } from './sheet.ts';

export type RewrapProgress = { readonly done: number; readonly total: number };
export type RewrapOptions = {
  /** Ends it between two keys; what was re-wrapped stays. */
  readonly signal?: AbortSignal;
  /** Hears how far it is, at the beginning and after each key. */
  readonly onProgress?: (progress: RewrapProgress) => void;
};
/** `left`: keys that lie under an older wrapping key all the same, because it was ended or they kept changing. */
export type Rewrapping = { readonly done: number; readonly left: number };

export type RewrapParts = {
  readonly sheet: KeySheetStorage;
  readonly entropy: Entropy;
  /** Wrapping keys of the user, oldest first. @throws StoreError `key.locked` */
  readonly held: () => Promise<readonly WrappingKey[]>;
};

const TRIES_MAX = 4;

/** Data keys under a wrapping key of which the user holds a newer one. */
const outdated = async ({ sheet }: RewrapParts, held: readonly WrappingKey[]): Promise<readonly KeyId[]> => {
  const older = held.filter(({ name }, at) => held.findLastIndex((other) => other.name === name) > at);
  return (await Promise.all(older.map(({ id }) => sheet.under(id)))).flat();
};

/** True if the key lies under the newest wrapping key of its name afterwards, or was destroyed meanwhile. */
const rewrapOne = async (parts: RewrapParts, id: KeyId): Promise<boolean> => {
  const { sheet, entropy } = parts;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const held = await parts.held();
    const row = await sheet.byId(id);
    const by = held.find((each) => each.id === row?.under);
    const newest = held.findLast(({ name }) => name === by?.name);
    if (row?.wrap === undefined || by === undefined || newest === undefined || newest === by) return true;
    const key = await unwrapRow(by, row, row.wrap);
    const { scope, version } = row;
    const next = await wrapUnder(newest, { scope, version: version + 1 }, key, entropy).finally(key.wipe);
    if (await sheet.replace(next)) return true;
  }
  return false;
};

/** @throws StoreError `key.locked`, `key.data-malformed` (a row was altered), `storage.*`; what was done stays */
export const rewrapKeys = async (parts: RewrapParts, { signal, onProgress }: RewrapOptions): Promise<Rewrapping> => {
  const ids = await outdated(parts, await parts.held());
  const total = ids.length;
  let done = 0;
  onProgress?.({ done, total });
  for (const id of ids) {
    if (signal?.aborted === true) break;
    if (!(await rewrapOne(parts, id))) continue;
    done += 1;
    onProgress?.({ done, total });
  }
  return { done, left: total - done };
};
