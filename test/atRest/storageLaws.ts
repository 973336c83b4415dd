/** Laws of a sealed database, on any IndexedDB: what lies in it, what opens it, and what becomes of what was tampered with. */
import { expect, it } from 'vitest';
import { directoryKey } from '../../src/core/ids.ts';
import { position, size } from '../../src/core/position.ts';
import { toBase64, utf8 } from '../../src/crypto/bytes.ts';
import { type DexieStorage, dexieStorage } from '../../src/storage/dexie/index.ts';
import { TABLES } from '../../src/storage/dexie/layout.ts';
import type { EventStorage } from '../../src/storage/port.ts';
import { isUnreadable, pastDamage } from '../../src/streams/pastDamage.ts';
import { contentOf, plain, settled } from '../conformance/engine.ts';
import { verifyLog } from '../conformance/sealed.ts';
import { makeWriter, type Writer } from '../conformance/writer.ts';

/** A place for one database. */
export type SealedPlace = {
  readonly name: string;
  readonly factory: IDBFactory;
  readonly keyRange: typeof IDBKeyRange;
  readonly remove: () => Promise<void>;
};

type Row = { readonly key: IDBValidKey; readonly value: unknown };
type Tools = { readonly place: SealedPlace; readonly adapter: DexieStorage; readonly writer: Writer };

const EVERYTHING = Number.MAX_SAFE_INTEGER;
const MARKS = { cursor: 'planted-mark-value' };
const FINDING = {
  identity: 'planted-finding-identity',
  foundAt: '2026-01-05T08:00:00.000Z',
  code: 'chain.gap',
  sequence: 7,
} as const;
const EVIDENCE = utf8('planted-evidence');
const SNAPSHOT = utf8('planted-snapshot');

const asked = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** Works below the adapter, as a person with the developer tools could. */
const below = async <T>(
  { factory, name }: SealedPlace,
  table: string,
  work: (store: IDBObjectStore) => Promise<T>,
): Promise<T> => {
  const database = await asked(factory.open(name));
  try {
    const transaction = database.transaction(table, 'readwrite');
    const ended = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
    const result = await work(transaction.objectStore(table));
    await ended;
    return result;
  } finally {
    database.close();
  }
};

const rowsOf = (place: SealedPlace, table: string): Promise<readonly Row[]> =>
  below(place, table, async (store) => {
    const keys = asked(store.getAllKeys());
    const values: readonly unknown[] = await asked(store.getAll());
    return (await keys).map((key, at) => ({ key, value: values[at] }));
  });

const allRows = async (place: SealedPlace): Promise<Readonly<Record<string, readonly Row[]>>> =>
  Object.fromEntries(
    await Promise.all(Object.keys(TABLES).map(async (table) => [table, await rowsOf(place, table)] as const)),
  );

const inPlace = async (makePlace: () => SealedPlace, work: (tools: Tools) => Promise<void>): Promise<void> => {
  const place = makePlace();
  const adapter = dexieStorage({ indexedDB: place.factory, IDBKeyRange: place.keyRange });
  try {
    await work({ place, adapter, writer: await makeWriter() });
  } finally {
    await place.remove();
  }
};

/** Packed and unpacked records of one event each, and something in every other table. Twelve events. */
const fill = async (storage: EventStorage, writer: Writer): Promise<void> => {
  await storage.keepIdentity(writer.identity);
  for (let at = 0; at < 12; at++) {
    const filler = at < 8 ? 20_000 : 10;
    await storage.append({ expectedSize: size(at), commits: [await writer.seal(1, filler)], marks: MARKS });
  }
  await storage.pack({ bytesMax: EVERYTHING, keysOf: () => [directoryKey(7)] });
  await storage.keepFinding(FINDING, EVIDENCE);
  await storage.writeSnapshot('planted-snapshot-name', SNAPSHOT);
};

