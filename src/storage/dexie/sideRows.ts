/**
 * Rows of the tables beside the log: what is sealed of each, under a name that shows nothing, checked as it comes from the
 * database. A replica's private key is a handle of WebCrypto that cannot be exported, and so cannot be sealed: it lies in
 * its row as it is. Where WebCrypto has no Ed25519 the key is bytes, and they are sealed with the rest. Rows of a layout before 3 are read where the cipher says so.
 */
import type { Finding } from '../../core/commit.ts';
import { isErrorCode, StoreError } from '../../core/errors.ts';
import { publicKey32, replicaId, tenantId } from '../../core/ids.ts';
import { isRecord, type JsonValue } from '../../core/json.ts';
import { fromBase64, fromUtf8, toBase64, utf8 } from '../../crypto/bytes.ts';
import { privateKeyFrom } from '../../crypto/keyBytes.ts';
import { isSoftKey, softKeyBytes } from '../../crypto/softKey.ts';
import type { Identity, Marks } from '../port.ts';
import type { Cipher, SideTable } from './cipher.ts';
import { type Bytes, isBytes } from './rows.ts';

/** A row of `marks` or `snapshots`; `name` is keyed. */
export type ValueRow = { readonly name: string; readonly sealed: Bytes };
export type FindingRow = { readonly identity: string; readonly sealed: Bytes };
/** `privateKey`: absent where WebCrypto has no Ed25519: there it is bytes, and sealed. */
export type IdentityRow = { readonly slot: string; readonly sealed: Bytes; readonly privateKey?: CryptoKey };

/** Key of the first identity; those that succeed it sort after it. */
const IDENTITY_SLOT = 'self';
const SLOT_DIGITS = 6;

/** Key of an identity that has so many before it. */
const identitySlot = (before: number): string =>
  before === 0 ? IDENTITY_SLOT : `${IDENTITY_SLOT}/${String(before).padStart(SLOT_DIGITS, '0')}`;

const corrupt = (what: string): never => {
  throw new StoreError('storage.corrupt', { what });
};

const fieldsOf = (value: unknown, what: string): Readonly<Record<string, unknown>> =>
  isRecord(value) ? value : corrupt(what);

const text = (value: unknown, what: string): string => (typeof value === 'string' ? value : corrupt(what));

const bytes = (value: unknown, what: string): Bytes => (isBytes(value) ? value : corrupt(what));

/** Runs a checking constructor; what it refuses was not what had been stored. */
const stored = <T>(what: string, read: () => T): T => {
  try {
    return read();
  } catch {
    return corrupt(what);
  }
};

/** A plain object; a date, a map or bytes are none. */
const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  isRecord(value) && Object.getPrototypeOf(value) === Object.prototype;

const isJson = (value: unknown): value is JsonValue => {
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string')
    return true;
  if (Array.isArray(value)) return value.every(isJson);
  return isPlain(value) && Object.values(value).every(isJson);
};

const json = (value: unknown): Bytes => utf8(JSON.stringify(value));

const parsed = (encoded: Bytes, what: string): unknown => stored(what, (): unknown => JSON.parse(fromUtf8(encoded)));

/** The fields of a row and what was sealed in it; undefined for `opened` if it is a row of a layout before 3. */
const openedRow = async (
  cipher: Cipher,
  { table, key, what }: { readonly table: SideTable; readonly key: string; readonly what: string },
  value: unknown,
) => {
  const fields = fieldsOf(value, what);
  if (cipher.readsPlain && !('sealed' in fields)) return { fields, opened: undefined };
  const name = text(fields[key], what);
  const opened = await cipher.openValue(table, name, bytes(fields['sealed'], what));
  return { fields, opened: opened ?? corrupt(what) };
};

const MARK = { table: 'marks', key: 'name', what: 'mark' } as const;
const SNAPSHOT = { table: 'snapshots', key: 'name', what: 'snapshot' } as const;
const FINDING = { table: 'findings', key: 'identity', what: 'finding' } as const;
const IDENTITY = { table: 'identity', key: 'slot', what: 'identity' } as const;

/** @throws StoreError `storage.corrupt`, as all that read a row do */
export const readMarkRow = async (cipher: Cipher, row: unknown): Promise<readonly [string, JsonValue]> => {
  const { fields, opened } = await openedRow(cipher, MARK, row);
  const { name, value } = opened === undefined ? fields : fieldsOf(parsed(opened, 'mark'), 'mark');
  return [text(name, 'mark'), isJson(value) ? value : corrupt('mark')];
};

/** Every mark once: where a plain one and a sealed one have the same name, the sealed one is the newer. */
export const readMarkRows = async (cipher: Cipher, rows: readonly unknown[]): Promise<Marks> => {
  const isSealed = (row: unknown): boolean => isRecord(row) && 'sealed' in row;
  const ordered = [...rows.filter((row) => !isSealed(row)), ...rows.filter(isSealed)];
  return Object.fromEntries(await Promise.all(ordered.map((row) => readMarkRow(cipher, row))));
};

const sealNamed = async (
  cipher: Cipher,
  table: 'marks' | 'snapshots',
  name: string,
  plain: Bytes,
): Promise<ValueRow> => {
  const [keyed] = cipher.namesOf(table, name);
  return { name: keyed, sealed: await cipher.sealValue(table, keyed, plain) };
};

