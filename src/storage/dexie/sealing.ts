/**
 * The rows of a layout before 3, brought under the key, a bounded step at a time.
 *
 * A step reads rows, seals them outside, opens what it has sealed to see that it is the same, and in one transaction puts
 * it where the plain rows still lie. So a kill leaves each row as it was or sealed; the next opening goes on; connections
 * that do the same at once do no harm. A row that cannot be read stays as it is, to be reported where it lies. Laws: "an
 * upgrade whose n-th step fails: all is there, as it was"; "after an upgrade no row is plain".
 */
import { invariant, isStoreError, StoreError } from '../../core/errors.ts';
import { isRecord } from '../../core/json.ts';
import { sameBytes } from '../../crypto/bytes.ts';
import type { Cipher, SideTable } from './cipher.ts';
import { type Frame, frameOf, isStub, type LogTable, type RecordRow } from './rows.ts';
import {
  readFindingRow,
  readIdentityRow,
  readMarkRow,
  readSnapshotRow,
  sealFinding,
  sealIdentityAt,
  sealMark,
  sealSnapshot,
} from './sideRows.ts';
import { ask, askAll, reading, writing } from './transaction.ts';

const LOG: readonly LogTable[] = ['records', 'segments'];
const SIDE: readonly SideTable[] = ['identity', 'marks', 'findings', 'snapshots'];
/** Rows of one step: full ones are some 2 MiB. */
const STEP_ROWS = 32;

export type SealingParts = {
  readonly native: IDBDatabase;
  readonly keyRange: typeof IDBKeyRange;
  readonly cipher: Cipher;
  readonly durability: 'strict' | 'relaxed';
  /** Makes one call of bounded length on the database. */
  readonly step: <T>(call: Promise<T>) => Promise<T>;
  readonly onProgress: (progress: { readonly done: number; readonly total: number }) => void;
};

type TableName = LogTable | SideTable;
type Row = { readonly key: IDBValidKey; readonly value: unknown };
/** A plain row's key, and what is to lie in its place. */
type Sealed = { readonly key: IDBValidKey; readonly row: object };

const TABLES: readonly TableName[] = [...LOG, ...SIDE];

const isDefined = <T>(value: T | undefined): value is T => value !== undefined;

const isPlain = (value: unknown): boolean => isRecord(value) && !('sealed' in value) && !isStub(value);

const sealLogRow = async (cipher: Cipher, table: LogTable, value: unknown): Promise<RecordRow> => {
  const frame: Frame = frameOf(value, true);
  if (!('plain' in frame.held)) throw new StoreError('storage.corrupt', { position: frame.at });
  const { plain } = frame.held;
  const row = await (table === 'records' ? cipher.sealRecord(plain) : cipher.sealSegment(plain, frame.keys));
  const [before, after] = [await cipher.openRow(table, frame), await cipher.openRow(table, frameOf(row, false))];
  const isSame = before.record.commits.every(({ bytes, events }, at) => {
    const commit = after.record.commits[at];
    return commit !== undefined && commit.events === events && sameBytes(commit.bytes, bytes);
  });
  invariant(isSame && before.end === after.end, 'what was sealed opens as it was', { position: frame.at });
  return row;
};

const SIDE_ROWS: Readonly<Record<SideTable, (cipher: Cipher, row: Row) => Promise<object>>> = {
  identity: async (cipher, { key, value }) => sealIdentityAt(cipher, await readIdentityRow(cipher, value), String(key)),
  marks: async (cipher, { value }) => sealMark(cipher, ...(await readMarkRow(cipher, value))),
  findings: async (cipher, { value }) => {
    const { finding, evidence } = await readFindingRow(cipher, value);
    return sealFinding(cipher, finding, evidence);
  },
  snapshots: async (cipher, { key, value }) => sealSnapshot(cipher, String(key), await readSnapshotRow(cipher, value)),
};

