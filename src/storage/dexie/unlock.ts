/**
 * The one row of `keys`: the root key of the database, wrapped by a device key that lies beside it or by the database key
 * that somebody brings. Only this file writes it, and only as a whole, in a transaction that first looks whether it still
 * is what was read.
 *
 * Laws (`atRest.laws`): a wrong key changes nothing and shows nothing; a database that a database key opens is not opened
 * without it; one that was made without is wrapped anew by the first that is brought, and its rows stay as they are.
 */
import { StoreError } from '../../core/errors.ts';
import { isRecord } from '../../core/json.ts';
import type { Entropy } from '../../core/ports.ts';
import { DATABASE_ID_BYTES, openAtRest } from '../../crypto/atRest.ts';
import { sameBytes } from '../../crypto/bytes.ts';
import {
  drawRoot,
  makeDeviceKey,
  type RootTerms,
  unwrapRoot,
  WRAPPED_BYTES,
  wrappingKeyFrom,
  wrapRoot,
} from '../../crypto/rootKey.ts';
import { type Cipher, cipherOver, PLAIN } from './cipher.ts';
import { type Bytes, isBytes } from './rows.ts';
import { ask, askAll, reading, writing } from './transaction.ts';

const SLOT = 'database';
const TABLE = 'keys';

/** `deviceKey`: where `by` is `device`. */
type LockRow = RootTerms & { readonly slot: string; readonly wrapped: Bytes; readonly deviceKey?: CryptoKey };

export type UnlockParts = {
  readonly databaseKey: CryptoKey | undefined;
  readonly entropy: Entropy;
  readonly durability: 'strict' | 'relaxed';
  /** True if this connection has made the database: no row of an older layout can lie in it. */
  readonly isNew: boolean;
  /** Awaited before anything is written. */
  readonly mended: () => Promise<void>;
};

export type Unlocked = {
  readonly id: Uint8Array;
  readonly cipher: Cipher;
  /** True while rows of an older layout may lie there as they were. */
  readonly holdsPlain: boolean;
  /** Notes that no such row is left; gives a cipher that takes none for a row any more. */
  readonly settle: () => Promise<Cipher>;
};

const corrupt = (): StoreError => new StoreError('storage.corrupt', { what: 'keys' });

const readLock = async (native: IDBDatabase): Promise<LockRow | undefined> => {
  const row: unknown = await reading(native, [TABLE], (transaction) => ask(transaction.objectStore(TABLE).get(SLOT)));
  return row === undefined ? undefined : checkLock(row);
};

const checkLock = (row: unknown): LockRow => {
  if (!isRecord(row)) throw corrupt();
  const { id, by, holdsPlain, wrapped, deviceKey } = row;
  const isWhole =
    isBytes(id) && id.length === DATABASE_ID_BYTES && isBytes(wrapped) && wrapped.length === WRAPPED_BYTES;
  if (!isWhole || typeof holdsPlain !== 'boolean' || (by !== 'device' && by !== 'given')) throw corrupt();
  if (by === 'given') return { slot: SLOT, id, by, holdsPlain, wrapped };
  if (!(deviceKey instanceof CryptoKey)) throw corrupt();
  return { slot: SLOT, id, by, holdsPlain, wrapped, deviceKey };
};

/** A database key of another kind than HKDF with `deriveKey` opens nothing. */
const wrappingKey = async (databaseKey: CryptoKey, id: Uint8Array): Promise<CryptoKey> => {
  try {
    return await wrappingKeyFrom(databaseKey, id);
  } catch {
    throw new StoreError('storage.key-wrong', { what: 'kind' });
  }
};

const keyOf = async (row: LockRow, databaseKey: CryptoKey | undefined): Promise<CryptoKey> => {
  if (row.deviceKey !== undefined) return row.deviceKey;
  if (databaseKey === undefined) throw new StoreError('storage.locked');
  return wrappingKey(databaseKey, row.id);
};

const openLock = async (row: LockRow, databaseKey: CryptoKey | undefined): Promise<Bytes> => {
  const root = await unwrapRoot(await keyOf(row, databaseKey), row.wrapped, row);
  if (root !== undefined) return root;
  throw row.by === 'given' ? new StoreError('storage.key-wrong') : corrupt();
};

type Terms = { readonly id: Uint8Array; readonly holdsPlain: boolean };

/** Wraps a root key by the database key, or where there is none by a device key. */
const makeLock = async (
  root: Bytes,
  { id, holdsPlain }: Terms,
  { databaseKey, entropy }: UnlockParts,
  deviceKey?: CryptoKey,
): Promise<LockRow> => {
  const by = databaseKey === undefined ? 'device' : 'given';
  const terms: RootTerms = { id: Uint8Array.from(id), by, holdsPlain };
  if (databaseKey !== undefined) {
    const wrapped = await wrapRoot(await wrappingKey(databaseKey, id), root, terms, entropy);
    return { slot: SLOT, ...terms, wrapped };
  }
  const key = deviceKey ?? (await makeDeviceKey(entropy));
  return { slot: SLOT, ...terms, wrapped: await wrapRoot(key, root, terms, entropy), deviceKey: key };
};