export const sealMark = (cipher: Cipher, name: string, value: JsonValue): Promise<ValueRow> =>
  sealNamed(cipher, 'marks', name, json({ name, value }));

/** Values are taken as they are when this is called. */
export const sealMarks = (cipher: Cipher, marks: Marks): Promise<readonly ValueRow[]> =>
  Promise.all(Object.entries(marks).map(([name, value]) => sealMark(cipher, name, value)));

export const sealIdentityAt = async (
  cipher: Cipher,
  { tenant, replica, key, createdAt }: Identity,
  slot: string,
): Promise<IdentityRow> => {
  const shown = { tenant, replica, publicKey: toBase64(key.publicKey), createdAt };
  const bytes = softKeyBytes(key.privateKey);
  if (bytes === undefined)
    return { slot, sealed: await cipher.sealValue('identity', slot, json(shown)), privateKey: key.privateKey };
  const plain = json({ ...shown, privateKey: toBase64(bytes) });
  return { slot, sealed: await cipher.sealValue('identity', slot, plain) };
};

/** The row of an identity that has so many before it. */
export const sealIdentity = (cipher: Cipher, identity: Identity, before: number): Promise<IdentityRow> =>
  sealIdentityAt(cipher, identity, identitySlot(before));

/** A private key that was sealed as bytes: WebCrypto's own handle, if the platform has learned Ed25519 since. */
const sealedKey = async (value: unknown): Promise<CryptoKey> => {
  try {
    return await privateKeyFrom(fromBase64(text(value, 'identity')));
  } catch {
    return corrupt('identity');
  }
};

const isPrivateKey = (value: unknown): value is CryptoKey => value instanceof CryptoKey || isSoftKey(value);

export const readIdentityRow = async (cipher: Cipher, row: unknown): Promise<Identity> => {
  const { fields, opened } = await openedRow(cipher, IDENTITY, row);
  const shown = opened === undefined ? fields : fieldsOf(parsed(opened, 'identity'), 'identity');
  const { tenant, replica, publicKey, createdAt } = shown;
  const privateKey = fields['privateKey'] ?? (await sealedKey(shown['privateKey']));
  return stored('identity', () => ({
    tenant: tenantId(text(tenant, 'identity')),
    replica: replicaId(text(replica, 'identity')),
    key: {
      publicKey: publicKey32(
        opened === undefined ? bytes(publicKey, 'identity') : fromBase64(text(publicKey, 'identity')),
      ),
      privateKey: isPrivateKey(privateKey) ? privateKey : corrupt('identity'),
    },
    createdAt: text(createdAt, 'identity'),
  }));
};

const LENGTH_BYTES = 4;

/** Takes the evidence as it is when this is called. */
export const sealFinding = async (cipher: Cipher, finding: Finding, evidence: Uint8Array): Promise<FindingRow> => {
  const told = json(finding);
  const plain = new Uint8Array(LENGTH_BYTES + told.length + evidence.length);
  new DataView(plain.buffer).setUint32(0, told.length);
  plain.set(told, LENGTH_BYTES);
  plain.set(evidence, LENGTH_BYTES + told.length);
  const [identity] = cipher.namesOf('findings', finding.identity);
  return { identity, sealed: await cipher.sealValue('findings', identity, plain) };
};

const findingOf = (value: unknown): Finding => {
  const { identity, foundAt, code, sequence, replica, what } = fieldsOf(value, 'finding');
  const known = text(code, 'finding');
  return {
    identity: text(identity, 'finding'),
    foundAt: text(foundAt, 'finding'),
    code: isErrorCode(known) ? known : corrupt('finding'),
    sequence: typeof sequence === 'number' ? sequence : corrupt('finding'),
    ...(replica === undefined ? {} : { replica: stored('finding', () => replicaId(text(replica, 'finding'))) }),
    ...(what === undefined ? {} : { what: text(what, 'finding') }),
  };
};

export type KeptFinding = { readonly finding: Finding; readonly evidence: Uint8Array };

export const readFindingRow = async (cipher: Cipher, row: unknown): Promise<KeptFinding> => {
  const { fields, opened } = await openedRow(cipher, FINDING, row);
  if (opened === undefined)
    return { finding: findingOf(fields['finding']), evidence: bytes(fields['evidence'], 'finding') };
  if (opened.length < LENGTH_BYTES) return corrupt('finding');
  const end = LENGTH_BYTES + new DataView(opened.buffer, opened.byteOffset).getUint32(0);
  return { finding: findingOf(parsed(opened.subarray(LENGTH_BYTES, end), 'finding')), evidence: opened.slice(end) };
};

/** Takes the bytes as they are when this is called. */
export const sealSnapshot = (cipher: Cipher, name: string, snapshot: Uint8Array): Promise<ValueRow> =>
  sealNamed(cipher, 'snapshots', name, Uint8Array.from(snapshot));

export const readSnapshotRow = async (cipher: Cipher, row: unknown): Promise<Uint8Array> => {
  const { fields, opened } = await openedRow(cipher, SNAPSHOT, row);
  return opened ?? bytes(fields['bytes'], 'snapshot');
};