const filled = async (
  { adapter, place, writer }: Tools,
  unlocking: { readonly databaseKey?: CryptoKey } = {},
): Promise<Awaited<ReturnType<typeof contentOf>>> => {
  const storage = await adapter.open(place.name, unlocking);
  await fill(storage, writer);
  const content = await contentOf(storage);
  await storage.close();
  return content;
};

const hkdfKey = (first: number): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', new Uint8Array(32).fill(first), 'HKDF', false, ['deriveKey', 'deriveBits']);

/** Everything that a row shows as text: its bytes one by one, and its words. */
const shown = (value: unknown): string => {
  if (value instanceof Uint8Array) return String.fromCharCode(...value.subarray(0, 60_000)) + toBase64(value);
  if (Array.isArray(value)) return value.map(shown).join(' ');
  if (value instanceof CryptoKey || typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, each]) => `${name} ${shown(each)}`)
    .join(' ');
};

/** A word's base64 but for a last letter or two that what follows would change. Eight signs at least: four come up by chance. */
const wholeTriples = (word: string): string => btoa(word.slice(0, word.length - (word.length % 3)));

const contentLaws = (makePlace: () => SealedPlace): void => {
  it('no row shows a value, a stream, a type, a user, a tenant, a time or a name [RST-01]', () =>
    inPlace(makePlace, async (tools) => {
      const content = await filled(tools);
      const [first] = content.records[0]?.commits ?? [];
      const text = Array.from(atob(first?.bytes ?? ''), (letter) => letter.charCodeAt(0));
      const commit = String.fromCharCode(...text);
      const words = ['"payload"', '"stream"', '"actor"', '"recordedAt"', tools.writer.identity.tenant];
      const planted = [tools.writer.identity.replica, FINDING.identity, 'chain.gap', 'planted', 'cursor'];
      for (const word of words) expect(commit, 'a commit has it').toContain(word);
      expect(shown({ a: [EVIDENCE] }), 'such a row would be found').toContain('planted-evidence');
      const rows = await allRows(tools.place);
      for (const [table, each] of Object.entries(rows)) expect(each.length, table).toBeGreaterThan(0);
      const all = Object.values(rows).flat().map(shown).join(' ');
      for (const word of [...words, ...planted, tools.writer.identity.createdAt]) {
        expect(wholeTriples(word).length, `${word} is long enough not to come up by chance`).toBeGreaterThanOrEqual(8);
        expect(all.includes(word), word).toBe(false);
        expect(all.includes(wholeTriples(word)), `${word} in base64`).toBe(false);
      }
    }));

  it('a row shows where it begins and ends, of a segment its keyed directory, and nothing else [RST-01]', () =>
    inPlace(makePlace, async (tools) => {
      await filled(tools);
      const names = (row: Row | undefined) => Object.keys(Object(row?.value)).sort();
      const rows = await allRows(tools.place);
      expect(names(rows['records']?.at(-1))).toEqual(['at', 'end', 'sealed']);
      expect(names(rows['segments']?.[0])).toEqual(['at', 'end', 'keys', 'sealed']);
      expect(names(rows['marks']?.[0])).toEqual(['name', 'sealed']);
      expect(names(rows['snapshots']?.[0])).toEqual(['name', 'sealed']);
      expect(names(rows['findings']?.[0])).toEqual(['identity', 'sealed']);
      expect(names(rows['identity']?.[0])).toEqual(['privateKey', 'sealed', 'slot']);
      const [segment] = rows['segments'] ?? [];
      expect(segment?.value).not.toMatchObject({ keys: [7] });
      const storage = await tools.adapter.open(tools.place.name);
      expect(await storage.find(directoryKey(7))).not.toEqual([]);
      expect(await storage.find(directoryKey(8))).toEqual([]);
      await storage.close();
    }));
};