/** The row sealed; undefined if it is sealed, a stub, or cannot be read. */
const sealRow = async (cipher: Cipher, table: TableName, row: Row): Promise<Sealed | undefined> => {
  if (!isPlain(row.value)) return undefined;
  try {
    const sealed =
      table === 'records' || table === 'segments'
        ? await sealLogRow(cipher, table, row.value)
        : await SIDE_ROWS[table](cipher, row);
    return { key: row.key, row: sealed };
  } catch (error) {
    if (isStoreError(error, 'storage.corrupt')) return undefined;
    throw error;
  }
};

const rowsIn = async (store: IDBObjectStore, range: IDBKeyRange | null, count?: number): Promise<readonly Row[]> => {
  const [[keys = []], [values = []]] = await Promise.all([
    askAll([() => store.getAllKeys(range, count)]),
    askAll([() => store.getAll(range, count)]),
  ]);
  return keys.map((key, at) => ({ key, value: values[at] }));
};

const readStep = async (
  { native, keyRange }: SealingParts,
  table: TableName,
  after: IDBValidKey | undefined,
): Promise<readonly Row[]> => {
  const range = after === undefined ? null : keyRange.lowerBound(after, true);
  return reading(native, [table], (transaction) => rowsIn(transaction.objectStore(table), range, STEP_ROWS));
};

/** Puts sealed rows where plain ones lie still. A keyed name that is taken has a newer value already. */
const writeStep = (
  { native, keyRange, durability }: SealingParts,
  table: TableName,
  {
    first,
    last,
    sealed,
  }: { readonly first: IDBValidKey; readonly last: IDBValidKey; readonly sealed: readonly Sealed[] },
): Promise<void> =>
  writing(native, { tables: [table], durability }, async (transaction) => {
    const store = transaction.objectStore(table);
    const present = new Map((await rowsIn(store, keyRange.bound(first, last))).map(({ key, value }) => [key, value]));
    for (const { key, row } of sealed) {
      if (!isPlain(present.get(key))) continue;
      if (table === 'findings') store.put(row, key);
      else if ('name' in row && typeof row.name === 'string') {
        store.delete(key);
        if ((await ask(store.getKey(row.name))) === undefined) store.put(row);
      } else store.put(row);
    }
  });

const countRows = ({ native }: SealingParts): Promise<number> =>
  reading(native, TABLES, async (transaction) => {
    const counts = await askAll(TABLES.map((name) => () => transaction.objectStore(name).count()));
    return counts.reduce((sum, each) => sum + each, 0);
  });

/** Goes through every row once; gives how many were to be sealed. */
const sealOnce = async (parts: SealingParts): Promise<number> => {
  const { cipher, step, onProgress } = parts;
  const total = await step(countRows(parts));
  let done = 0;
  let count = 0;
  for (const table of TABLES) {
    for (let after: IDBValidKey | undefined; ; ) {
      const rows = await step(readStep(parts, table, after));
      const sealed = (await Promise.all(rows.map((row) => sealRow(cipher, table, row)))).filter(isDefined);
      const [first, last] = [rows[0]?.key, rows.at(-1)?.key];
      if (first !== undefined && last !== undefined && sealed.length > 0)
        await step(writeStep(parts, table, { first, last, sealed }));
      done += rows.length;
      count += sealed.length;
      if (rows.length > 0) onProgress({ done: Math.min(done, total), total });
      after = last;
      if (rows.length < STEP_ROWS) break;
    }
  }
  return count;
};

/**
 * Seals every row that can be read, and looks whether it is: a connection may say that it has written what it has not.
 * @throws StoreError `storage.*`; what was sealed until then stays so
 */
export const sealRows = async (parts: SealingParts): Promise<void> => {
  const quietly = { ...parts, onProgress: () => undefined };
  if ((await sealOnce(parts)) > 0 && (await sealOnce(quietly)) > 0) throw new StoreError('storage.connection-lost');
};
