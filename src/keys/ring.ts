/**
 * The key ring: what an unlocked user may seal and open with. Data keys lie in the key sheet under wrapping keys (of a study, a
 * site, or a group of fields); the user holds some of those, and so the data keys under them.
 *
 * Invariants: a data key that was destroyed is never made anew for its scope under the same wrapping key, nor given out again,
 * in any tab; a wrap that was moved to another row does not open; after `wipe` nothing is given. Laws: `ring.laws`.
 */
import { StoreError } from '../core/errors.ts';
import type { KeyId } from '../core/ids.ts';
import type { Entropy } from '../core/ports.ts';
import { type DataKey, makeDataKey, type SealedPlace } from '../crypto/dataKey.ts';
import type { KeyScope, KeySource } from '../crypto/keySource.ts';
import { scopeTag, unwrapRow, type WrappingKey, wrapUnder } from './rows.ts';
import type { KeySheetStorage, SheetRow } from './sheet.ts';

export type KeyRing = KeySource & {
  /**
   * Destroys the data keys of a scope under every wrapping key that this user holds, for good and in every tab; where there
   * is none, none can be made any more.
   * @returns which were destroyed   @throws StoreError `key.locked`, `storage.*`
   */
  readonly shred: (scope: KeyScope) => Promise<readonly KeyId[]>;
  /**
   * Destroys what single values were sealed with; the rest of the key stays. False if the key is not there to be changed.
   * @throws StoreError `key.locked`, `storage.*`
   */
  readonly puncture: (id: KeyId, places: readonly SealedPlace[]) => Promise<boolean>;
  /** What became of a data key on this device. @throws StoreError `key.locked`, `storage.*` */
  readonly fate: (id: KeyId) => Promise<KeyFate>;
};

/** `absent`: this device has no row of it. `closed`: it has, under a wrapping key that this user does not hold. */
export type KeyFate = 'absent' | 'destroyed' | 'closed' | 'open';

export type RingParts = {
  readonly sheet: KeySheetStorage;
  readonly entropy: Entropy;
  /** Wrapping keys of the user, oldest first. @throws StoreError `key.locked` */
  readonly held: () => Promise<readonly WrappingKey[]>;
  /** Name of the wrapping key under which new data keys of a scope lie. */
  readonly wrappingFor: (scope: KeyScope) => string;
};

const TRIES_MAX = 8;

