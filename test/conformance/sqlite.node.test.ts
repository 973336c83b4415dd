/** The SQLite adapter on real files, encrypted. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SqliteConnection, SqliteDriver } from '../../src/storage/sqlite/driver.ts';
import { sqliteStorage } from '../../src/storage/sqlite/index.ts';
import { nodeSqlite } from '../../src/storage/sqlite/node.ts';
import { type ConformanceEngine, FAULT_KINDS } from '../../src/testing/conformance/index.ts';
import { faultySqlite } from './faultySqlite.ts';
import { describeStorage } from './suite.ts';

const key = Uint8Array.from({ length: 32 }, (_, at) => at + 1);
/** What never comes is waited for in each of some hundred cases. */
const ANSWER_MS = 25;
/** In memory where the platform offers it: what a disk keeps is `test/e2e/sqliteCrash.e2e.test.ts`. */
const TEMPORARY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** As over OPFS and some file systems: there is no log of changes, and the adapter takes a rollback journal. */
const withoutWal = (driver: SqliteDriver): SqliteDriver => ({
  ...driver,
  open: async (request) => {
    const connection = await driver.open(request);
    const all: SqliteConnection['all'] = async (sql, values) =>
      sql === 'PRAGMA journal_mode = WAL' ? [{ journal_mode: 'delete' }] : connection.all(sql, values);
    return { ...connection, all };
  },
});

const engineOn = (change: (driver: SqliteDriver) => SqliteDriver): Omit<ConformanceEngine, 'faultKinds'> => ({
  durability: 'strict',
  modelRuns: 30,
  keepsKeyBytes: true,
  makePlace: () => {
    const folder = mkdtempSync(join(TEMPORARY, 'indelible-sqlite-'));
    const driver = change(nodeSqlite({ folder }));
    return {
      adapter: () => sqliteStorage({ driver, key }),
      faulty: (kind) => {
        const faulty = faultySqlite(driver);
        const answers = kind === 'throws' || kind === 'aborts' || kind === 'is out of space';
        const answer = answers ? {} : { answerMs: ANSWER_MS };
        return { adapter: sqliteStorage({ driver: faulty.driver, key, ...answer }), faults: faulty.faults };
      },
      remove: () => rmSync(folder, { recursive: true }),
    };
  },
});

describeStorage('SQLite', { ...engineOn((driver) => driver), faultKinds: FAULT_KINDS });
describeStorage('SQLite without a log of changes', { ...engineOn(withoutWal), modelRuns: 10, faultKinds: ['aborts'] });