type Change = (row: { readonly [name: string]: unknown }, other: { readonly [name: string]: unknown }) => object;
const flip = (bytes: unknown, at: number): Uint8Array => {
  const copy = Uint8Array.from(bytes instanceof Uint8Array ? bytes : []);
  const index = at < 0 ? copy.length + at : at;
  copy[index] = (copy[index] ?? 0) ^ 1;
  return copy;
};
const cut = (bytes: unknown, end: number): Uint8Array =>
  bytes instanceof Uint8Array ? bytes.slice(0, end) : flip(0, 0);

/** Every bound part of a row changed, alone. */
const CHANGES: Readonly<Record<string, Change>> = {
  'its form': (row) => ({ ...row, sealed: flip(row['sealed'], 0) }),
  'its salt': (row) => ({ ...row, sealed: flip(row['sealed'], 1) }),
  'its nonce': (row) => ({ ...row, sealed: flip(row['sealed'], 17) }),
  'its text': (row) => ({ ...row, sealed: flip(row['sealed'], 40) }),
  'its tag': (row) => ({ ...row, sealed: flip(row['sealed'], -1) }),
  'its last byte, cut': (row) => ({ ...row, sealed: cut(row['sealed'], -1) }),
  'all but its head, cut': (row) => ({ ...row, sealed: cut(row['sealed'], 29) }),
  'its bytes, for those of another row': (row, other) => ({ ...row, sealed: other['sealed'] }),
};

const isRow = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === 'object' && value !== null;

const put = (place: SealedPlace, table: string, key: IDBValidKey, value: object): Promise<unknown> =>
  below(place, table, (store) => asked(store.keyPath === null ? store.put(value, key) : store.put(value)));

/** The row at a place of a table, and its neighbour. */
const pair = async (place: SealedPlace, table: string) => {
  const rows = (await rowsOf(place, table)).filter(({ value }) => isRow(value) && 'sealed' in value);
  const [row, other] = [rows[0], rows[1] ?? rows[0]];
  if (row === undefined || !isRow(row.value) || !isRow(other?.value)) throw new Error(`${table} has rows`);
  return { key: row.key, value: row.value, other: other.value };
};

/** Packed and not packed: the first sealed row of each table of the log. */
const tamperedLog = async (
  tools: Tools & { readonly records: readonly { readonly position: number }[] },
  table: 'records' | 'segments',
  name: string,
  change: Change,
) => {
  const { place, adapter } = tools;
  const { key, value, other } = await pair(place, table);
  const at = position(Number(key));
  const altered = change(value, other);
  await put(place, table, key, altered);
  const storage = await adapter.open(place.name);
  const corrupt = { code: 'storage.corrupt', details: { position: at } };
  await expect(storage.read(position(0), EVERYTHING), name).rejects.toMatchObject(corrupt);
  await expect(storage.readAt([at]), name).rejects.toMatchObject(corrupt);
  const elsewhere = table === 'records' ? [position(0)] : [position(11)];
  expect(await storage.readAt(elsewhere), `${name}: the rest stays readable`).toHaveLength(1);
  const past = pastDamage(storage);
  const passed = (await past.read(position(0), EVERYTHING)).filter(({ commits }) => !commits.every(isUnreadable));
  expect(plain(passed), `${name}: the reader gets past it`).toEqual(
    tools.records.filter((record) => record.position !== at),
  );
  expect(past.damage(), name).toMatchObject([{ position: at }]);
  const found = (await storage.readFindings()).filter(({ finding }) => finding.code === 'storage.corrupt');
  const sealed = Reflect.get(altered, 'sealed');
  expect(
    found.filter(({ evidence }) => toBase64(evidence) === toBase64(sealed)).map(({ finding }) => finding),
    name,
  ).toMatchObject([{ code: 'storage.corrupt', sequence: at, what: table }]);
  await storage.close();
  await put(place, table, key, value);
};

