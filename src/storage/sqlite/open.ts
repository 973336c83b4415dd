/**
 * Opening, fail-closed: nothing is written before an encrypting SQLite has shown itself, nothing but the empty layout before
 * the file has shown that it is encrypted, and a database is used only if it holds this very layout. Every setting that
 * durability rests on is read back.
 * Laws: `sqliteFailClosed`, and the conformance suite's "opening when the n-th step …".
 */
import { StoreError } from '../../core/errors.ts';
import { utf8 } from '../../crypto/bytes.ts';
import type { SqliteConnection, SqliteDriver } from './driver.ts';
import { isAbsent, isNotReadable, isNotUnderstood, operationFailure } from './failures.ts';
import { type DatabaseKey, withKey } from './key.ts';
import { APPLICATION_ID, LAYOUT, STATEMENTS } from './layout.ts';
import { type Transactions, transactionsOn } from './transaction.ts';
import { type Place, placeNamed } from './turns.ts';
import { type Patience, watched } from './watch.ts';

export type OpenOptions = {
  readonly driver: SqliteDriver;
  readonly key: DatabaseKey | undefined;
  readonly durability: 'strict' | 'relaxed';
  /**
   * `write`: made if there is none. `existing`: the same for one that is there. `inspect`: one that is there, whatever is wrong with
   * its layout, and nothing in it is changed.
   */
  readonly access: 'write' | 'existing' | 'inspect';
  /** How long to ask again while another process holds a lock. */
  readonly busyMs: number;
  /** How long a driver may take for one call. */
  readonly patience: Patience;
};

export type OpenDatabase = {
  readonly connection: SqliteConnection;
  readonly transactions: Transactions;
  readonly place: Place;
  /** True while the files that were opened are those that lie there. */
  readonly isThere: () => Promise<boolean>;
};

const PLAIN_HEAD = utf8('SQLite format 3\0');

/** True for the head of a database that anybody can read. */
const isPlain = (head: Uint8Array | undefined): boolean =>
  head !== undefined && head.length > 0 && PLAIN_HEAD.every((byte, at) => head[at] === byte);

const isAny = (head: Uint8Array | undefined): boolean => head !== undefined && head.length > 0;

const one = async (connection: SqliteConnection, sql: string): Promise<unknown> => {
  const [row] = await connection.all(sql);
  return row === undefined ? undefined : Object.values(row)[0];
};

/** What `one` gives; undefined where this SQLite does not know the question. */
const ask = async (connection: SqliteConnection, sql: string): Promise<unknown> => {
  try {
    return await one(connection, sql);
  } catch (error) {
    if (isNotUnderstood(error)) return undefined;
    throw error;
  }
};

/** SQLCipher names its version; SQLite3 Multiple Ciphers names itself, and must have been set to SQLCipher's format. */
const checkCipher = async (connection: SqliteConnection): Promise<void> => {
  const sqlcipher = await ask(connection, 'PRAGMA cipher_version');
  if (typeof sqlcipher === 'string' && sqlcipher !== '') return;
  const family = await ask(connection, 'SELECT sqlite3mc_version()');
  const cipher = await ask(connection, 'PRAGMA cipher');
  if (typeof family !== 'string' || cipher !== 'sqlcipher') throw new StoreError('storage.unencrypted');
};

/** Settings that hold for a connection. Temporary tables stay in memory: they would be written as they are. */
const SETTINGS = [
  'PRAGMA temp_store = MEMORY',
  'PRAGMA trusted_schema = OFF',
  'PRAGMA cell_size_check = ON',
  'PRAGMA recursive_triggers = ON',
  'PRAGMA fullfsync = ON',
  'PRAGMA checkpoint_fullfsync = ON',
] as const;

const FULL = 2;
const NORMAL = 1;
const EXTRA = 3;

const setAndRead = async (connection: SqliteConnection, setting: string, value: string): Promise<unknown> => {
  const [row] = await connection.all(`PRAGMA ${setting} = ${value}`);
  return row === undefined ? one(connection, `PRAGMA ${setting}`) : Object.values(row)[0];
};

const demand = (holds: boolean, name: string): void => {
  if (!holds) throw new StoreError('storage.failed', { name });
};

/**
 * WAL where the place allows it, else a rollback journal, whose deletion must be durable too. `strict`: a commit has
 * reached the disk when it returns.
 */
const setDurability = async (connection: SqliteConnection, durability: OpenOptions['durability']): Promise<void> => {
  const journal = await setAndRead(connection, 'journal_mode', 'WAL');
  const isWal = journal === 'wal';
  if (!isWal) demand((await setAndRead(connection, 'journal_mode', 'DELETE')) === 'delete', 'journal_mode');
  const wanted = durability === 'relaxed' ? NORMAL : isWal ? FULL : EXTRA;
  demand((await setAndRead(connection, 'synchronous', String(wanted))) === wanted, 'synchronous');
};

