/** The SQLite adapter on real files, encrypted. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqliteStorage } from '../../src/storage/sqlite/index.ts';
import { nodeSqlite } from '../../src/storage/sqlite/node.ts';
import { FAULT_KINDS } from '../../src/testing/conformance/index.ts';
import { faultySqlite } from './faultySqlite.ts';
import { describeStorage } from './suite.ts';

const key = Uint8Array.from({ length: 32 }, (_, at) => at + 1);
/** What never comes is waited for in each of some hundred cases. */
const ANSWER_MS = 25;
/** In memory where the platform offers it: what a disk keeps is `test/e2e/sqliteCrash.e2e.test.ts`. */
const TEMPORARY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

describeStorage('SQLite', {
  durability: 'strict',
  faultKinds: FAULT_KINDS,
  modelRuns: 30,
  keepsKeyBytes: true,
  makePlace: () => {
    const folder = mkdtempSync(join(TEMPORARY, 'indelible-sqlite-'));
    const driver = nodeSqlite({ folder });
    return {
      adapter: () => sqliteStorage({ driver, key }),
      faulty: () => {
        const faulty = faultySqlite(driver);
        return { adapter: sqliteStorage({ driver: faulty.driver, key, answerMs: ANSWER_MS }), faults: faulty.faults };
      },
      remove: () => rmSync(folder, { recursive: true }),
    };
  },
});