/** Writes the row if what is there still is `before`; another connection may have been faster. */
const writeLock = async (
  native: IDBDatabase,
  { before, after }: { readonly before: LockRow | undefined; readonly after: LockRow },
  { durability, mended }: UnlockParts,
): Promise<void> => {
  await mended();
  await writing(native, { tables: [TABLE], durability }, async (transaction) => {
    const keys = transaction.objectStore(TABLE);
    const present: unknown = await ask(keys.get(SLOT));
    const isSame =
      before === undefined || present === undefined
        ? present === before
        : sameBytes(checkLock(present).wrapped, before.wrapped);
    if (isSame) keys.put(after);
  });
};

/** A database that has sealed rows and no key to them has lost its key: it gets no other. @throws StoreError */
const refuseSealed = (native: IDBDatabase): Promise<void> =>
  reading(native, ['identity', 'records', 'segments'], async (transaction) => {
    const stores = ['identity', 'records', 'segments'].map((name) => transaction.objectStore(name));
    const firsts: readonly (readonly unknown[])[] = await askAll(stores.map((store) => () => store.getAll(null, 1)));
    if (firsts.flat().some((row) => isRecord(row) && 'sealed' in row)) throw corrupt();
  });

const makeFirst = async (native: IDBDatabase, parts: UnlockParts): Promise<void> => {
  if (!parts.isNew) await refuseSealed(native);
  const { root, id } = drawRoot(parts.entropy);
  void parts.mended(); // beside the making of the keys
  const after = await makeLock(root, { id, holdsPlain: !parts.isNew }, parts);
  root.fill(0);
  await writeLock(native, { before: undefined, after }, parts);
};

/** The row that opens with what was brought: made if there is none, wrapped anew if a database key is brought first. */
const settledLock = async (native: IDBDatabase, parts: UnlockParts): Promise<LockRow> => {
  for (;;) {
    const row = await readLock(native);
    if (row === undefined) await makeFirst(native, parts);
    else if (row.by === 'given' || parts.databaseKey === undefined) return row;
    else {
      const root = await openLock(row, undefined);
      const after = await makeLock(root, row, parts);
      root.fill(0);
      await writeLock(native, { before: row, after }, parts);
    }
  }
};

const cipherOf = async (root: Bytes, { id }: LockRow, entropy: Entropy, readsPlain: boolean): Promise<Cipher> => {
  const atRest = await openAtRest({ root, id, entropy });
  root.fill(0);
  return cipherOver(atRest, readsPlain);
};

/** Notes in the row that all is sealed; what binds it is wrapped anew with it. */
const noteSealed = async (native: IDBDatabase, parts: UnlockParts): Promise<void> => {
  for (;;) {
    const row = await settledLock(native, parts);
    if (!row.holdsPlain) return;
    const root = await openLock(row, parts.databaseKey);
    const after = await makeLock(root, { id: row.id, holdsPlain: false }, parts, row.deviceKey);
    root.fill(0);
    await writeLock(native, { before: row, after }, parts);
  }
};

/**
 * Opens the keys of a database of the present layout; makes them if there are none.
 * @throws StoreError `storage.locked`, `storage.key-wrong`, `storage.corrupt`, `key.unavailable`: nothing was changed
 */
export const unlock = async (native: IDBDatabase, parts: UnlockParts): Promise<Unlocked> => {
  const row = await settledLock(native, parts);
  const { id, holdsPlain } = row;
  const open = async (readsPlain: boolean): Promise<Cipher> =>
    cipherOf(await openLock(row, parts.databaseKey), row, parts.entropy, readsPlain);
  return {
    id,
    holdsPlain,
    cipher: await open(holdsPlain),
    settle: async () => {
      await noteSealed(native, parts);
      return open(false);
    },
  };
};

/** The same for a database that is not to be changed, of whatever layout. */
export const unlockAsItIs = async (
  native: IDBDatabase,
  { databaseKey, entropy }: Pick<UnlockParts, 'databaseKey' | 'entropy'>,
): Promise<Cipher> => {
  const row = native.objectStoreNames.contains(TABLE) ? await readLock(native) : undefined;
  if (row === undefined) return PLAIN;
  return cipherOf(await openLock(row, databaseKey), row, entropy, row.holdsPlain);
};

/** True if the keys of this database are those of the database with that id. */
export const isSameDatabase = async (native: IDBDatabase, id: Uint8Array): Promise<boolean> => {
  const row = await readLock(native);
  return row !== undefined && sameBytes(row.id, id);
};
