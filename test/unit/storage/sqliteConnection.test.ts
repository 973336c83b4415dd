/** What becomes of calls when the connection under them dies, lies or leads to a file that is not there any more. */
import { copyFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { position, size } from '../../../src/core/position.ts';
import { nodeSqlite, type SqliteConnection, type SqliteDriver } from '../../../src/sqlite.ts';
import type { EventStorage } from '../../../src/storage/port.ts';
import { contentOf, settled } from '../../../src/testing/conformance/engine.ts';
import { verifyLog } from '../../../src/testing/conformance/sealed.ts';
import type { Writer } from '../../../src/testing/conformance/writer.ts';
import { makeFolder, makeWriter, openIn } from './sqliteWorld.ts';

type Trouble = {
  /** Called before each statement. `kill` closes the connection without a word; what it gives is thrown. */
  onStep: (sql: string, kill: () => Promise<void>) => Promise<Error | undefined> | Error | undefined;
  /** Called at each commit: `lost` reports a success of which nothing is stored, `unsynced` stores and reports a failure. */
  onCommit: () => 'kept' | 'lost' | 'unsynced';
  opened: number;
  readonly asked: string[];
};

const sqliteError = (code: string): Error => Object.assign(new Error(code), { code });

const troubled = (driver: SqliteDriver): { readonly driver: SqliteDriver; readonly trouble: Trouble } => {
  const trouble: Trouble = { onStep: () => undefined, onCommit: () => 'kept', opened: 0, asked: [] };
  const wrap = (connection: SqliteConnection): SqliteConnection => {
    const step = async <T>(sql: string, work: () => Promise<T>): Promise<T> => {
      trouble.asked.push(sql);
      const error = await trouble.onStep(sql, connection.close);
      if (error !== undefined) throw error;
      return work();
    };
    const commit = async (): Promise<void> => {
      const fate = trouble.onCommit();
      await connection.run(fate === 'lost' ? 'ROLLBACK' : 'COMMIT');
      if (fate === 'unsynced') throw sqliteError('SQLITE_IOERR_FSYNC');
    };
    return {
      close: connection.close,
      run: (sql, values) => step(sql, () => (sql === 'COMMIT' ? commit() : connection.run(sql, values))),
      all: (sql, values) => step(sql, () => connection.all(sql, values)),
    };
  };
  const open: SqliteDriver['open'] = async (request) => {
    trouble.opened += 1;
    return wrap(await driver.open(request));
  };
  return { driver: { ...driver, open }, trouble };
};

type Tools = {
  readonly folder: string;
  readonly storage: EventStorage;
  readonly writer: Writer;
  readonly trouble: Trouble;
  /** Another process, as far as one can be in here. */
  readonly other: () => Promise<EventStorage>;
};

const BASE = 3;
const STEPS_MAX = 60;

const inTrouble = async (): Promise<Tools> => {
  const folder = makeFolder();
  const { driver, trouble } = troubled(nodeSqlite({ folder }));
  const storage = await openIn(folder, { driver });
  const writer = await makeWriter();
  await storage.keepIdentity(writer.identity);
  await storage.append({ expectedSize: size(0), commits: [await writer.seal(BASE)], marks: { cursor: 1 } });
  trouble.asked.length = 0;
  return { folder, storage, writer, trouble, other: () => openIn(folder) };
};

const WAYS: readonly {
  readonly name: string;
  readonly fail: (kill: () => Promise<void>) => Promise<Error | undefined>;
}[] = [
  { name: 'closes', fail: (kill) => kill().then(() => undefined) },
  { name: 'meets a failing disk', fail: async () => sqliteError('SQLITE_IOERR_READ') },
  { name: 'fails without a name', fail: async () => new Error('the bridge is gone') },
];

/** Runs a case with trouble at its first statement, at its second, and so on, until it runs through. */
const atEveryStep = async (
  { fail }: (typeof WAYS)[number],
  run: (tools: Tools, at: number, arm: () => void) => Promise<void>,
): Promise<void> => {
  for (let [at, isReached] = [1, true]; isReached; at++) {
    expect(at).toBeLessThan(STEPS_MAX);
    const tools = await inTrouble();
    let left = at;
    await run(tools, at, () => {
      tools.trouble.onStep = (_, kill) => (--left === 0 ? fail(kill) : undefined);
    });
    isReached = left <= 0;
    await tools.storage.close();
  }
};

const CALLS: readonly { readonly name: string; readonly call: (storage: EventStorage) => Promise<unknown> }[] = [
  { name: 'asking for the size', call: (storage) => storage.size() },
  { name: 'reading', call: (storage) => storage.read(position(0), 1_000_000) },
  { name: 'reading marks', call: (storage) => storage.readMarks() },
  { name: 'writing marks', call: (storage) => storage.writeMarks({ cursor: 2 }) },
  { name: 'writing a snapshot', call: (storage) => storage.writeSnapshot('view', Uint8Array.of(1)) },
  { name: 'reading identities', call: async (storage) => (await storage.readIdentities()).length },
];

describe.each(WAYS)('a connection that $name', (way) => {
  it('at any step of an append: it is stored, once [REC-18]', () =>
    atEveryStep(way, async ({ storage, writer, other }, _, arm) => {
      const commits = [await writer.seal(2), await writer.seal(1)];
      arm();
      const outcome = await storage.append({ expectedSize: size(BASE), commits, marks: { cursor: 2 } });
      expect(outcome).toMatchObject({ kind: 'appended', size: BASE + 3, records: [BASE] });
      const witness = await other();
      expect(await verifyLog(witness)).toBe(BASE + 3);
      expect(await witness.readMarks()).toEqual({ cursor: 2 });
      const next = await storage.append({ expectedSize: size(BASE + 3), commits: [await writer.seal()], marks: {} });
      expect(next.kind).toBe('appended');
    }));

  it('at any step of another call: it is answered all the same [REC-18]', async () => {
    for (const { name, call } of CALLS) {
      await atEveryStep(way, async ({ storage, other }, at, arm) => {
        const expected = await call(await other());
        arm();
        expect(await call(storage), `${name}, step ${at}`).toEqual(expected);
      });
    }
  });
});

describe('a dead connection', () => {
  it('is replaced by one for all calls that were made on it at once [REC-18]', async () => {
    const { storage, trouble } = await inTrouble();
    const before = trouble.opened;
    let isKilled = false;
    trouble.onStep = async (_, kill) => {
      if (!isKilled) await kill();
      isKilled = true;
      return undefined;
    };
    const sizes = await Promise.all(Array.from({ length: 8 }, () => storage.size()));
    expect(sizes).toEqual(Array.from({ length: 8 }, () => BASE));
    expect(trouble.opened).toBe(before + 1);
  });

  it('that dies again and again ends in a code; nothing is reported as stored, and later calls try anew [REC-18]', async () => {
    const { storage, writer, trouble, other } = await inTrouble();
    trouble.onStep = () => sqliteError('SQLITE_IOERR_WRITE');
    const request = { expectedSize: size(BASE), commits: [await writer.seal()], marks: {} };
    expect(await settled(storage.append(request))).toEqual({ code: 'storage.connection-lost' });
    expect(await verifyLog(await other())).toBe(BASE);
    trouble.onStep = () => undefined;
    expect(await settled(storage.append(request))).toHaveProperty('value.kind', 'appended');
  });
});

describe('a commit', () => {
  it('that failed to sync and is there all the same is synced before it is reported, and not written twice [REC-18]', async () => {
    const { storage, writer, trouble, other } = await inTrouble();
    let failures = 1;
    trouble.onCommit = () => (failures-- > 0 ? 'unsynced' : 'kept');
    const commits = [await writer.seal(2)];
    const outcome = await storage.append({ expectedSize: size(BASE), commits, marks: { cursor: 2 } });
    expect(outcome).toMatchObject({ kind: 'appended', size: BASE + 2, records: [BASE] });
    expect(trouble.asked).toContain('PRAGMA wal_checkpoint(FULL)');
    expect(await verifyLog(await other())).toBe(BASE + 2);
  });

  it('whose place another took while nobody answered is a conflict [REC-18]', async () => {
    const { storage, writer, trouble, other } = await inTrouble();
    const [rival, theirs] = [await other(), await makeWriter()];
    const commits = [await theirs.seal()];
    let isLost = true;
    trouble.onStep = async (sql) => {
      if (sql !== 'BEGIN IMMEDIATE' || !isLost) return undefined;
      isLost = false;
      return sqliteError('SQLITE_IOERR_LOCK');
    };
    const append = storage.append({ expectedSize: size(BASE), commits: [await writer.seal()], marks: { cursor: 9 } });
    const first = rival.append({ expectedSize: size(BASE), commits, marks: {} });
    expect([(await append).kind, (await first).kind].sort()).toEqual(['appended', 'conflict']);
    expect(await verifyLog(rival)).toBe(BASE + 1);
  });

  it('that is acknowledged and not stored is made again [REC-18]', async () => {
    const { storage, writer, trouble, other } = await inTrouble();
    let lies = 1;
    trouble.onCommit = () => (lies-- > 0 ? 'lost' : 'kept');
    const outcome = await storage.append({ expectedSize: size(BASE), commits: [await writer.seal()], marks: {} });
    expect(outcome).toMatchObject({ kind: 'appended', size: BASE + 1 });
    expect(await verifyLog(await other())).toBe(BASE + 1);
  });

  it('that is acknowledged and never stored ends in a code [REC-18]', async () => {
    const { storage, writer, trouble, other } = await inTrouble();
    trouble.onCommit = () => 'lost';
    const append = storage.append({ expectedSize: size(BASE), commits: [await writer.seal()], marks: {} });
    expect(await settled(append)).toEqual({ code: 'storage.connection-lost' });
    expect(await verifyLog(await other())).toBe(BASE);
  });
});

/** The files of the database in a folder. */
const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder).filter((name) => /\.db(-wal|-shm|-journal)?$/.test(name));

