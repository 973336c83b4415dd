/** The SQLite adapter on real files, encrypted. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { LIMITS } from '../../src/core/limits.ts';
import type { SqliteConnection, SqliteDriver } from '../../src/storage/sqlite/driver.ts';
import { sqliteStorage } from '../../src/storage/sqlite/index.ts';
import { nodeSqlite } from '../../src/storage/sqlite/node.ts';
import { isCrash } from '../../src/testing/conformance/faults.ts';
import { type ConformanceEngine, FAULT_KINDS, isSilent } from '../../src/testing/conformance/index.ts';
import { scratchRoot } from '../support/scratch.ts';
import { faultySqlite } from './faultySqlite.ts';
import { hastyTimers } from './haste.ts';
import { describeStorage } from './suite.ts';

const key = Uint8Array.from({ length: 32 }, (_, at) => at + 1);

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
    const folder = mkdtempSync(join(scratchRoot(), 'indelible-sqlite-'));
    const driver = change(nodeSqlite({ folder }));
    return {
      adapter: () => sqliteStorage({ driver, key }),
      faulty: (kind) => {
        const { driver: faulty, faults } = faultySqlite(driver);
        // A crash is silence to the rest of this process, where the lost one still stands in the line of writers.
        const isGone = isCrash(kind);
        const isLost = isSilent(kind) || isGone;
        const time = isLost ? { scheduler: hastyTimers(faults.reached(), LIMITS.storageAnswerMs, isGone) } : {};
        return { adapter: sqliteStorage({ driver: faulty, key, ...time }), faults };
      },
      remove: () => rmSync(folder, { recursive: true }),
    };
  },
});

describeStorage('SQLite', { ...engineOn((driver) => driver), faultKinds: FAULT_KINDS });
describeStorage('SQLite without a log of changes', { ...engineOn(withoutWal), modelRuns: 10, faultKinds: ['aborts'] });
