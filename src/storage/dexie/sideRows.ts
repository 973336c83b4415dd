/** Rows of the tables beside the log, checked as they come from the database. */

import type { Finding } from '../../core/commit.ts';
import { isErrorCode, StoreError } from '../../core/errors.ts';
import { publicKey32, replicaId, tenantId } from '../../core/ids.ts';
import { isRecord, type JsonValue } from '../../core/json.ts';
import type { Identity, Marks } from '../port.ts';

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

const bytes = (value: unknown, what: string): Uint8Array => (value instanceof Uint8Array ? value : corrupt(what));

/** A copy with a buffer of its own: the clone of a view would store all of the buffer behind it. */
const compact = (view: Uint8Array): Uint8Array<ArrayBuffer> => Uint8Array.from(view);

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

const readMark = (value: unknown): readonly [string, JsonValue] => {
  const fields = fieldsOf(value, 'mark');
  const mark = fields['value'];
  return [text(fields['name'], 'mark'), isJson(mark) ? mark : corrupt('mark')];
};

/** @throws StoreError `storage.corrupt` */
export const readMarkRows = (rows: readonly unknown[]): Marks => Object.fromEntries(rows.map(readMark));

export const markRows = (marks: Marks): readonly { readonly name: string; readonly value: JsonValue }[] =>
  Object.entries(marks).map(([name, value]) => ({ name, value }));

/** The row of an identity that has so many before it. */
export const identityRow = ({ tenant, replica, key, createdAt }: Identity, before: number) => ({
  slot: identitySlot(before),
  tenant,
  replica,
  publicKey: compact(key.publicKey),
  privateKey: key.privateKey,
  createdAt,
});

/** @throws StoreError `storage.corrupt` */
export const readIdentityRow = (value: unknown): Identity => {
  const fields = fieldsOf(value, 'identity');
  const privateKey = fields['privateKey'];
  return stored('identity', () => ({
    tenant: tenantId(text(fields['tenant'], 'identity')),
    replica: replicaId(text(fields['replica'], 'identity')),
    key: {
      publicKey: publicKey32(bytes(fields['publicKey'], 'identity')),
      privateKey: privateKey instanceof CryptoKey ? privateKey : corrupt('identity'),
    },
    createdAt: text(fields['createdAt'], 'identity'),
  }));
};

export const findingRow = (finding: Finding, evidence: Uint8Array) => ({
  identity: finding.identity,
  finding,
  evidence: compact(evidence),
});

const readFinding = (value: unknown): Finding => {
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

/** @throws StoreError `storage.corrupt` */
export const readFindingRow = (value: unknown): { readonly finding: Finding; readonly evidence: Uint8Array } => {
  const fields = fieldsOf(value, 'finding');
  return { finding: readFinding(fields['finding']), evidence: bytes(fields['evidence'], 'finding') };
};

export const snapshotRow = (name: string, snapshot: Uint8Array) => ({ name, bytes: compact(snapshot) });

/** @throws StoreError `storage.corrupt` */
export const readSnapshotRow = (value: unknown): Uint8Array => bytes(fieldsOf(value, 'snapshot')['bytes'], 'snapshot');