/** Data keys that are unlocked, so that each is unwrapped once; and who hears of changes. */
const unlockedKeys = () => {
  const keys = new Map<KeyId, DataKey>();
  const listeners = new Set<() => void>();
  const drop = (id: KeyId): void => {
    keys.get(id)?.wipe();
    keys.delete(id);
  };
  return {
    get: (id: KeyId) => keys.get(id),
    keep: (key: DataKey): DataKey => {
      const known = keys.get(key.id);
      if (known !== undefined) {
        key.wipe();
        return known;
      }
      keys.set(key.id, key);
      return key;
    },
    drop,
    dropAll: () => [...keys.keys()].forEach(drop),
    tell: () => {
      for (const listener of [...listeners]) listener();
    },
    onChange: (listener: () => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    forget: () => listeners.clear(),
  };
};

/** What is unlocked now, and how rows become keys. */
const ringState = ({ sheet }: RingParts) => {
  const keys = unlockedKeys();
  let isWiped = false;
  /** Grows with each change: what was read before one is read again. */
  let changes = 0;
  /** The data key of each scope, as long as nothing changes: sealing asks for it with every event. */
  const current = new Map<string, DataKey>();
  const unlocked = (): void => {
    if (isWiped) throw new StoreError('key.locked');
  };
  const keep = (key: DataKey): DataKey => {
    if (isWiped) key.wipe();
    unlocked();
    return keys.keep(key);
  };
  const stopHearing = sheet.onForeignChange(() => {
    changes += 1;
    current.clear();
    keys.dropAll();
    keys.tell();
  });
  return {
    ...{ keys, unlocked, keep, current },
    changes: () => changes,
    changed: (id: KeyId): void => {
      changes += 1;
      current.clear();
      keys.drop(id);
    },
    /** The user holds other wrapping keys than before. */
    heldChanged: (): void => {
      changes += 1;
      current.clear();
      keys.tell();
    },
    /** Undefined if something changed since the row was read, or if there is nothing in it. */
    open: async (by: WrappingKey, row: SheetRow, readAt: number): Promise<DataKey | undefined> => {
      if (row.wrap === undefined) return undefined;
      const key = await unwrapRow(by, row, row.wrap);
      if (readAt === changes) return keep(key);
      key.wipe();
      return undefined;
    },
    wipe: (): void => {
      isWiped = true;
      stopHearing();
      current.clear();
      keys.dropAll();
      keys.forget();
    },
  };
};
type State = ReturnType<typeof ringState>;

/** A new data key for a scope; undefined if another tab was faster. */
const makeKey = async ({ sheet, entropy }: RingParts, { keep }: State, by: WrappingKey, scope: string) => {
  const made = makeDataKey(entropy);
  if (await sheet.add(await wrapUnder(by, { scope, version: 0 }, made, entropy))) return keep(made);
  made.wipe();
  return undefined;
};

/** The tag of a scope under the newest wrapping key of a name. @throws StoreError `key.shredded`, under any of that name */
const tagIn = async ({ sheet }: RingParts, scope: KeyScope, ofName: readonly WrappingKey[]): Promise<string> => {
  let tag = '';
  for (const by of ofName) {
    tag = await scopeTag(by, scope);
    const gone = (await sheet.byScope(tag)).find(({ wrap }) => wrap === undefined);
    if (gone !== undefined) throw new StoreError('key.shredded', { key: gone.id });
  }
  return tag;
};

/** The wrapping key under which a row lies. @throws StoreError `key.not-held` */
const wrapperOf = async ({ held }: RingParts, row: SheetRow): Promise<WrappingKey> => {
  const by = (await held()).find(({ id }) => id === row.under);
  if (by === undefined) throw new StoreError('key.not-held', { wrapping: row.under });
  return by;
};

/** Sealing and opening: keys as they are, and a new one for a scope that has none. */
const givingKeys = (parts: RingParts, state: State) => {
  const { sheet, held, wrappingFor } = parts;
  const { keys, unlocked } = state;
  const find = async (scope: KeyScope): Promise<DataKey> => {
    const name = wrappingFor(scope);
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const readAt = state.changes();
      const ofName = (await held()).filter((each) => each.name === name);
      const by = ofName.at(-1);
      if (by === undefined) throw new StoreError('key.not-held', { wrapping: name });
      const tag = await tagIn(parts, scope, ofName);
      // devices that were apart may each have made one: from here on all seal with the same
      const [row] = await sheet.byScope(tag);
      const known = row === undefined ? undefined : keys.get(row.id);
      const key =
        known ??
        (row === undefined
          ? await makeKey(parts, state, by, tag)
          : await state.open(await wrapperOf(parts, row), row, readAt));
      unlocked();
      if (key !== undefined && readAt === state.changes()) return key;
    }
    throw new StoreError('vault.contention');
  };
  const sealing: KeySource['sealing'] = async (scope) => {
    unlocked();
    const label = `${scope.kind}/${scope.name}`;
    const known = state.current.get(label);
    if (known !== undefined) return known;
    const readAt = state.changes();
    const key = await find(scope);
    if (readAt === state.changes()) state.current.set(label, key);
    return key;
  };
  const opening: KeySource['opening'] = async (id) => {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      unlocked();
      const known = keys.get(id);
      if (known !== undefined) return known;
      const readAt = state.changes();
      const row = await sheet.byId(id);
      if (row !== undefined && row.wrap === undefined) return 'shredded';
      const by = row === undefined ? undefined : (await held()).find((each) => each.id === row.under);
      if (row === undefined || by === undefined) return 'not-held';
      const key = await state.open(by, row, readAt);
      if (key !== undefined) return key;
    }
    throw new StoreError('vault.contention');
  };
  return { sealing, opening };
};

