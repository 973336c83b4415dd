/** A folder for databases, the adapter on it, and connections that go around the adapter. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3-multiple-ciphers';
import { onTestFinished } from 'vitest';
import { directoryKey } from '../../../src/core/ids.ts';
import { size } from '../../../src/core/position.ts';
import { makeSigningKey } from '../../../src/crypto/signer.ts';
import { nodeSqlite, type SqliteConnection, type SqliteDriver, sqliteStorage } from '../../../src/sqlite.ts';
import type { EventStorage } from '../../../src/storage/port.ts';
import type { SqliteStorageOptions } from '../../../src/storage/sqlite/index.ts';
import { identityWith, type Writer, writerFor } from '../../../src/testing/conformance/writer.ts';
import { scratchRoot } from '../../support/scratch.ts';

export const NAME = 'trial-042';
export const KEY = Uint8Array.from({ length: 32 }, (_, at) => at + 1);
export const KEY_HEX = Buffer.from(KEY).toString('hex');

export type Raw = InstanceType<typeof Database>;

export const makeWriter = async (): Promise<Writer> =>
  writerFor(await identityWith(() => makeSigningKey({ extractable: true })));

/** A folder that goes when the test has ended. */
export const makeFolder = (): string => {
  const folder = mkdtempSync(join(scratchRoot(), 'indelible-sqlite-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

export const fileIn = (folder: string): string => join(folder, `indelible-${NAME}.db`);

/** Every byte that lies in a folder. */
export const bytesIn = (folder: string): Buffer =>
  Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))));

/** Opens the database of a folder; it is closed when the test has ended. */
export const openIn = async (folder: string, options: Partial<SqliteStorageOptions> = {}): Promise<EventStorage> => {
  const storage = await sqliteStorage({ driver: nodeSqlite({ folder }), key: KEY, ...options }).open(NAME);
  onTestFinished(() => storage.close());
  return storage;
};

/** A connection that has the key and does not know the adapter, as any program on the machine may make one. */
export const openRaw = (folder: string, hex = KEY_HEX): Raw => {
  const raw = new Database(fileIn(folder), { timeout: 0 });
  onTestFinished(() => void raw.close());
  raw.pragma("cipher = 'sqlcipher'");
  raw.pragma('legacy = 4');
  raw.pragma(`key = "x'${hex}'"`);
  return raw;
};

/** Records of one commit each, from the end of the log on. */
export const fill = async (storage: EventStorage, fillers: readonly number[], known?: Writer): Promise<Writer> => {
  const writer = known ?? (await makeWriter());
  for (const filler of fillers) {
    const commits = [await writer.seal(1, filler)];
    await storage.append({ expectedSize: await storage.size(), commits, marks: { cursor: 1 } });
  }
  return writer;
};

/** A log with something in every table: two segments, records after them, and what stands beside. */
export const fillEverything = async (storage: EventStorage): Promise<Writer> => {
  const writer = await fill(
    storage,
    Array.from({ length: 12 }, () => 12_000),
  );
  await storage.keepIdentity(writer.identity);
  await storage.pack({ bytesMax: Number.MAX_SAFE_INTEGER, keysOf: () => [directoryKey(7)] });
  await storage.keepFinding(
    { identity: 'a', foundAt: '2026-01-01T00:00:00.000Z', code: 'chain.gap', sequence: 2 },
    Uint8Array.of(1, 2),
  );
  await storage.writeSnapshot('view', Uint8Array.of(3));
  return writer;
};

export const EMPTY = size(0);

/** A driver that shows its connections, and can answer in the place of SQLite. */
export const spyOn = (
  driver: SqliteDriver,
  answer: (sql: string) => readonly Readonly<Record<string, unknown>>[] | undefined = () => undefined,
): { readonly driver: SqliteDriver; readonly connections: SqliteConnection[]; readonly asked: string[] } => {
  const connections: SqliteConnection[] = [];
  const asked: string[] = [];
  return {
    connections,
    asked,
    driver: {
      ...driver,
      open: async (request) => {
        const connection = await driver.open(request);
        connections.push(connection);
        return {
          ...connection,
          all: async (sql, values) => {
            asked.push(sql);
            return answer(sql) ?? connection.all(sql, values);
          },
        };
      },
    },
  };
};
