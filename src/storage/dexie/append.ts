/**
 * The append: one transaction on the browser's own connection, which adds rows and never replaces one.
 *
 * `add` of a row whose position is taken fails the transaction, so the key clash is the comparison with the expected
 * size, and the head is not read. That holds for a size that this log once had, while nobody sweeps: the row or stub at
 * that position starts there or does not exist yet. Any other expected size is compared with the last row inside the
 * transaction.
 * Why not through Dexie: `docs/decisions/0003-append-through-the-raw-connection.md`.
 */
import { StoreError } from '../../core/errors.ts';
import { type Size, size } from '../../core/position.ts';
import { abortIfAlive } from './abort.ts';
import { isNamed } from './failures.ts';
import { type RecordRow, sizeAfter } from './rows.ts';
import type { ValueRow } from './sideRows.ts';

export type Append = {
  readonly rows: readonly RecordRow[];
  readonly marks: readonly ValueRow[];
  readonly expectedSize: Size;
  /** True if the log is known to have had the expected size, and nobody can have taken its key away since. */
  readonly wasSize: boolean;
  readonly durability: 'strict' | 'relaxed';
};

export type Written = { readonly kind: 'written' } | { readonly kind: 'conflict' };

const WRITTEN: Written = { kind: 'written' };
const CONFLICT: Written = { kind: 'conflict' };

/** True if the key clash will tell; false if the last row has to. */
const canClash = ({ rows, wasSize }: Append): boolean => wasSize && rows.length > 0;

const begin = (database: IDBDatabase, append: Append): IDBTransaction => {
  const tables = canClash(append) ? ['records'] : ['records', 'segments'];
  if (append.marks.length > 0) tables.push('marks');
  return database.transaction(tables, 'readwrite', { durability: append.durability });
};

const ask = (transaction: IDBTransaction, { rows, marks }: Append): readonly IDBRequest[] => [
  ...rows.map((row) => transaction.objectStore('records').add(row)),
  ...marks.map((mark) => transaction.objectStore('marks').put(mark)),
];

/**
 * How a transaction under way ends. `failed` has the error of its first request that failed: Firefox completes a transaction
 * that was told to commit before a request of it failed, and WebKit aborts it without saying why.
 */
type Ending = {
  readonly attempt: (work: () => void) => void;
  readonly abort: (then: () => void) => void;
  readonly failed: (error: DOMException | null) => void;
};

/**
 * Everything is asked for at once, and the transaction is told that nothing more will come: at once where one request is all
 * there is, and otherwise when the last one has succeeded, because Firefox keeps what the others of it wrote.
 */
const write = (transaction: IDBTransaction, append: Append, { attempt, failed }: Ending): void => {
  const requests = ask(transaction, append);
  for (const request of requests) request.onerror = () => failed(request.error);
  const last = requests.at(-1);
  if (last === undefined || requests.length === 1) transaction.commit();
  else last.onsuccess = () => attempt(() => transaction.commit());
};

/** Goes on where the log is empty. Segments without a record after them are a log that lost its end. */
const ifNothingIsPacked = (transaction: IDBTransaction, { attempt }: Ending, goOn: () => void): void => {
  const first = transaction.objectStore('segments').openKeyCursor();
  first.onsuccess = () =>
    attempt(() => {
      if (first.result !== null) throw new StoreError('storage.corrupt', { what: 'newest record' });
      goOn();
    });
};

/** Runs one append; resolves when its transaction is complete. Rejects with what IndexedDB says; then nothing is stored. */
export const writeAppend = (database: IDBDatabase, append: Append): Promise<Written> =>
  new Promise((resolve, reject) => {
    const transaction = begin(database, append);
    let failure: DOMException | null = null;
    let end: (() => void) | undefined;
    const fail = () => {
      const causes = [transaction.error, failure];
      if (causes.some((cause) => isNamed(cause, 'ConstraintError'))) resolve(CONFLICT);
      else if (end !== undefined) end();
      else reject(transaction.error ?? failure ?? new DOMException('', 'AbortError'));
    };
    transaction.oncomplete = () => (failure === null ? resolve(WRITTEN) : fail());
    transaction.onabort = fail;
    const abort = (then: () => void) => {
      if (abortIfAlive(transaction)) end = then;
    };
    const attempt = (work: () => void) => {
      try {
        work();
      } catch (error) {
        abort(() => reject(error));
      }
    };
    const failed = (error: DOMException | null) => {
      failure ??= error;
    };
    const ending: Ending = { attempt, abort, failed };
    if (canClash(append)) {
      attempt(() => write(transaction, append, ending));
      return;
    }
    const compare = (head: Size) => {
      if (head === append.expectedSize) write(transaction, append, ending);
      else abort(() => resolve(CONFLICT));
    };
    const last = transaction.objectStore('records').openCursor(null, 'prev');
    last.onsuccess = () =>
      attempt(() => {
        if (last.result !== null) compare(sizeAfter(last.result.value, false));
        else ifNothingIsPacked(transaction, ending, () => compare(size(0)));
      });
  });