type Found = 'nothing' | 'this layout';

/** What the database holds. @throws StoreError `storage.outdated`, `storage.failed` */
const identify = async (connection: SqliteConnection): Promise<Found> => {
  const tables = await one(connection, 'SELECT count(*) FROM sqlite_schema');
  const application = await one(connection, 'PRAGMA application_id');
  const layout = await one(connection, 'PRAGMA user_version');
  if (application === APPLICATION_ID && typeof layout === 'number' && layout > LAYOUT) {
    throw new StoreError('storage.outdated', { layout });
  }
  if (application === APPLICATION_ID && layout === LAYOUT) return 'this layout';
  demand(application === 0 && layout === 0 && tables === 0, 'ForeignDatabase');
  return 'nothing';
};

/** Whatever reads the first page for the first time: a key that is not its key gives no SQLite page. */
const underKey = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw isNotReadable(error) ? new StoreError('storage.key-wrong') : error;
  }
};

/** @throws StoreError `storage.corrupt` if a table or trigger is missing, changed, or not of this layout */
const checkLayout = async (connection: SqliteConnection): Promise<void> => {
  const rows = await connection.all("SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'");
  const found = new Set(rows.map(({ sql }) => sql));
  const isThis = rows.length === STATEMENTS.length && STATEMENTS.every((statement) => found.has(statement));
  if (!isThis) throw new StoreError('storage.corrupt', { what: 'layout' });
};

/** Makes the layout in one transaction, unless another connection was faster. */
const makeLayout = async (connection: SqliteConnection, transactions: Transactions): Promise<void> => {
  demand((await setAndRead(connection, 'synchronous', String(EXTRA))) === EXTRA, 'synchronous');
  await transactions.write(async () => {
    if ((await identify(connection)) === 'this layout') return;
    for (const statement of STATEMENTS) await connection.run(statement);
    await connection.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    await connection.run(`PRAGMA user_version = ${LAYOUT}`);
  });
};

/** @throws StoreError `storage.unencrypted` if what was just written is plain: then it is not kept */
const checkWritten = async (name: string, options: OpenOptions, connection: SqliteConnection): Promise<void> => {
  const { driver } = options;
  const head = await driver.head(name);
  if (isAny(head) && !isPlain(head)) return driver.settle(name);
  await connection.close();
  await driver.discard(name);
  throw new StoreError('storage.unencrypted');
};

const prepare = async (
  name: string,
  options: OpenOptions,
  opened: Pick<OpenDatabase, 'connection' | 'transactions'>,
): Promise<void> => {
  const { connection, transactions } = opened;
  const { access, durability } = options;
  await transactions.alone(() => underKey(() => checkCipher(connection)));
  for (const setting of SETTINGS) await connection.all(setting);
  const found = await underKey(() => transactions.read(() => identify(connection)));
  if (found === 'nothing' && access !== 'write') throw new StoreError('storage.absent');
  if (access === 'inspect') {
    await connection.all('PRAGMA query_only = ON');
    return;
  }
  if (found === 'nothing') {
    await makeLayout(connection, transactions);
    await checkWritten(name, options, connection);
  }
  await transactions.alone(() => setDurability(connection, durability));
  await transactions.alone(() => checkLayout(connection));
};

const openFailure = (error: unknown, access: OpenOptions['access']): StoreError =>
  access === 'inspect' && isAbsent(error) ? new StoreError('storage.absent') : operationFailure(error);

const connect = async (name: string, options: OpenOptions): Promise<OpenDatabase> => {
  const { driver, access, busyMs } = options;
  const head = await driver.head(name);
  if (isPlain(head)) throw new StoreError('storage.unencrypted');
  if (access !== 'write' && !isAny(head)) throw new StoreError('storage.absent');
  const create = access === 'write';
  const connection = await withKey(options.key, (key) => driver.open({ name, key, create }));
  const place = placeNamed(driver.placeOf(name));
  const transactions = transactionsOn(connection, { place, busyMs });
  try {
    await prepare(name, options, { connection, transactions });
    const files = await driver.fileNow?.(name);
    const isThere = async () => (await driver.fileNow?.(name)) === files;
    return { connection, place, transactions, isThere };
  } catch (error) {
    await connection.close().catch(() => undefined);
    place.leave(connection);
    throw error;
  }
};

/**
 * @throws StoreError `storage.key-missing`, `storage.key-wrong`, `storage.unencrypted`, `storage.driver-missing`,
 * `storage.absent`, `storage.outdated`, `storage.corrupt`, `storage.busy`, `storage.quota-exceeded`, `storage.failed`
 */
export const openDatabase = async (name: string, options: OpenOptions): Promise<OpenDatabase> => {
  try {
    return await connect(name, { ...options, driver: watched(options.patience, options.driver) });
  } catch (error) {
    throw openFailure(error, options.access);
  }
};
