/**
 * The tables and the triggers that keep them append-only. Layout 1.
 *
 * Held inside the database, against every connection that has the key (law: `sqliteAppendOnly`):
 *  - a record is inserted where the log ends, whole and consistent with its own counts, and nowhere else;
 *  - records, segments, directory, identities and findings are never deleted and never replaced;
 *  - the one change of a record is that its bytes give way to a segment which holds the same bytes: inserting the segment
 *    compares them and clears the records it covers, in one statement;
 *  - a segment covers whole unpacked records from where the segments end, and never the newest record.
 * Whoever has the key can also drop a trigger: then opening finds a layout that is not this one, and the chain shows what
 * was done.
 *
 * Statements are compared with the database's own text of them: changing a character here makes a new layout.
 */
import { IMMUTABLE } from './failures.ts';

export const LAYOUT = 1;
/** "INDL": marks the file as one of this library. */
export const APPLICATION_ID = 0x49_4e_44_4c;

/** Columns of a row that holds commits back to back; `lengths` and `events` have a number for each commit. */
const PACKED_COLUMNS = `
  at INTEGER PRIMARY KEY,
  count INTEGER NOT NULL,
  size INTEGER NOT NULL,
  lengths TEXT NOT NULL,
  events TEXT NOT NULL,`;

const PACKED_CHECKS = `
  CHECK (at >= 0 AND count >= 1 AND at <= 9007199254740991 - count),
  CHECK (size BETWEEN 1 AND 64512),
  CHECK (json_valid(lengths) AND json_type(lengths) = 'array' AND json_array_length(lengths) BETWEEN 1 AND count),
  CHECK (json_valid(events) AND json_type(events) = 'array' AND json_array_length(events) = json_array_length(lengths))`;

const TABLES = [
  `CREATE TABLE records (${PACKED_COLUMNS}
  bytes BLOB,${PACKED_CHECKS},
  CHECK (bytes IS NULL OR length(bytes) = size)
) STRICT`,
  `CREATE TABLE segments (${PACKED_COLUMNS}
  bytes BLOB NOT NULL,${PACKED_CHECKS},
  CHECK (length(bytes) = size)
) STRICT`,
  `CREATE TABLE directory (
  key INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (key, at),
  CHECK (key BETWEEN 0 AND 281474976710655)
) STRICT, WITHOUT ROWID`,
  `CREATE TABLE identities (
  number INTEGER PRIMARY KEY,
  replica TEXT NOT NULL UNIQUE,
  tenant TEXT NOT NULL,
  publicKey BLOB NOT NULL,
  privateKey BLOB NOT NULL,
  createdAt TEXT NOT NULL,
  CHECK (length(publicKey) = 32 AND length(privateKey) BETWEEN 32 AND 1024)
) STRICT`,
  `CREATE TABLE findings (
  number INTEGER PRIMARY KEY,
  identity TEXT NOT NULL UNIQUE,
  finding TEXT NOT NULL,
  evidence BLOB NOT NULL,
  CHECK (json_valid(finding) AND json_type(finding) = 'object')
) STRICT`,
  `CREATE TABLE marks (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  CHECK (json_valid(value))
) STRICT`,
  `CREATE TABLE snapshots (
  name TEXT PRIMARY KEY,
  bytes BLOB NOT NULL
) STRICT`,
] as const;

const refuseWhere = (condition: string): string => `  SELECT RAISE(ABORT, '${IMMUTABLE}') WHERE ${condition};`;

/** Refused unless true; a comparison with nothing counts as false. */
const refuseUnless = (condition: string): string => refuseWhere(`(${condition}) IS NOT 1`);

const trigger = (name: string, event: string, body: readonly string[]): string =>
  [`CREATE TRIGGER ${name} ${event} BEGIN`, ...body, 'END'].join('\n');

const neverDeleted = (table: string): string =>
  trigger(`${table}_delete`, `BEFORE DELETE ON ${table}`, [`  SELECT RAISE(ABORT, '${IMMUTABLE}');`]);

