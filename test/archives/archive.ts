/**
 * A whole IndexedDB database as JSON, and back: every table with its indexes and every row, below the library's own code.
 * Bytes are base64. A private key is named by its public half and made again from the published secrets of RFC 8032, a device
 * key is written out: they protect nothing.
 */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { fromBase64, toBase64 } from '../../src/crypto/bytes.ts';

type Index = {
  readonly name: string;
  readonly keyPath: string;
  readonly unique: boolean;
  readonly multiEntry: boolean;
};
type Row = { readonly key: IDBValidKey; readonly value: unknown };
type Table = {
  readonly name: string;
  readonly keyPath: string | null;
  readonly autoIncrement: boolean;
  readonly indexes: readonly Index[];
  readonly rows: readonly Row[];
};

export type Archive = {
  /** The layout that it holds, and what IndexedDB calls it. */
  readonly layout: number;
  readonly version: number;
  readonly tables: readonly Table[];
  /** From layout 3 on, where the tables do not show them: the commits as base64, in order. */
  readonly commits?: readonly string[];
  /** What a store on it has to show. */
  readonly expected: Expected;
};

export type Expected = {
  readonly size: number;
  readonly replicas: readonly string[];
  /** State of each visit, by its id. */
  readonly visits: Readonly<Record<string, unknown>>;
};

/** Secret by public key: RFC 8032 section 7.1, TEST 1 and TEST 2. */
const SECRETS: Readonly<Record<string, string>> = {
  d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a:
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
  '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c':
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
};
export const PUBLIC_KEYS: readonly string[] = Object.keys(SECRETS);

const PKCS8_PREFIX = '302e020100300506032b657004220420';

/** The signing half of a published test key; cannot be exported, as those of the library cannot. */
export const privateKeyOf = (publicKey: string): Promise<CryptoKey> =>
  crypto.subtle.importKey(
    'pkcs8',
    Uint8Array.from(hexToBytes(PKCS8_PREFIX + (SECRETS[publicKey] ?? ''))),
    'Ed25519',
    false,
    ['sign'],
  );

const asked = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** The replicas' private keys lie beside their sealed public halves, in the order of the published ones. */
const slotKey = (slot: unknown): string => PUBLIC_KEYS[slot === 'self' ? 0 : 1] ?? '';

const freezeKey = (key: CryptoKey, row: unknown, deviceKey: string): unknown => {
  if (key.algorithm.name === 'AES-GCM') return { $device: deviceKey };
  const { publicKey, slot } = isObject(row) ? row : {};
  return { $key: publicKey instanceof Uint8Array ? bytesToHex(publicKey) : slotKey(slot) };
};

const freeze = (value: unknown, row: unknown, deviceKey: string): unknown => {
  if (value instanceof Uint8Array) return { $bytes: toBase64(value) };
  if (value instanceof CryptoKey) return freezeKey(value, row, deviceKey);
  if (Array.isArray(value)) return value.map((each) => freeze(each, value, deviceKey));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, freeze(each, value, deviceKey)]));
};

const deviceKeyOf = (hex: string): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', Uint8Array.from(hexToBytes(hex)), 'AES-GCM', false, ['encrypt', 'decrypt']);

const thaw = async (value: unknown): Promise<unknown> => {
  if (Array.isArray(value)) return Promise.all(value.map(thaw));
  if (!isObject(value)) return value;
  if (typeof value['$bytes'] === 'string') return fromBase64(value['$bytes']);
  if (typeof value['$device'] === 'string') return deviceKeyOf(value['$device']);
  if (typeof value['$key'] === 'string') return privateKeyOf(value['$key']);
  const entries = Object.entries(value).map(async ([name, each]) => [name, await thaw(each)] as const);
  return Object.fromEntries(await Promise.all(entries));
};

const pathOf = (path: string | readonly string[] | null): string => (typeof path === 'string' ? path : '');

const tableOf = async (store: IDBObjectStore, deviceKey: string): Promise<Table> => {
  const reading = { keys: asked(store.getAllKeys()), values: asked(store.getAll()) };
  const keys = await reading.keys;
  const values: readonly unknown[] = await reading.values;
  return {
    name: store.name,
    keyPath: typeof store.keyPath === 'string' ? store.keyPath : null,
    autoIncrement: store.autoIncrement,
    indexes: [...store.indexNames].map((name) => {
      const { keyPath, unique, multiEntry } = store.index(name);
      return { name, keyPath: pathOf(keyPath), unique, multiEntry };
    }),
    rows: keys.map((key, at) => ({ key, value: freeze(values[at], undefined, deviceKey) })),
  };
};

/** Everything that the database holds. `deviceKey`: the secret of its device key, in hex. */
export const dump = async (
  database: IDBDatabase,
  deviceKey: string,
): Promise<Omit<Archive, 'expected' | 'layout' | 'commits'>> => {
  const names = [...database.objectStoreNames];
  const transaction = database.transaction(names);
  const tables = await Promise.all(names.map((name) => tableOf(transaction.objectStore(name), deviceKey)));
  return { version: database.version, tables };
};

const create = (database: IDBDatabase, { name, keyPath, autoIncrement, indexes }: Table): void => {
  const store = database.createObjectStore(name, { autoIncrement, ...(keyPath === null ? {} : { keyPath }) });
  for (const index of indexes) {
    store.createIndex(index.name, index.keyPath, { unique: index.unique, multiEntry: index.multiEntry });
  }
};

/** Makes the database of an archive, at its version, with nothing but IndexedDB. */
export const load = async (archive: Archive, name: string, factory: IDBFactory): Promise<void> => {
  const request = factory.open(name, archive.version);
  request.onupgradeneeded = () => {
    for (const table of archive.tables) create(request.result, table);
  };
  const database = await asked(request);
  const tables = await Promise.all(
    archive.tables.map(async (table) => ({
      table,
      rows: await Promise.all(table.rows.map(async ({ key, value }) => ({ key, value: await thaw(value) }))),
    })),
  );
  const transaction = database.transaction([...database.objectStoreNames], 'readwrite');
  for (const { table, rows } of tables) {
    const store = transaction.objectStore(table.name);
    for (const { key, value } of rows) {
      if (table.keyPath === null) store.add(value, key);
      else store.add(value);
    }
  }
  await new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
  database.close();
};

/** The bytes of every commit, in order, as the tables of the archive hold them. */
export const commitsIn = ({ tables, commits }: Archive): readonly string[] => {
  if (commits !== undefined) return commits;
  const rowsOf = (name: string) => tables.find((table) => table.name === name)?.rows ?? [];
  return [...rowsOf('segments'), ...rowsOf('records')].flatMap(({ value }) => {
    const { bytes, lengths } = isObject(value) ? value : {};
    if (!isObject(bytes) || typeof bytes['$bytes'] !== 'string' || !Array.isArray(lengths)) return []; // a stub
    const whole = fromBase64(bytes['$bytes']);
    let from = 0;
    return lengths.map((length: number) => {
      from += length;
      return toBase64(whole.subarray(from - length, from));
    });
  });
};
