/** The settings that a commit rests on, other processes, and a disk that is full. */
import { createDecipheriv, createHmac, pbkdf2Sync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { size } from '../../../src/core/position.ts';
import { nodeSqlite, type SqliteConnection, sqliteStorage } from '../../../src/sqlite.ts';
import { contentOf, settled } from '../../../src/testing/conformance/engine.ts';
import { verifyLog } from '../../../src/testing/conformance/sealed.ts';
import { fileIn, fill, fillEverything, KEY, makeFolder, makeWriter, openIn, openRaw, spyOn } from './sqliteWorld.ts';

const settingOf = async (connection: SqliteConnection | undefined, name: string): Promise<unknown> =>
  Object.values((await connection?.all(`PRAGMA ${name}`))?.[0] ?? {})[0];

const openSpied = async (options: Parameters<typeof openIn>[1] = {}, answer?: Parameters<typeof spyOn>[1]) => {
  const folder = makeFolder();
  const spy = spyOn(nodeSqlite({ folder }), answer);
  const storage = await openIn(folder, { driver: spy.driver, ...options });
  return { storage, connection: spy.connections[0], asked: spy.asked };
};

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('durability', () => {
  it('strict: a log of changes that is synced at every commit, and is what an append says [SQL-05]', async () => {
    const { storage, connection } = await openSpied();
    expect(await settingOf(connection, 'journal_mode')).toBe('wal');
    expect(await settingOf(connection, 'synchronous')).toBe(2);
    for (const name of ['fullfsync', 'checkpoint_fullfsync']) expect(await settingOf(connection, name)).toBe(1);
    expect(await settingOf(connection, 'temp_store')).toBe(2);
    expect(storage.durability).toBe('strict');
    const writer = await makeWriter();
    const outcome = await storage.append({ expectedSize: size(0), commits: [await writer.seal()], marks: {} });
    expect(outcome).toMatchObject({ kind: 'appended', durability: 'strict' });
  });

  it('relaxed, chosen by name: the same log, synced now and then [SQL-05]', async () => {
    const { storage, connection } = await openSpied({ durability: 'relaxed' });
    expect(await settingOf(connection, 'journal_mode')).toBe('wal');
    expect(await settingOf(connection, 'synchronous')).toBe(1);
    const writer = await makeWriter();
    const outcome = await storage.append({ expectedSize: size(0), commits: [await writer.seal()], marks: {} });
    expect(outcome).toMatchObject({ kind: 'appended', durability: 'relaxed' });
  });

  it('where there can be no log of changes, a journal whose deletion is synced too [SQL-05]', async () => {
    const withoutWal = (sql: string) =>
      sql === 'PRAGMA journal_mode = WAL' ? [{ journal_mode: 'delete' }] : undefined;
    const { storage, connection, asked } = await openSpied({}, withoutWal);
    expect(await settingOf(connection, 'journal_mode')).toBe('delete');
    expect(await settingOf(connection, 'synchronous')).toBe(3);
    expect(asked).toContain('PRAGMA journal_mode = DELETE');
    await fillEverything(storage);
    expect(await verifyLog(storage)).toBe(12);
  });

  it('a database that does not take the settings is not opened [SQL-05]', async () => {
    const refusals = [
      (sql: string) => (sql === 'PRAGMA synchronous' ? [{ synchronous: 0 }] : undefined),
      (sql: string) => (sql.startsWith('PRAGMA journal_mode') ? [{ journal_mode: 'off' }] : undefined),
      (sql: string) => (sql.startsWith('PRAGMA journal_mode') ? [{ journal_mode: 'memory' }] : undefined),
    ];
    for (const refusal of refusals) expect(await settled(openSpied({}, refusal))).toEqual({ code: 'storage.failed' });
  });

  it('a layout of a later version is not opened, and stays as it is [REC-15]', async () => {
    const folder = makeFolder();
    await (await openIn(folder)).close();
    openRaw(folder).pragma('user_version = 2');
    expect(await settled(openIn(folder))).toEqual({ code: 'storage.outdated' });
    openRaw(folder).pragma('user_version = 1');
    expect(await (await openIn(folder)).size()).toBe(0);
  });
});

describe('other processes', () => {
  it('a writer waits while another holds the lock, and fails with a code when that takes too long [SQL-06]', async () => {
    const folder = makeFolder();
    const storage = await openIn(folder, { busyMs: 400 });
    const writer = await fill(storage, [10]);
    const raw = openRaw(folder);
    const commits = [await writer.seal()];
    const append = () => storage.append({ expectedSize: size(1), commits, marks: {} });
    raw.exec('BEGIN IMMEDIATE');
    const late = append();
    await pause(50);
    expect(await storage.size()).toBe(1);
    raw.exec('COMMIT');
    expect((await late).kind).toBe('appended');
    raw.exec('BEGIN IMMEDIATE');
    const before = await contentOf(storage);
    const refused = await settled(storage.append({ expectedSize: size(2), commits: [await writer.seal()], marks: {} }));
    expect(refused).toEqual({ code: 'storage.busy' });
    raw.exec('ROLLBACK');
    expect(await contentOf(storage)).toEqual(before);
    expect(await verifyLog(storage)).toBe(2);
  });

  it('are heard of when they have stored commits, once for each look, and not when they changed marks alone [SQL-06]', async () => {
    const folder = makeFolder();
    const storage = await openIn(folder, { pollMs: 10 });
    const writer = await fill(storage, [10, 10]);
    let heard = 0;
    storage.onForeignCommit(() => heard++);
    const raw = openRaw(folder);
    await pause(60);
    expect(heard).toBe(0);
    raw.exec("INSERT INTO marks VALUES ('cursor-2', '1')");
    await pause(60);
    expect(heard).toBe(0);
    const { bytes } = await writer.seal();
    const insert = raw.prepare(
      'INSERT INTO records (at, count, size, lengths, events, bytes) VALUES (2, 1, ?, ?, ?, ?)',
    );
    insert.run(bytes.length, `[${bytes.length}]`, '[1]', bytes);
    await expect.poll(() => heard).toBe(1);
    await pause(60);
    expect(heard).toBe(1);
    expect(await verifyLog(storage)).toBe(3);
  });

  it('connections of one process are heard at once, without a look at the file [SQL-06]', async () => {
    const folder = makeFolder();
    const [storage, other] = [await openIn(folder), await openIn(folder, { pollMs: 1_000_000 })];
    let heard = 0;
    other.onForeignCommit(() => heard++);
    await fill(storage, [10]);
    expect(heard).toBe(1);
  });
});

describe('a full disk', () => {
  it('fails an append whole with a code; reading goes on, and so does writing when there is room again [REC-08]', async () => {
    const { storage, connection } = await openSpied();
    const writer = await fill(
      storage,
      Array.from({ length: 6 }, () => 12_000),
    );
    const pages = await settingOf(connection, 'page_count');
    await connection?.all(`PRAGMA max_page_count = ${pages}`);
    const before = await contentOf(storage);
    const commits = [await writer.seal(1, 40_000)];
    const append = () => storage.append({ expectedSize: size(6), commits, marks: { cursor: 9 } });
    for (let times = 0; times < 3; times++) expect(await settled(append())).toEqual({ code: 'storage.quota-exceeded' });
    expect(await contentOf(storage)).toEqual(before);
    await connection?.all('PRAGMA max_page_count = 1000000');
    expect((await append()).kind).toBe('appended');
    expect(await verifyLog(storage)).toBe(7);
  });
});

describe('the format', () => {
  /** A page as SQLCipher 4 writes it: ciphertext, then 16 bytes of initial vector and 64 of authentication code. */
  const readPage = (file: Buffer, number: number): Buffer => {
    const PAGE = 4_096;
    const salt = file.subarray(0, 16);
    const maskedSalt = salt.map((byte) => byte ^ 0x3a);
    const codeKey = pbkdf2Sync(KEY, maskedSalt, 2, 32, 'sha512');
    const page = file.subarray((number - 1) * PAGE, number * PAGE);
    const from = number === 1 ? 16 : 0;
    const number32 = Buffer.alloc(4);
    number32.writeUInt32LE(number);
    const code = createHmac('sha512', codeKey)
      .update(page.subarray(from, PAGE - 64))
      .update(number32)
      .digest();
    expect(page.subarray(PAGE - 64).equals(code), `page ${number}`).toBe(true);
    const cipher = createDecipheriv('aes-256-cbc', KEY, page.subarray(PAGE - 80, PAGE - 64)).setAutoPadding(false);
    return Buffer.concat([cipher.update(page.subarray(from, PAGE - 80)), cipher.final()]);
  };

  it('is SQLCipher 4’s, page by page, by its published parameters and the raw key [SQL-01]', async () => {
    const folder = makeFolder();
    const storage = await openIn(folder);
    await fillEverything(storage);
    await storage.close();
    const file = readFileSync(fileIn(folder));
    const header = readPage(file, 1);
    // The first 16 bytes of the file are the salt; the header of SQLite goes on after them.
    expect(header.readUInt16BE(0)).toBe(4_096);
    expect(header[4]).toBe(80);
    expect(header.readUInt32BE(60 - 16)).toBe(1);
    expect(header.readUInt32BE(68 - 16)).toBe(0x49_4e_44_4c);
    expect(header.readUInt32BE(28 - 16)).toBe(file.length / 4_096);
    let isSchemaSeen = header.includes('CREATE TABLE');
    for (let number = 2; number <= file.length / 4_096; number++) {
      isSchemaSeen ||= readPage(file, number).includes('CREATE TABLE records');
    }
    expect(isSchemaSeen).toBe(true);
  });

  it('opens for a reader with the same key alone [SQL-01]', async () => {
    const folder = makeFolder();
    await fill(await openIn(folder), [10]);
    const reader = sqliteStorage({ driver: nodeSqlite({ file: fileIn(folder) }), key: async () => KEY });
    const rescued = await reader.rescue('whatever it is called');
    expect(await verifyLog(rescued)).toBe(1);
    await rescued.close();
    expect(await settled(rescued.size())).toEqual({ code: 'storage.closed' });
  });
});
