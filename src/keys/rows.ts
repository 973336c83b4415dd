/** Rows of the key sheet: a data key in its wrap, and the hash that stands for its scope. Law: `ring.laws`. */
import { bytesToHex } from '@noble/hashes/utils.js';
import { StoreError } from '../core/errors.ts';
import type { KeyId } from '../core/ids.ts';
import type { Entropy } from '../core/ports.ts';
import { type DataKey, readDataKey } from '../crypto/dataKey.ts';
import type { KeyScope } from '../crypto/keySource.ts';
import { derivedBytes, unwrapSecret, type WrapPlace, wipe, wrappingKey, wrapSecret } from '../crypto/secretKey.ts';
import type { SheetRow } from './sheet.ts';

/** A wrapping key that a user holds. `base`: to derive from; it cannot be exported. */
export type WrappingKey = { readonly id: KeyId; readonly name: string; readonly base: CryptoKey };

const SCOPE_BYTES = 16;

/** What stands for a scope under a wrapping key. */
export const scopeTag = async ({ base }: WrappingKey, { kind, name }: KeyScope): Promise<string> =>
  bytesToHex(await derivedBytes(base, `scope/${kind}/${name}`, SCOPE_BYTES));

/** Derived once for each wrapping key, and gone with it: deriving costs as much as wrapping. */
const wrappers = new WeakMap<CryptoKey, Promise<CryptoKey>>();

const wrapperOf = ({ base }: WrappingKey): Promise<CryptoKey> => {
  const known = wrappers.get(base);
  if (known !== undefined) return known;
  const made = wrappingKey(base, 'data-keys');
  wrappers.set(base, made);
  return made;
};

const placeOf = ({ id, scope, under }: Pick<SheetRow, 'id' | 'scope' | 'under'>): WrapPlace => ({
  purpose: 'data-key',
  key: id,
  holder: `${under}/${scope}`,
});

/** The row of a data key under a wrapping key. */
export const wrapUnder = async (
  by: WrappingKey,
  row: Pick<SheetRow, 'scope' | 'version'>,
  key: DataKey,
  entropy: Entropy,
) => {
  const bytes = key.encode();
  try {
    const whole = { ...row, id: key.id, under: by.id };
    const wrap = await wrapSecret(await wrapperOf(by), bytes, placeOf(whole), entropy);
    return { ...whole, wrap };
  } finally {
    wipe(bytes);
  }
};

/** The data key in a row. @throws StoreError `key.data-malformed` if it is not the one that the row says */
export const unwrapRow = async (by: WrappingKey, row: SheetRow, wrap: Uint8Array<ArrayBuffer>): Promise<DataKey> => {
  const malformed = () => new StoreError('key.data-malformed', { key: row.id });
  const key = await wrapperOf(by);
  const bytes = await unwrapSecret(key, wrap, placeOf(row)).catch(() => Promise.reject(malformed()));
  try {
    const found = readDataKey(bytes);
    if (found.id === row.id) return found;
    found.wipe();
  } finally {
    wipe(bytes);
  }
  throw malformed();
};