const tamperLaws = (makePlace: () => SealedPlace): void => {
  it('a row of the log that was altered, swapped or cut is reported with its place, its bytes are kept, and the rest is readable and read past it [RST-02, RST-10]', () =>
    inPlace(makePlace, async (tools) => {
      const content = await filled(tools);
      const known = { ...tools, records: content.records };
      for (const table of ['records', 'segments'] as const) {
        for (const [name, change] of Object.entries(CHANGES))
          await tamperedLog(known, table, `${table}, ${name}`, change);
      }
      const withOther: Change = (row) => ({ ...row, keys: [...(Array.isArray(row['keys']) ? row['keys'] : []), 5] });
      await tamperedLog(known, 'segments', 'segments, its directory', withOther);
      const storage = await tools.adapter.open(tools.place.name);
      expect((await contentOf(storage)).records).toEqual(content.records);
      expect(await verifyLog(storage)).toBe(12);
      await storage.close();
    }));

  it('a record that names another end is not believed: nothing of it is shown, and nothing is appended behind it [RST-02]', () =>
    inPlace(makePlace, async (tools) => {
      await filled(tools);
      const { place, adapter, writer } = tools;
      const rows = await rowsOf(place, 'records');
      const last = rows.at(-1);
      if (last === undefined || !isRow(last.value)) throw new Error('a last record');
      await put(place, 'records', last.key, { ...last.value, end: 13 });
      const storage = await adapter.open(place.name);
      const corrupt = { code: 'storage.corrupt', details: { position: last.key } };
      await expect(storage.readAt([position(12)])).rejects.toMatchObject(corrupt);
      await expect(storage.read(position(11), EVERYTHING)).rejects.toMatchObject(corrupt);
      const request = { expectedSize: size(12), commits: [await writer.seal()], marks: {} };
      expect(await storage.append(request)).toEqual({ kind: 'conflict' });
      await storage.close();
    }));

  it('rows beside the log that were altered, swapped or cut are reported and not believed [RST-02]', () =>
    inPlace(makePlace, async (tools) => {
      await filled(tools);
      const { place, adapter } = tools;
      const calls: Readonly<Record<string, (storage: EventStorage) => Promise<unknown>>> = {
        marks: (storage) => storage.readMarks(),
        findings: (storage) => storage.readFindings(),
        identity: (storage) => storage.readIdentities(),
        snapshots: (storage) => storage.readSnapshot('planted-snapshot-name'),
      };
      const foreign = (await pair(place, 'records')).value;
      for (const [table, call] of Object.entries(calls)) {
        const { key, value } = await pair(place, table);
        for (const [name, change] of Object.entries(CHANGES)) {
          await put(place, table, key, change(value, foreign));
          const storage = await adapter.open(place.name);
          expect(await settled(call(storage)), `${table}, ${name}`).toEqual({ code: 'storage.corrupt' });
          expect(await verifyLog(storage)).toBe(12);
          await storage.close();
        }
        await put(place, table, key, value);
        const storage = await adapter.open(place.name);
        expect(await settled(call(storage)), table).toHaveProperty('value');
        await storage.close();
      }
    }));

  it('a plain row in a sealed database is not read: it was put there past the store [RST-02]', () =>
    inPlace(makePlace, async (tools) => {
      await filled(tools);
      const { place, adapter } = tools;
      await put(place, 'marks', 'planted', { name: 'planted', value: 1 });
      await put(place, 'snapshots', 'view', { name: 'view', bytes: Uint8Array.of(1) });
      const plain = { at: 12, count: 1, bytes: Uint8Array.of(1, 2), lengths: [2], events: [1] };
      await put(place, 'records', 12, plain);
      const storage = await adapter.open(place.name);
      expect(await settled(storage.readMarks())).toEqual({ code: 'storage.corrupt' });
      expect(await storage.readSnapshot('view')).toBeUndefined();
      expect(await settled(storage.size())).toEqual({ code: 'storage.corrupt' });
      expect(await storage.readAt([position(11)])).toHaveLength(1);
      await storage.close();
    }));
};

