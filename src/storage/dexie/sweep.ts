/**
 * Takes the stubs away that packing left behind. Only while no other connection can hold an old size: `presence.ts`.
 * What goes is checked to be a stub and to lie below the packed end; anything else stays and stops the sweep.
 */
import { packedEnd, type Source } from './log.ts';
import { isStub } from './rows.ts';
import { ask, writing } from './transaction.ts';

/** Stubs of one transaction: an append never waits for more. */
const BATCH_STUBS = 1_000;

/** Takes some stubs away; false if there are no more, or if what lies there is none. */
const sweepSome = ({ native, keyRange }: Source, durability: 'strict' | 'relaxed'): Promise<boolean> =>
  writing(native, { tables: ['segments', 'records'], durability }, async (transaction) => {
    const records = transaction.objectStore('records');
    const end = await packedEnd(transaction.objectStore('segments'));
    const rows: readonly unknown[] = await ask(records.getAll(keyRange.upperBound(end, true), BATCH_STUBS));
    const last = rows.at(-1);
    if (!isStub(last) || !rows.every(isStub)) return false;
    records.delete(keyRange.upperBound(last.at));
    return rows.length === BATCH_STUBS;
  });

/** Takes every stub away, a bounded number at a time. */
export const sweepStubs = async (source: Source, durability: 'strict' | 'relaxed'): Promise<void> => {
  while (await sweepSome(source, durability));
};
