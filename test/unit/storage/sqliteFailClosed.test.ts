/** Nothing is ever written that anybody can read, and nothing is opened by the wrong key. */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3-multiple-ciphers';
import { describe, expect, it } from 'vitest';
import { privateKeyBytes } from '../../../src/crypto/keyBytes.ts';
import {
  type DatabaseKey,
  keyFromEnvironment,
  keyFromFile,
  keyFromHex,
  nodeSqlite,
  sqliteStorage,
} from '../../../src/sqlite.ts';
import { runsOn } from '../../../src/storage/sqlite/node.ts';
import { settled } from '../../../src/testing/conformance/engine.ts';
import { verifyLog } from '../../../src/testing/conformance/sealed.ts';
import {
  bytesIn,
  fileIn,
  fill,
  fillEverything,
  KEY,
  KEY_HEX,
  makeFolder,
  NAME,
  openIn,
  openRaw,
  spyOn,
} from './sqliteWorld.ts';

const PLAIN_HEAD = Buffer.from('SQLite format 3\0');
const MARKER = 'SUBJECT-17-SYSTOLIC-142';

const digestOf = (folder: string): string =>
  readdirSync(folder)
    .sort()
    .map(
      (name) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}`,
    )
    .join('\n');

describe('the key', () => {
  it('a missing, short, long or empty key opens nothing and makes no file [SQL-01]', async () => {
    const folder = join(makeFolder(), 'databases');
    const none: readonly (DatabaseKey | undefined)[] = [
      undefined,
      new Uint8Array(0),
      new Uint8Array(32),
      KEY.subarray(1),
      Uint8Array.of(...KEY, 1),
      () => new Uint8Array(16),
      async () => new Uint8Array(32),
    ];
    for (const key of none) {
      const storage = sqliteStorage({ driver: nodeSqlite({ folder }), key });
      expect(await settled(storage.open(NAME))).toEqual({ code: 'storage.key-missing' });
    }
    expect(existsSync(folder)).toBe(false);
  });

  it('comes from a variable or a file as 64 digits, and from nothing else [SQL-01]', async () => {
    const path = join(makeFolder(), 'key');
    const variable = 'INDELIBLE_TEST_KEY';
    const both = (text: string) => {
      writeFileSync(path, text);
      process.env[variable] = text;
      return [() => keyFromFile(path), () => keyFromEnvironment(variable), () => keyFromHex(text)];
    };
    for (const text of [KEY_HEX, `${KEY_HEX.toUpperCase()}\n`])
      for (const read of both(text)) expect(read()).toEqual(KEY);
    for (const text of [
      '',
      KEY_HEX.slice(1),
      `${KEY_HEX}0`,
      '0'.repeat(64),
      `${KEY_HEX.slice(1)}g`,
      `${KEY_HEX}${' '.repeat(400)}`,
    ]) {
      for (const read of both(text).slice(0, text.length > 400 ? 1 : 3)) expect(read).toThrow('storage.key-missing');
    }
    delete process.env[variable];
    expect(() => keyFromEnvironment(variable)).toThrow('storage.key-missing');
    expect(() => keyFromFile(join(path, 'nowhere'))).toThrow('storage.key-missing');
  });

  it('a wrong key is refused and changes no byte, also beside a log of changes that a killed process left [SQL-01]', async () => {
    const [folder, copy] = [makeFolder(), makeFolder()];
    const storage = await openIn(folder);
    await fill(storage, [10, 2_000, 10]);
    // What a killed process leaves: the file and its log of changes, without the end that closing makes.
    for (const name of readdirSync(folder))
      if (!name.endsWith('-shm')) copyFileSync(join(folder, name), join(copy, name));
    expect(readdirSync(copy).length).toBe(2);
    const before = digestOf(copy);
    for (let at = 0; at < 3; at++) {
      const wrong = Uint8Array.from(KEY, (byte, index) => (index === at ? byte ^ 1 : byte));
      expect(await settled(openIn(copy, { key: wrong }))).toEqual({ code: 'storage.key-wrong' });
      const rescue = sqliteStorage({ driver: nodeSqlite({ folder: copy }), key: wrong }).rescue(NAME);
      expect(await settled(rescue)).toEqual({ code: 'storage.key-wrong' });
    }
    for (const line of before.split('\n')) expect(digestOf(copy)).toContain(line);
    expect(await verifyLog(await openIn(copy))).toBe(3);
  });
});

describe('the file', () => {
  it('holds nothing that can be read, in none of its parts and at no time [SQL-01]', async () => {
    const folder = makeFolder();
    const storage = await openIn(folder);
    const look = (when: string) => {
      const bytes = bytesIn(folder);
      expect(bytes.includes(MARKER), when).toBe(false);
      expect(bytes.includes('ItemRecorded'), when).toBe(false);
      expect(bytes.includes('CREATE TABLE'), when).toBe(false);
      expect(readFileSync(fileIn(folder)).subarray(0, 16).equals(PLAIN_HEAD), when).toBe(false);
    };
    look('new');
    await storage.writeMarks({ [MARKER]: MARKER });
    await storage.writeSnapshot(MARKER, Buffer.from(MARKER));
    look('marks and snapshots');
    const writer = await fillEverything(storage);
    look('a log');
    await storage.keepFinding(
      { identity: MARKER, foundAt: MARKER, code: 'chain.gap', sequence: 1, what: MARKER },
      Buffer.from(MARKER.repeat(1_000)),
    );
    look('a finding');
    const secret = Buffer.from(await privateKeyBytes(writer.identity.key.privateKey)).subarray(-32);
    expect(bytesIn(folder).includes(secret)).toBe(false);
    await storage.close();
    look('closed');
    expect(bytesIn(folder).includes(secret)).toBe(false);
  });

  it('is its owner’s alone, in a folder of its owner [SQL-01]', async () => {
    const folder = join(makeFolder(), 'databases');
    const storage = await openIn(folder);
    await fill(storage, [10]);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777, name).toBe(0o600);
  });

  it('names that differ in any character are different files, wherever they are kept [SQL-01]', async () => {
    const folder = makeFolder();
    const driver = nodeSqlite({ folder });
    const names = ['a', 'A', 'a/b', 'a\\b', '../a', '.', '', '%41', '%61', 'é', 'a b', 'a*', 'con'];
    for (const name of names) await (await sqliteStorage({ driver, key: KEY }).open(name)).close();
    const lone = sqliteStorage({ driver, key: KEY }).open('\ud800');
    expect(await settled(lone)).toEqual({ code: 'id.malformed' });
    const found = readdirSync(folder).map((name) => name.toLowerCase());
    expect(new Set(found).size).toBe(names.length);
    expect(found.every((name) => /^indelible-[a-z0-9%._-]*\.db$/.test(name))).toBe(true);
  });
});

describe('an SQLite that would write plain', () => {
  /** SQLite as it comes: it takes a key in silence and does nothing with it. */
  const Plain = class {
    readonly #database = new Database(':memory:');
    prepare(sql: string) {
      if (sql.includes('sqlite3mc_version'))
        throw Object.assign(new Error('no such function'), { code: 'SQLITE_ERROR' });
      return this.#database.prepare(sql);
    }
    close() {
      this.#database.close();
    }
  };

  it('is refused before it sees a file, when it does not name a cipher [SQL-01]', async () => {
    const folder = join(makeFolder(), 'databases');
    for (const load of [async () => ({ default: Plain }), async () => Plain]) {
      const opening = sqliteStorage({ driver: nodeSqlite({ folder, load }), key: KEY }).open(NAME);
      expect(await settled(opening)).toEqual({ code: 'storage.unencrypted' });
    }
    expect(existsSync(folder)).toBe(false);
  });

  it('is refused before it writes, when a driver of another kind brings it [SQL-01]', async () => {
    const folder = makeFolder();
    for (const pretended of [[{ cipher: 'chacha20' }], [], [{ cipher: null }]]) {
      const { driver } = spyOn(nodeSqlite({ folder }), (sql) => (sql === 'PRAGMA cipher' ? pretended : undefined));
      const opening = sqliteStorage({ driver, key: KEY }).open(NAME);
      expect(await settled(opening)).toEqual({ code: 'storage.unencrypted' });
      expect(statSync(fileIn(folder)).size).toBe(0);
    }
  });

  it('is found out by what it wrote, whatever it says, and the file is not kept [SQL-01]', async () => {
    const folder = makeFolder();
    const node = nodeSqlite({ folder });
    const deaf = {
      ...node,
      open: async () => {
        const plain = new Database(fileIn(folder), { timeout: 0 });
        return {
          run: async (sql: string, values: readonly unknown[] = []) => void plain.prepare(sql).run(...values),
          all: async (sql: string, values: readonly unknown[] = []) => {
            if (sql === 'PRAGMA cipher_version') return [{ cipher_version: '4.6.0 community' }];
            const statement = plain.prepare<unknown[], Record<string, unknown>>(sql);
            if (statement.reader) return statement.all(...values);
            statement.run(...values);
            return [];
          },
          close: async () => void plain.close(),
        };
      },
    };
    const opening = sqliteStorage({ driver: deaf, key: KEY }).open(NAME);
    expect(await settled(opening)).toEqual({ code: 'storage.unencrypted' });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('a plain database that is there already is not opened, and stays as it is [SQL-01]', async () => {
    const folder = makeFolder();
    mkdirSync(folder, { recursive: true });
    const plain = new Database(fileIn(folder));
    plain.exec("CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('somebody else’s')");
    plain.close();
    const before = digestOf(folder);
    const adapter = sqliteStorage({ driver: nodeSqlite({ folder }), key: KEY });
    expect(await settled(adapter.open(NAME))).toEqual({ code: 'storage.unencrypted' });
    expect(await settled(adapter.rescue(NAME))).toEqual({ code: 'storage.unencrypted' });
    expect(digestOf(folder)).toBe(before);
  });

  it('an encrypted database of another program is not written into [SQL-01]', async () => {
    const folder = makeFolder();
    const raw = openRaw(folder);
    raw.exec("CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('somebody else’s')");
    expect(await settled(openIn(folder))).toEqual({ code: 'storage.failed' });
    expect(raw.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()).toEqual({ tables: 1 });
  });
});

describe('the driver', () => {
  it('that is not installed, does not load or is something else is named as missing, and nothing is made [SQL-07]', async () => {
    const folder = join(makeFolder(), 'databases');
    const loads: readonly (() => Promise<unknown>)[] = [
      () => import(`no-such-${'package'}`),
      async () => {
        throw new Error('wrong architecture');
      },
      async () => ({ default: 'a text' }),
      async () => undefined,
      async () => ({}),
    ];
    for (const load of loads) {
      const opening = sqliteStorage({ driver: nodeSqlite({ folder, load }), key: KEY }).open(NAME);
      const failure = await opening.then(String, String);
      expect(failure).toContain('storage.driver-missing');
      expect(failure).toContain('npm install better-sqlite3-multiple-ciphers');
    }
    expect(existsSync(folder)).toBe(false);
  });

  it('of a version that would end this Node in its first call is not loaded [SQL-07]', () => {
    for (const nodeApi of [9, 10])
      for (const version of ['12.9.0', '12.11.1']) expect(runsOn(version, nodeApi)).toBe(true);
    for (const version of ['13.0.3', '14.0.0']) {
      expect(runsOn(version, 9)).toBe(false);
      expect(runsOn(version, 10)).toBe(true);
    }
  });

  it('is named in the package as an optional peer alone, and compiles when the tests need it [SQL-07]', () => {
    const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
    const manifest: Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>> = JSON.parse(text);
    expect(manifest['dependencies']).not.toHaveProperty('better-sqlite3-multiple-ciphers');
    expect(manifest['peerDependencies']).toHaveProperty('better-sqlite3-multiple-ciphers');
    expect(manifest['peerDependenciesMeta']?.['better-sqlite3-multiple-ciphers']).toEqual({ optional: true });
    const npmrc = readFileSync(new URL('../../../.npmrc', import.meta.url), 'utf8');
    expect(npmrc).toContain('ignore-scripts=true');
  });
});