const keyLaws = (makePlace: () => SealedPlace): void => {
  it('a wrong database key, or none, opens nothing and changes nothing; the right one opens all [RST-04]', () =>
    inPlace(makePlace, async (tools) => {
      const { place, adapter } = tools;
      const databaseKey = await hkdfKey(1);
      const content = await filled(tools, { databaseKey });
      const before = await allRows(place);
      const aes = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt']);
      for (const open of [adapter.open, adapter.rescue]) {
        expect(await settled(open(place.name, { databaseKey: await hkdfKey(2) }))).toEqual({
          code: 'storage.key-wrong',
        });
        expect(await settled(open(place.name, { databaseKey: aes }))).toEqual({ code: 'storage.key-wrong' });
        expect(await settled(open(place.name))).toEqual({ code: 'storage.locked' });
      }
      expect(await allRows(place)).toEqual(before);
      for (const open of [adapter.open, adapter.rescue]) {
        const storage = await open(place.name, { databaseKey });
        expect(await contentOf(storage)).toEqual(content);
        await storage.close();
      }
    }));

  it('a database made without a key is wrapped anew by the first that is brought, and its rows stay as they are [RST-04]', () =>
    inPlace(makePlace, async (tools) => {
      const { place, adapter } = tools;
      const content = await filled(tools);
      const { keys: device, ...rows } = await allRows(place);
      const databaseKey = await hkdfKey(1);
      const open = await adapter.open(place.name);
      const storage = await adapter.open(place.name, { databaseKey });
      expect(await contentOf(storage)).toEqual(content);
      expect((await contentOf(open)).size).toBe(12);
      for (const each of [open, storage]) await each.close();
      const { keys: given, ...after } = await allRows(place);
      expect(after).toEqual(rows);
      expect(device).toMatchObject([{ value: { by: 'device' } }]);
      expect(Object.keys(Object(given?.[0]?.value)).sort()).toEqual(['by', 'holdsPlain', 'id', 'slot', 'wrapped']);
      expect(await settled(adapter.open(place.name))).toEqual({ code: 'storage.locked' });
    }));

  it('connections that make a database at once share one root key [RST-04]', () =>
    inPlace(makePlace, async ({ place, adapter, writer }) => {
      const opened = await Promise.all(Array.from({ length: 4 }, () => adapter.open(place.name)));
      const [first, ...others] = opened;
      if (first === undefined) throw new Error('four connections');
      await fill(first, writer);
      for (const other of others) expect(await contentOf(other)).toEqual(await contentOf(first));
      for (const each of opened) await each.close();
    }));

  it('a database that has lost its key, or whose key was altered, says so and gets no other [RST-05]', () =>
    inPlace(makePlace, async (tools) => {
      const { place, adapter } = tools;
      const content = await filled(tools);
      const [lock] = await rowsOf(place, 'keys');
      if (lock === undefined || !isRow(lock.value)) throw new Error('a row of keys');
      const { key, value } = { key: lock.key, value: lock.value };
      const changes: readonly object[] = [
        { ...value, wrapped: flip(value['wrapped'], 20) },
        { ...value, wrapped: cut(value['wrapped'], -1) },
        { ...value, id: flip(value['id'], 0) },
        { ...value, holdsPlain: true },
        { ...value, by: 'none' },
        { ...value, deviceKey: 'none' },
      ];
      for (const change of changes) {
        await put(place, 'keys', key, change);
        expect(await settled(adapter.open(place.name))).toEqual({ code: 'storage.corrupt' });
      }
      await below(place, 'keys', (store) => asked(store.clear()));
      expect(await settled(adapter.open(place.name))).toEqual({ code: 'storage.corrupt' });
      expect(await rowsOf(place, 'keys')).toEqual([]);
      await put(place, 'keys', key, value);
      const storage = await adapter.open(place.name);
      expect(await contentOf(storage)).toEqual(content);
      await storage.close();
    }));
};

export const storageLaws = (makePlace: () => SealedPlace): void => {
  contentLaws(makePlace);
  tamperLaws(makePlace);
  keyLaws(makePlace);
};
