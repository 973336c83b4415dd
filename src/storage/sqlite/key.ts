/**
 * The database key: 32 bytes that the host brings, kept here no longer than opening takes. A passphrase is the host's to
 * stretch (Argon2id, or the system's key store); a short secret is no key.
 */
import { StoreError } from '../../core/errors.ts';

export const KEY_BYTES = 32;

/** The key, or what gives it when a database is opened. */
export type DatabaseKey = Uint8Array | (() => Uint8Array | Promise<Uint8Array>);

/** A key of nothing but zeros is a buffer that nobody filled. */
const isKey = (value: unknown): value is Uint8Array =>
  value instanceof Uint8Array && value.length === KEY_BYTES && value.some((byte) => byte !== 0);

const keyOf = async (key: DatabaseKey | undefined): Promise<Uint8Array> => {
  const given: unknown = typeof key === 'function' ? await key() : key;
  if (!isKey(given)) throw new StoreError('storage.key-missing');
  return Uint8Array.from(given);
};

/** Runs `work` with a copy of the key and wipes the copy. @throws StoreError `storage.key-missing` */
export const withKey = async <T>(key: DatabaseKey | undefined, work: (key: Uint8Array) => Promise<T>): Promise<T> => {
  const copy = await keyOf(key);
  try {
    return await work(copy);
  } finally {
    copy.fill(0);
  }
};

/** Reads a key written as 64 hexadecimal digits; space around them is ignored. @throws StoreError `storage.key-missing` */
export const keyFromHex = (text: string): Uint8Array => {
  const digits = text.trim();
  if (!/^[0-9a-fA-F]{64}$/.test(digits)) throw new StoreError('storage.key-missing');
  const key = Uint8Array.from({ length: KEY_BYTES }, (_, at) => Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16));
  if (!isKey(key)) throw new StoreError('storage.key-missing');
  return key;
};
