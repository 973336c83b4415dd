/**
 * Where a page that cannot be read stands in the log. SQLite says only that there is one, and answers nothing more in that
 * transaction: so each question is one of its own. Law: `sqliteDamage`.
 */
import type { Finding } from '../../core/commit.ts';
import { isStoreError, StoreError } from '../../core/errors.ts';
import type { SqlRow, SqlValue } from './driver.ts';
import { endOf } from './rows.ts';

/** Asks one question by itself. @throws StoreError `storage.corrupt` where a page cannot be read */
export type Ask = (sql: string, values: readonly SqlValue[]) => Promise<readonly SqlRow[]>;

const SIZE = 'SELECT at, count FROM records ORDER BY at DESC LIMIT 1';
const PACKED = 'SELECT at, count FROM segments ORDER BY at DESC LIMIT 1';
/** A row without what may lie on further pages, and with it. */
const BARE = { records: 'SELECT at, count FROM records', segments: 'SELECT at, count FROM segments' } as const;
const FULL = {
  records: 'SELECT at, count, bytes FROM records',
  segments: 'SELECT at, count, bytes FROM segments',
} as const;
const FROM = 'WHERE at >= ? ORDER BY at LIMIT 1';
const HOLDING = 'WHERE at <= ? ORDER BY at DESC LIMIT 1';

const UNREADABLE = Symbol('unreadable');

const tried = async (ask: Ask, sql: string, values: readonly SqlValue[]) => {
  try {
    return (await ask(sql, values))[0];
  } catch (error) {
    if (isStoreError(error, 'storage.corrupt')) return UNREADABLE;
    throw error;
  }
};

/** A table up to where it ends. */
type Stretch = { readonly table: 'records' | 'segments'; readonly end: number };

/** Where the table goes on behind a page that cannot be read: looked for in steps that double, then between the last two. */
const goesOnAt = async (ask: Ask, { table, end }: Stretch, from: number): Promise<number | undefined> => {
  const isUnreadable = async (at: number) => (await tried(ask, `${BARE[table]} ${FROM}`, [at])) === UNREADABLE;
  let [bad, step] = [from, 1];
  while (bad + step < end && (await isUnreadable(bad + step))) {
    bad += step;
    step *= 2;
  }
  let good = Math.min(bad + step, end - 1);
  while (good - bad > 1) {
    const middle = Math.floor((bad + good) / 2);
    if (await isUnreadable(middle)) bad = middle;
    else good = middle;
  }
  const found = await tried(ask, `${BARE[table]} ${FROM}`, [good]);
  return found === UNREADABLE || typeof found?.['at'] !== 'number' ? undefined : found['at'];
};

/** The first row from `start` on that cannot be read, and where the log goes on behind it; undefined if there is none. */
const firstDamaged = async (ask: Ask, stretch: Stretch, start: number) => {
  for (let at = start; at < stretch.end; ) {
    const bare = await tried(ask, `${BARE[stretch.table]} ${FROM}`, [at]);
    if (bare === UNREADABLE) return { position: at, end: await goesOnAt(ask, stretch, at) };
    if (bare === undefined || bare['at'] !== at) return undefined;
    const end = endOf(bare);
    if ((await tried(ask, `${FULL[stretch.table]} ${FROM}`, [at])) === UNREADABLE) return { position: at, end };
    at = end;
  }
  return undefined;
};

/** The row that holds a position; the position itself where that row cannot be read. */
const startOf = async (ask: Ask, { table }: Stretch, at: number): Promise<number> => {
  const row = await tried(ask, `${BARE[table]} ${HOLDING}`, [at]);
  return row === UNREADABLE || typeof row?.['at'] !== 'number' || endOf(row) <= at ? at : row['at'];
};

const sizeOf = ([row]: readonly SqlRow[]): number => (row === undefined ? 0 : endOf(row));

/**
 * The failure of a reading from `from` on, with the place of what could not be read.
 * @throws StoreError `storage.corrupt`, also where the table itself cannot be read
 */
export const placed = async (ask: Ask, from: number): Promise<StoreError> => {
  const packed = sizeOf(await ask(PACKED, []));
  const stretches: readonly Stretch[] = [
    { table: 'segments', end: packed },
    { table: 'records', end: sizeOf(await ask(SIZE, [])) },
  ];
  for (const stretch of stretches) {
    if (from >= stretch.end) continue;
    const start = stretch.table === 'records' && from < packed ? packed : await startOf(ask, stretch, from);
    const found = await firstDamaged(ask, stretch, start);
    if (found === undefined) continue;
    const { position, end } = found;
    return new StoreError('storage.corrupt', { position, what: 'page', ...(end === undefined ? {} : { end }) });
  }
  return new StoreError('storage.corrupt', { what: 'page' });
};

/** The finding of a record that does not read. Its bytes stay where they are: no row is ever changed or deleted. */
export const findingOf = ({ details }: StoreError): Finding | undefined => {
  const { position: at, what } = details;
  if (typeof at !== 'number') return undefined;
  return {
    identity: `storage.corrupt:log:${at}`,
    foundAt: new Date().toISOString(),
    code: 'storage.corrupt',
    sequence: at,
    ...(typeof what === 'string' ? { what } : {}),
  };
};
