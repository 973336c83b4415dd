/** What the database itself refuses, to any connection that has the key. */
import { describe, expect, it } from 'vitest';
import { position, size } from '../../../src/core/position.ts';
import { nodeSqlite, sqliteStorage } from '../../../src/sqlite.ts';
import { contentOf, settled } from '../../../src/testing/conformance/engine.ts';
import { verifyLog } from '../../../src/testing/conformance/sealed.ts';
import { fill, fillEverything, KEY, makeFolder, makeWriter, NAME, openIn, openRaw, type Raw } from './sqliteWorld.ts';

const GUARDED = ['records', 'segments', 'directory', 'identities', 'findings'] as const;

const attempt = (raw: Raw, sql: string): string => {
  try {
    raw.exec(sql);
    return 'done';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
};

const columnsOf = (raw: Raw, table: string): readonly string[] =>
  raw
    .prepare<unknown[], { name: string }>(`SELECT name FROM pragma_table_info('${table}')`)
    .all()
    .map(({ name }) => name);

/** Every way to change or remove rows that SQL has. */
const attacksOn = (raw: Raw, table: string): readonly string[] => {
  const columns = columnsOf(raw, table).join(', ');
  const [first] = columns.split(', ');
  return [
    `DELETE FROM ${table}`,
    `DELETE FROM ${table} WHERE rowid IN (SELECT min(${first}) FROM ${table})`,
    ...columnsOf(raw, table).flatMap((column) => [
      `UPDATE ${table} SET ${column} = ${column}`,
      `UPDATE ${table} SET ${column} = NULL`,
      `UPDATE OR REPLACE ${table} SET ${column} = (SELECT ${column} FROM ${table} LIMIT 1)`,
      `UPDATE OR IGNORE ${table} SET ${column} = 1`,
    ]),
    `REPLACE INTO ${table} SELECT * FROM ${table}`,
    `INSERT OR REPLACE INTO ${table} SELECT * FROM ${table}`,
    `INSERT OR REPLACE INTO ${table} SELECT * FROM ${table} ORDER BY 1 DESC LIMIT 1`,
    `INSERT INTO ${table} SELECT * FROM ${table} WHERE true ON CONFLICT DO UPDATE SET ${first} = excluded.${first}`,
    `INSERT INTO ${table} SELECT * FROM ${table}`,
  ].filter((attack) => !attack.includes('rowid') || table !== 'directory');
};

const statementOf = (raw: Raw, table: string): string =>
  raw
    .prepare<unknown[], { text: string }>(
      `SELECT group_concat(quote(row), ';') AS text FROM (SELECT ${columnsOf(raw, table)
        .map((column) => `quote(${column})`)
        .join(` || ',' || `)} AS row FROM ${table} ORDER BY 1)`,
    )
    .get()?.text ?? '';

describe('a second connection with the key', () => {
  for (const table of GUARDED) {
    it(`can neither change, delete nor replace a row of ${table} [SQL-02]`, async () => {
      const folder = makeFolder();
      const storage = await openIn(folder);
      await fillEverything(storage);
      const before = await contentOf(storage);
      const raw = openRaw(folder);
      const rows = statementOf(raw, table);
      expect(rows.length).toBeGreaterThan(0);
      for (const recursive of ['OFF', 'ON']) {
        raw.pragma(`recursive_triggers = ${recursive}`);
        for (const attack of attacksOn(raw, table)) {
          const answer = attempt(raw, attack);
          const isHarmless = table === 'directory' && /^(REPLACE|INSERT)/.test(attack);
          if (!isHarmless) expect(answer, attack).toMatch(/^SQLITE_(CONSTRAINT|MISMATCH)/);
          expect(statementOf(raw, table), attack).toBe(rows);
        }
      }
      expect(await contentOf(storage)).toEqual(before);
      expect(await verifyLog(storage)).toBe(12);
    });
  }

  it('cannot replace an identity or a finding by one that comes after it [SQL-02]', async () => {
    const folder = makeFolder();
    const storage = await openIn(folder);
    await fillEverything(storage);
    const before = await contentOf(storage);
    const raw = openRaw(folder);
    raw.pragma('recursive_triggers = OFF');
    const attacks = [
      "INSERT OR REPLACE INTO identities SELECT number + 1, replica, 'other', publicKey, privateKey, createdAt FROM identities",
      "INSERT OR REPLACE INTO findings SELECT number + 1, identity, '{}', evidence FROM findings",
    ];
    for (const attack of attacks) expect(attempt(raw, attack), attack).toBe('SQLITE_CONSTRAINT_TRIGGER');
    expect(await contentOf(storage)).toEqual(before);
  });

  it('cannot change what is left of a packed record, nor give it bytes again [SQL-02]', async () => {
    const folder = makeFolder();
    const storage = await openIn(folder);
    await fillEverything(storage);
    const raw = openRaw(folder);
    const packed = 'WHERE at = 0 AND bytes IS NULL';
    const changes = [
      'size = size + 1',
      'count = count + 1',
      'at = -1',
      'at = 1000',
      "lengths = '[1]'",
      "events = '[2]', count = 2",
      'bytes = zeroblob(size)',
      'bytes = (SELECT substr(bytes, 1, records.size) FROM segments WHERE at = 0)',
    ];
    const rows = statementOf(raw, 'records');
    for (const change of changes) {
      expect(attempt(raw, `UPDATE records SET ${change} ${packed}`), change).toMatch(/^SQLITE_CONSTRAINT/);
    }
    expect(statementOf(raw, 'records')).toBe(rows);
  });

  it('cannot clear a record that no segment holds, nor any but its bytes [SQL-02]', async () => {
    const folder = makeFolder();
    await fill(await openIn(folder), [10, 10, 10]);
    const raw = openRaw(folder);
    for (const set of [
      'bytes = NULL',
      'bytes = NULL, count = 2',
      "bytes = NULL, lengths = '[1]'",
      'bytes = zeroblob(size)',
    ]) {
      expect(attempt(raw, `UPDATE records SET ${set} WHERE at = 0`), set).toBe('SQLITE_CONSTRAINT_TRIGGER');
    }
  });

  it('cannot bring a segment that is not made of the records it replaces, byte for byte [SQL-02]', async () => {
    const folder = makeFolder();
    const storage = await openIn(folder);
    await fill(storage, [10, 20, 30, 40]);
    const before = await contentOf(storage);
    const raw = openRaw(folder);
    const segment = (at: number, count: number) =>
      `INSERT INTO segments (at, count, size, lengths, events, bytes)
       SELECT ${at}, sum(count), sum(size), '[' || group_concat(substr(lengths, 2, length(lengths) - 2)) || ']',
       '[' || group_concat('1') || ']', unhex(group_concat(hex(bytes), ''))
       FROM (SELECT * FROM records WHERE at >= ${at} AND at < ${at + count} ORDER BY at)`;
    const flawed = [
      segment(1, 2),
      segment(0, 4),
      segment(0, 2)
        .replace("unhex(group_concat(hex(bytes), ''))", "unhex(group_concat(hex(bytes), '') || '00')")
        .replace('sum(size)', 'sum(size) + 1'),
      segment(0, 2).replace(
        "'[' || group_concat(substr(lengths, 2, length(lengths) - 2)) || ']'",
        "'[' || (min(size) + 1) || ',' || (max(size) - 1) || ']'",
      ),
      segment(0, 2).replace("unhex(group_concat(hex(bytes), ''))", 'randomblob(sum(size))'),
      segment(0, 2).replace(
        "unhex(group_concat(hex(bytes), ''))",
        "unhex(group_concat(hex(bytes), '' ORDER BY at DESC))",
      ),
      segment(0, 2).replace('sum(count)', '1'),
      segment(0, 2).replace('sum(size)', 'sum(size) - 1'),
      segment(0, 2).replace("'[' || group_concat('1') || ']'", "'[2]'"),
      segment(0, 2).replace("'[' || group_concat('1') || ']'", "'[2,0]'"),
    ];
    for (const each of flawed) expect(attempt(raw, each), each).toMatch(/^SQLITE_(CONSTRAINT|ERROR)/);
    expect(await contentOf(storage)).toEqual(before);
    expect(attempt(raw, segment(0, 2))).toBe('done');
    expect(attempt(raw, segment(0, 2))).toBe('SQLITE_CONSTRAINT_TRIGGER');
    expect(await storage.packedTo()).toBe(2);
    expect(await verifyLog(storage)).toBe(4);
  });
});

describe('a row', () => {
  const insert = (values: string) => `INSERT INTO records (at, count, size, lengths, events, bytes) VALUES (${values})`;

  it('of a wrong type, of malformed JSON, that does not add up, or out of its place is refused [SQL-03]', async () => {
    const folder = makeFolder();
    const storage = await openIn(folder);
    await fill(storage, [10, 10]);
    const raw = openRaw(folder);
    const refused = [
      "3, 1, 2, '[2]', '[1]', x'0102'",
      "1, 1, 2, '[2]', '[1]', x'0102'",
      "0, 1, 2, '[2]', '[1]', x'0102'",
      "-1, 1, 2, '[2]', '[1]', x'0102'",
      "NULL, 1, 2, '[2]', '[1]', x'0102'",
      "2, 0, 2, '[2]', '[1]', x'0102'",
      "2, 2, 2, '[2]', '[1]', x'0102'",
      "2, 1, 3, '[2]', '[1]', x'0102'",
      "2, 1, 3, '[3]', '[1]', x'0102'",
      "2, 1, 2, '[1]', '[1]', x'0102'",
      "2, 1, 2, '[2]', '[1,1]', x'0102'",
      "2, 2, 2, '[1,1]', '[2,0]', x'0102'",
      "2, 2, 2, '[3,-1]', '[1,1]', x'0102'",
      "2, 1, 2, '[\"2\"]', '[1]', x'0102'",
      "2, 1, 2, '[2.0]', '[1]', x'0102'",
      "2, 1, 2, '{\"a\":2}', '[1]', x'0102'",
      "2, 1, 2, '[2', '[1]', x'0102'",
      "2, 1, 2, '', '[1]', x'0102'",
      "2, 1, 2, NULL, '[1]', x'0102'",
      "2, 1, 2, '[2]', '[1]', NULL",
      "2, 1, 2, '[2]', '[1]', 'ab'",
      "'two', 1, 2, '[2]', '[1]', x'0102'",
      "2, 'one', 2, '[2]', '[1]', x'0102'",
      "2, 1, 64513, '[64513]', '[1]', zeroblob(64513)",
      "2, 1, 0, '[0]', '[1]', x''",
    ];
    for (const values of refused)
      expect(attempt(raw, insert(values)), values).toMatch(/^SQLITE_(CONSTRAINT|ERROR|MISMATCH)/);
    expect(await verifyLog(storage)).toBe(2);
    expect(attempt(raw, insert("2, 1, 2, '[2]', '[1]', x'0102'"))).toBe('done');
  });

  it('beside the log of a wrong type or of malformed JSON is refused too [SQL-03]', async () => {
    const folder = makeFolder();
    await openIn(folder);
    const raw = openRaw(folder);
    const refused = [
      "INSERT INTO marks VALUES ('a', '{')",
      "INSERT INTO marks VALUES ('a', NULL)",
      "INSERT INTO marks VALUES ('a', x'31')",
      "INSERT INTO findings VALUES (1, 'a', '[]', x'')",
      "INSERT INTO findings VALUES (2, 'a', '{}', x'')",
      "INSERT INTO findings VALUES (1, 'a', '{}', 'text')",
      "INSERT INTO identities VALUES (1, 'r', 't', x'00', zeroblob(48), 'now')",
      "INSERT INTO identities VALUES (2, 'r', 't', zeroblob(32), zeroblob(48), 'now')",
      'INSERT INTO directory VALUES (1, 0)',
      'INSERT INTO snapshots VALUES (1.5, NULL)',
      "INSERT INTO snapshots VALUES ('a', 'text')",
    ];
    for (const each of refused) expect(attempt(raw, each), each).toMatch(/^SQLITE_(CONSTRAINT|ERROR)/);
  });
});

describe('whoever has the key and drops a trigger', () => {
  it('is found out at the next opening; what was recorded can still be read, verified and exported [SQL-02]', async () => {
    const folder = makeFolder();
    const storage = await openIn(folder);
    await fillEverything(storage);
    const before = await contentOf(storage);
    await storage.close();
    const raw = openRaw(folder);
    const changes = [
      'DROP TRIGGER records_delete',
      'CREATE TRIGGER quiet AFTER INSERT ON records BEGIN DELETE FROM marks; END',
      'CREATE TABLE notes (text TEXT)',
    ];
    for (const change of changes) {
      expect(attempt(raw, change)).toBe('done');
      expect(await settled(openIn(folder)), change).toEqual({ code: 'storage.corrupt' });
      const rescued = await sqliteStorage({ driver: nodeSqlite({ folder }), key: KEY }).rescue(NAME);
      expect(await contentOf(rescued)).toEqual(before);
      expect(await verifyLog(rescued)).toBe(12);
      await rescued.close();
    }
  });

  it('and damages a row is found out by whoever reads it [SQL-03]', async () => {
    const damages = [
      'bytes = NULL',
      "lengths = '[1]'",
      'count = 2',
      "lengths = '[1,1]', events = '[1,1]', count = 2",
      "events = '[2]'",
    ];
    for (const damage of damages) {
      const folder = makeFolder();
      const storage = await openIn(folder);
      await fill(storage, [10, 10, 10]);
      const raw = openRaw(folder);
      raw.exec('DROP TRIGGER records_update');
      raw.pragma('ignore_check_constraints = ON');
      raw.exec(`UPDATE records SET ${damage} WHERE at = 1`);
      const everything = storage.read(position(0), Number.MAX_SAFE_INTEGER);
      expect(await settled(everything), damage).toEqual({ code: 'storage.corrupt' });
      expect(await settled(storage.readAt([position(1)])), damage).toEqual({ code: 'storage.corrupt' });
      expect(await storage.size()).toBe(3);
    }
  });
});

describe('a database opened to be looked at', () => {
  it('gives everything and takes nothing, and one that is not there is not made [SQL-02]', async () => {
    const folder = makeFolder();
    const adapter = sqliteStorage({ driver: nodeSqlite({ folder }), key: KEY });
    expect(await settled(adapter.rescue(NAME))).toEqual({ code: 'storage.absent' });
    const storage = await openIn(folder);
    const writer = await fillEverything(storage);
    const rescued = await adapter.rescue(NAME);
    expect(await contentOf(rescued)).toEqual(await contentOf(storage));
    const finding = { identity: 'b', foundAt: '2026-01-01T00:00:00.000Z', code: 'chain.gap', sequence: 2 } as const;
    const writes: readonly (() => Promise<unknown>)[] = [
      async () => rescued.append({ expectedSize: size(12), commits: [await writer.seal()], marks: {} }),
      () => rescued.writeMarks({ cursor: 2 }),
      () => rescued.keepFinding(finding, Uint8Array.of(1)),
      () => rescued.writeSnapshot('view', Uint8Array.of(9)),
      async () => rescued.keepIdentity((await makeWriter()).identity, writer.identity.replica),
    ];
    for (const write of writes) expect(await settled(write())).toEqual({ code: 'storage.read-only' });
    expect(await contentOf(rescued)).toEqual(await contentOf(storage));
    await rescued.close();
    expect((await storage.append({ expectedSize: size(12), commits: [], marks: { cursor: 3 } })).kind).toBe('appended');
  });
});
