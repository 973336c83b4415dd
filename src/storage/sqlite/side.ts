/** What stands beside the log: marks, identities, findings, snapshots; checked as they come from the database. */
import type { Finding } from '../../core/commit.ts';
import { isErrorCode, StoreError } from '../../core/errors.ts';
import { publicKey32, type ReplicaId, replicaId, tenantId } from '../../core/ids.ts';
import { isJson, isRecord, type JsonValue } from '../../core/json.ts';
import { privateKeyBytes, privateKeyFrom } from '../../crypto/keyBytes.ts';
import type { Identity, Marks } from '../port.ts';
import type { SqliteConnection, SqlRow } from './driver.ts';

const corrupt = (what: string): never => {
  throw new StoreError('storage.corrupt', { what });
};

const text = (value: unknown, what: string): string => (typeof value === 'string' ? value : corrupt(what));

/** A copy with a buffer of its own. */
const bytes = (value: unknown, what: string): Uint8Array<ArrayBuffer> =>
  value instanceof Uint8Array ? Uint8Array.from(value) : corrupt(what);

/** Runs checking constructors; what they refuse was not what had been stored. */
const stored = async <T>(what: string, read: () => T | Promise<T>): Promise<T> => {
  try {
    return await read();
  } catch {
    return corrupt(what);
  }
};

const parsed = (value: unknown, what: string): JsonValue => {
  try {
    const json: unknown = JSON.parse(text(value, what));
    return isJson(json) ? json : corrupt(what);
  } catch {
    return corrupt(what);
  }
};

const READ_MARKS = 'SELECT name, value FROM marks';
const SET_MARK =
  'INSERT INTO marks (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value';

/** @throws StoreError `storage.corrupt` */
export const readMarks = async (connection: SqliteConnection): Promise<Marks> => {
  const rows = await connection.all(READ_MARKS);
  return Object.fromEntries(rows.map(({ name, value }) => [text(name, 'mark'), parsed(value, 'mark')]));
};

export const writeMarks = async (connection: SqliteConnection, marks: Marks): Promise<void> => {
  for (const [name, value] of Object.entries(marks)) await connection.run(SET_MARK, [name, JSON.stringify(value)]);
};

const READ_IDENTITIES = 'SELECT replica, tenant, publicKey, privateKey, createdAt FROM identities ORDER BY number';
const NEWEST_REPLICA = 'SELECT replica FROM identities ORDER BY number DESC LIMIT 1';
const FIRST_REPLICA = 'SELECT replica FROM identities ORDER BY number LIMIT 1';
const ADD_IDENTITY =
  'INSERT INTO identities (number, replica, tenant, publicKey, privateKey, createdAt) ' +
  'VALUES ((SELECT coalesce(max(number), 0) + 1 FROM identities), ?, ?, ?, ?, ?)';

/** An identity as its row holds it: the private key as bytes. */
export type IdentityRow = { readonly identity: Identity; readonly privateKey: Uint8Array };

/** @throws StoreError `key.not-extractable` */
export const identityRow = async (identity: Identity): Promise<IdentityRow> => ({
  identity,
  privateKey: await privateKeyBytes(identity.key.privateKey),
});

const readIdentity = (row: SqlRow): Promise<Identity> =>
  stored('identity', async () => ({
    tenant: tenantId(text(row['tenant'], 'identity')),
    replica: replicaId(text(row['replica'], 'identity')),
    key: {
      publicKey: publicKey32(bytes(row['publicKey'], 'identity')),
      privateKey: await privateKeyFrom(bytes(row['privateKey'], 'identity')),
    },
    createdAt: text(row['createdAt'], 'identity'),
  }));

/** Whose database it is; undefined if nobody's yet. */
export const firstReplica = async (connection: SqliteConnection): Promise<unknown> =>
  (await connection.all(FIRST_REPLICA))[0]?.['replica'];

/** Rows of all identities, oldest first. */
export const identityRows = (connection: SqliteConnection): Promise<readonly SqlRow[]> =>
  connection.all(READ_IDENTITIES);

/** WebCrypto takes its time: called after the transaction that read the rows. @throws StoreError `storage.corrupt` */
export const readIdentities = (rows: readonly SqlRow[]): Promise<readonly Identity[]> =>
  Promise.all(rows.map(readIdentity));

/** Adds the identity if `instead` is the newest one's replica, or if there is none and `instead` is absent. */
export const addIdentity = async (
  connection: SqliteConnection,
  { identity, privateKey }: IdentityRow,
  instead: ReplicaId | undefined,
): Promise<void> => {
  const [newest] = await connection.all(NEWEST_REPLICA);
  if (newest?.['replica'] !== instead) return;
  const { replica, tenant, key, createdAt } = identity;
  await connection.run(ADD_IDENTITY, [replica, tenant, key.publicKey, privateKey, createdAt]);
};

const READ_FINDINGS = 'SELECT finding, evidence FROM findings ORDER BY number';
const ADD_FINDING =
  'INSERT INTO findings (number, identity, finding, evidence) ' +
  'SELECT (SELECT coalesce(max(number), 0) + 1 FROM findings), ?, ?, ? ' +
  'WHERE NOT EXISTS (SELECT 1 FROM findings WHERE identity = ?)';

export const hasFinding = async (connection: SqliteConnection, { identity }: Finding): Promise<boolean> =>
  (await connection.all('SELECT 1 FROM findings WHERE identity = ?', [identity])).length > 0;

export const addFinding = (connection: SqliteConnection, finding: Finding, evidence: Uint8Array): Promise<void> =>
  connection.run(ADD_FINDING, [finding.identity, JSON.stringify(finding), evidence, finding.identity]);

const readFinding = (value: JsonValue): Promise<Finding> => {
  const { identity, foundAt, code, sequence, replica, what } = isRecord(value) ? value : corrupt('finding');
  const known = text(code, 'finding');
  return stored('finding', () => ({
    identity: text(identity, 'finding'),
    foundAt: text(foundAt, 'finding'),
    code: isErrorCode(known) ? known : corrupt('finding'),
    sequence: typeof sequence === 'number' ? sequence : corrupt('finding'),
    ...(replica === undefined ? {} : { replica: replicaId(text(replica, 'finding')) }),
    ...(what === undefined ? {} : { what: text(what, 'finding') }),
  }));
};

/** @throws StoreError `storage.corrupt` */
export const readFindings = async (connection: SqliteConnection) => {
  const rows = await connection.all(READ_FINDINGS);
  return Promise.all(
    rows.map(async ({ finding, evidence }) => ({
      finding: await readFinding(parsed(finding, 'finding')),
      evidence: bytes(evidence, 'finding'),
    })),
  );
};

const READ_SNAPSHOT = 'SELECT bytes FROM snapshots WHERE name = ?';
const SET_SNAPSHOT =
  'INSERT INTO snapshots (name, bytes) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes';

export const writeSnapshot = (connection: SqliteConnection, name: string, snapshot: Uint8Array): Promise<void> =>
  connection.run(SET_SNAPSHOT, [name, snapshot]);

/** @throws StoreError `storage.corrupt` */
export const readSnapshot = async (connection: SqliteConnection, name: string): Promise<Uint8Array | undefined> => {
  const [row] = await connection.all(READ_SNAPSHOT, [name]);
  return row === undefined ? undefined : bytes(row['bytes'], 'snapshot');
};