/** Puts the files that lie there away, as a program does that restores a backup. */
const putAway = (folder: string): void => {
  for (const name of filesIn(folder)) renameSync(join(folder, name), join(folder, `${name}.away`));
};

const LOST = [{ code: 'storage.lost' }, { code: 'storage.lost' }, { code: 'storage.lost' }];

const calls = async ({ storage, writer }: Tools): Promise<readonly unknown[]> => {
  const append = { expectedSize: size(BASE), commits: [await writer.seal()], marks: {} };
  return [await settled(storage.append(append)), await settled(storage.size()), await settled(storage.readMarks())];
};

describe('a file that is not there any more', () => {
  it('is reported as lost, and none is made in its place [REC-10, REC-18]', async () => {
    const tools = await inTrouble();
    putAway(tools.folder);
    expect(await calls(tools)).toEqual(LOST);
    expect(filesIn(tools.folder)).toEqual([]);
  });

  it('and was begun anew is reported as lost, and nothing is recorded into it [REC-10, REC-18]', async () => {
    const tools = await inTrouble();
    putAway(tools.folder);
    const [other, theirs] = [await tools.other(), await makeWriter()];
    await other.keepIdentity(theirs.identity);
    for (let at = 0; at < BASE + 2; at++)
      await other.append({ expectedSize: size(at), commits: [await theirs.seal()], marks: {} });
    const before = await contentOf(other);
    expect(await calls(tools)).toEqual(LOST);
    expect(await contentOf(other)).toEqual(before);
  });

  it('and was replaced by an older copy is reported as lost [REC-10, REC-18]', async () => {
    const tools = await inTrouble();
    const files = filesIn(tools.folder);
    for (const name of files) copyFileSync(join(tools.folder, name), join(tools.folder, `${name}.copy`));
    await tools.storage.append({ expectedSize: size(BASE), commits: [await tools.writer.seal()], marks: {} });
    putAway(tools.folder);
    for (const name of files) renameSync(join(tools.folder, `${name}.copy`), join(tools.folder, name));
    expect(await calls(tools)).toEqual(LOST);
  });

  it('and was replaced by a copy of its present state goes on in the copy [REC-18]', async () => {
    const tools = await inTrouble();
    const { folder, storage, writer } = tools;
    const files = filesIn(folder).filter((name) => !name.endsWith('-shm'));
    for (const name of files) copyFileSync(join(folder, name), join(folder, `${name}.copy`));
    putAway(folder);
    for (const name of files) renameSync(join(folder, `${name}.copy`), join(folder, name));
    const outcome = await storage.append({ expectedSize: size(BASE), commits: [await writer.seal()], marks: {} });
    expect(outcome).toMatchObject({ kind: 'appended', size: BASE + 1 });
    for (const name of readdirSync(folder).filter((name) => name.endsWith('.away'))) rmSync(join(folder, name));
    expect(await verifyLog(await tools.other())).toBe(BASE + 1);
  });
});