/** Takes the place of the key of a scope that has none, so that none is made. */
const forestall = async ({ sheet, entropy }: RingParts, by: WrappingKey, scope: string): Promise<void> => {
  const never = makeDataKey(entropy);
  never.wipe();
  await sheet.add({ id: never.id, scope, under: by.id, version: 0, wrap: undefined });
};

/** Destroying: of whole keys, and of single values. */
const destroyingKeys = (parts: RingParts, state: State): Pick<KeyRing, 'shred' | 'puncture'> => {
  const { sheet, entropy, held, wrappingFor } = parts;
  /** Changes a row until no other tab is faster; undefined if there is nothing left to change. */
  const change = async (
    find: () => Promise<SheetRow | undefined>,
    next: (row: SheetRow, wrap: Uint8Array<ArrayBuffer>) => Promise<SheetRow | undefined>,
  ): Promise<KeyId | undefined> => {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const row = await find();
      const changed = row?.wrap === undefined ? undefined : await next(row, row.wrap);
      if (changed === undefined) return undefined;
      if (await sheet.replace(changed)) {
        state.changed(changed.id);
        return changed.id;
      }
    }
    throw new StoreError('vault.contention');
  };
  return {
    shred: async (scope) => {
      state.unlocked();
      const gone: KeyId[] = [];
      for (const by of await held()) {
        const tag = await scopeTag(by, scope);
        if (by.name === wrappingFor(scope)) await forestall(parts, by, tag);
        for (const { id } of await sheet.byScope(tag)) {
          const changed = await change(
            () => sheet.byId(id),
            async (row) => ({ ...row, version: row.version + 1, wrap: undefined }),
          );
          if (changed !== undefined) gone.push(changed);
        }
      }
      if (gone.length > 0) state.keys.tell();
      return gone;
    },
    puncture: async (id, places) => {
      state.unlocked();
      const wrapping = await held();
      const changed = await change(
        () => sheet.byId(id),
        async (row, wrap) => {
          const by = wrapping.find((each) => each.id === row.under);
          if (by === undefined) return undefined;
          const whole = await unwrapRow(by, row, wrap);
          const left = whole.puncture(places);
          whole.wipe();
          const { scope, version } = row;
          return wrapUnder(by, { scope, version: version + 1 }, left, entropy).finally(left.wipe);
        },
      );
      if (changed !== undefined) state.keys.tell();
      return changed !== undefined;
    },
  };
};

const fateIn =
  ({ sheet, held }: RingParts, state: State): KeyRing['fate'] =>
  async (id) => {
    state.unlocked();
    const row = await sheet.byId(id);
    if (row === undefined) return 'absent';
    if (row.wrap === undefined) return 'destroyed';
    return (await held()).some((each) => each.id === row.under) ? 'open' : 'closed';
  };

/** Opens a ring. `wipe` ends it: every key in it is overwritten. `changed`: the user holds other wrapping keys than before. */
export const openRing = (
  parts: RingParts,
): KeyRing & {
  readonly wipe: () => void;
  readonly changed: () => void;
  /** Rows of these keys came from elsewhere. */
  readonly received: (ids: readonly KeyId[]) => void;
} => {
  const state = ringState(parts);
  return {
    ...givingKeys(parts, state),
    ...destroyingKeys(parts, state),
    fate: fateIn(parts, state),
    onChange: state.keys.onChange,
    changed: state.heldChanged,
    received: (ids) => {
      for (const id of ids) state.changed(id);
      state.keys.tell();
    },
    wipe: state.wipe,
  };
};
