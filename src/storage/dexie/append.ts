/**
 * The append: one transaction on the browser's own connection, which adds rows and never replaces one.
 *
 * `add` of a row whose position is taken fails the transaction, so the key clash is the comparison with the expected
 * size, and the head is not read. That holds for a size that this log once had: the row at that position starts there
 * or does not exist yet. Any other expected size is compared with the last row inside the transaction.
 * Why not through Dexie: `docs/decisions/0003-append-through-the-raw-connection.md`.
 */
import type { Size } from '../../core/position.ts';
import type { Marks } from '../port.ts';
import { abortIfAlive } from './abort.ts';
import { isNamed } from './failures.ts';
import { type RecordRow, sizeAfter } from './rows.ts';

export type Append = {
  readonly rows: readonly RecordRow[];
  readonly marks: Marks;
  readonly expectedSize: Size;
  /** True if the log is known to have had the expected size. */
  readonly wasSize: boolean;
  readonly durability: 'strict' | 'relaxed';
};

export type Written = { readonly kind: 'written' } | { readonly kind: 'conflict' };

const WRITTEN: Written = { kind: 'written' };
const CONFLICT: Written = { kind: 'conflict' };

const begin = (database: IDBDatabase, { marks, durability }: Append): IDBTransaction => {
  const tables = Object.keys(marks).length === 0 ? 'records' : ['records', 'marks'];
  return database.transaction(tables, 'readwrite', { durability });
};

/** Everything is asked for at once; the transaction is told that nothing more will come. */
const write = (transaction: IDBTransaction, { rows, marks }: Append): void => {
  if (rows.length > 0) {
    const records = transaction.objectStore('records');
    for (const row of rows) records.add(row);
  }
  for (const [name, value] of Object.entries(marks)) transaction.objectStore('marks').put({ name, value });
  transaction.commit();
};

/** Runs one append; resolves when its transaction is complete. Rejects with what IndexedDB says; then nothing is stored. */
export const writeAppend = (database: IDBDatabase, append: Append): Promise<Written> =>
  new Promise((resolve, reject) => {
    const transaction = begin(database, append);
    let end: () => void = () => reject(transaction.error ?? new DOMException('', 'AbortError'));
    transaction.oncomplete = () => resolve(WRITTEN);
    transaction.onabort = () => (isNamed(transaction.error, 'ConstraintError') ? resolve(CONFLICT) : end());
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
    if (append.wasSize && append.rows.length > 0) {
      attempt(() => write(transaction, append));
      return;
    }
    const last = transaction.objectStore('records').openCursor(null, 'prev');
    last.onsuccess = () =>
      attempt(() => {
        if (sizeAfter(last.result?.value) === append.expectedSize) write(transaction, append);
        else abort(() => resolve(CONFLICT));
      });
  });