const neverUpdated = (table: string): string =>
  trigger(`${table}_update`, `BEFORE UPDATE ON ${table}`, [`  SELECT RAISE(ABORT, '${IMMUTABLE}');`]);

const endOf = (table: string): string => `coalesce((SELECT at + count FROM ${table} ORDER BY at DESC LIMIT 1), 0)`;

/** Whole numbers from 1 on that add up to `sum`. */
const addsUp = (list: string, sum: string): string =>
  `SELECT sum(value) = ${sum} AND min(value) >= 1 AND sum(type <> 'integer') = 0 FROM json_each(${list})`;

const covered = 'at >= NEW.at AND at < NEW.at + NEW.count';

/** The lists of the covered records, one after the other. */
const joined = (list: string): string =>
  `SELECT json_group_array(value) FROM (SELECT each.value FROM records, json_each(records.${list}) AS each ` +
  `WHERE records.at >= NEW.at AND records.at < NEW.at + NEW.count ORDER BY records.at, each.key)`;

const TRIGGERS = [
  trigger('records_insert', 'BEFORE INSERT ON records', [
    refuseUnless(`NEW.at = ${endOf('records')}`),
    refuseUnless('length(NEW.bytes) = NEW.size'),
    refuseUnless(addsUp('NEW.lengths', 'NEW.size')),
    refuseUnless(addsUp('NEW.events', 'NEW.count')),
  ]),
  trigger('records_update', 'BEFORE UPDATE ON records', [
    refuseUnless('NEW.at = OLD.at AND NEW.count = OLD.count AND NEW.size = OLD.size'),
    refuseUnless('NEW.lengths = OLD.lengths AND NEW.events = OLD.events AND NEW.bytes IS NULL'),
    refuseUnless(`SELECT at + count >= OLD.at + OLD.count FROM segments WHERE at <= OLD.at ORDER BY at DESC LIMIT 1`),
  ]),
  neverDeleted('records'),
  trigger('segments_insert', 'BEFORE INSERT ON segments', [
    refuseUnless(`NEW.at = ${endOf('segments')}`),
    refuseUnless('NEW.at + NEW.count <= (SELECT at FROM records ORDER BY at DESC LIMIT 1)'),
    refuseUnless(
      `SELECT sum(count) = NEW.count AND sum(size) = NEW.size AND sum(bytes IS NULL) = 0 FROM records WHERE ${covered}`,
    ),
    refuseWhere(
      'EXISTS (SELECT 1 FROM (SELECT bytes, size, sum(size) OVER (ORDER BY at) - size AS start ' +
        `FROM records WHERE ${covered}) AS own WHERE substr(NEW.bytes, own.start + 1, own.size) <> own.bytes)`,
    ),
    refuseUnless(`NEW.lengths = (${joined('lengths')})`),
    refuseUnless(`NEW.events = (${joined('events')})`),
  ]),
  trigger('segments_clear', 'AFTER INSERT ON segments', [`  UPDATE records SET bytes = NULL WHERE ${covered};`]),
  neverUpdated('segments'),
  neverDeleted('segments'),
  trigger('directory_insert', 'BEFORE INSERT ON directory', [
    refuseUnless('EXISTS (SELECT 1 FROM segments WHERE at = NEW.at)'),
  ]),
  neverUpdated('directory'),
  neverDeleted('directory'),
  ...(['identities', 'findings'] as const).flatMap((table) => [
    trigger(`${table}_insert`, `BEFORE INSERT ON ${table}`, [
      refuseUnless(`NEW.number = (SELECT coalesce(max(number), 0) + 1 FROM ${table})`),
      table === 'identities'
        ? refuseWhere('EXISTS (SELECT 1 FROM identities WHERE replica = NEW.replica)')
        : refuseWhere('EXISTS (SELECT 1 FROM findings WHERE identity = NEW.identity)'),
    ]),
    neverUpdated(table),
    neverDeleted(table),
  ]),
] as const;

/** Every statement of the layout, in the order in which they are run. */
export const STATEMENTS: readonly string[] = [...TABLES, ...TRIGGERS];
