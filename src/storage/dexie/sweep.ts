/**
 * Takes the stubs away that packing left behind, oldest first, a segment's all at once. Only while no other connection
 * can hold an old size: `presence.ts`. What goes is checked to be what that segment left; anything else stays and ends
 * the sweep.
 */
import { packedEnd, type SegmentPlace, segmentHolding, type Tables } from './log.ts';
import { isStub } from './rows.ts';
import { ask, reading, writing } from './transaction.ts';

const TABLES = ['segments', 'records'];
/** Segments of one transaction: an append never waits for more. */
const BATCH_SEGMENTS = 8;

type Places = readonly SegmentPlace[];

/** The segment that holds a position, and whether its stubs are there still. */
const lookAt = async ({ keyRange }: Tables, transaction: IDBTransaction, at: number) => {
  const segment = await segmentHolding(transaction.objectStore('segments'), keyRange, at);
  if (segment === undefined) return undefined;
  const stub = await ask(transaction.objectStore('records').getKey(segment.at));
  return { segment, hasStubs: stub !== undefined };
};

/** Where the oldest segment starts that has stubs; the packed end if none has. What is swept is so from the start on. */
const firstWithStubs = async (source: Tables, transaction: IDBTransaction): Promise<number> => {
  const end = await packedEnd(transaction.objectStore('segments'));
  const newest = end === 0 ? undefined : await lookAt(source, transaction, end - 1);
  if (newest?.hasStubs !== true) return end;
  let [swept, left] = [0, newest.segment.at];
  while (swept < left) {
    const middle = await lookAt(source, transaction, Math.floor((swept + left) / 2));
    if (middle === undefined) break;
    if (middle.hasStubs) left = middle.segment.at;
    else swept = middle.segment.end;
  }
  return left;
};

/** The next segments that have stubs, oldest first. */
const nextPlaces = (source: Tables): Promise<Places> =>
  reading(source.native, TABLES, async (transaction) => {
    const places: SegmentPlace[] = [];
    for (let at = await firstWithStubs(source, transaction); places.length < BATCH_SEGMENTS; ) {
      const found = await lookAt(source, transaction, at);
      if (found?.hasStubs !== true) break;
      places.push(found.segment);
      at = found.segment.end;
    }
    return places;
  });

/** Takes away what the segments left; false if something else lies there, which stays. */
const sweepPlaces = (
  { native, keyRange }: Tables,
  places: Places,
  durability: 'strict' | 'relaxed',
): Promise<boolean> =>
  writing(native, { tables: ['records'], durability }, async (transaction) => {
    const records = transaction.objectStore('records');
    for (const { at, end } of places) {
      const range = keyRange.bound(at, end, false, true);
      const rows: readonly unknown[] = await ask(records.getAll(range));
      if (!rows.every((row) => isStub(row) && row.into === at)) return false;
      records.delete(range);
    }
    return true;
  });

/** Takes a bounded number of stubs away; true if there may be more. */
export const sweepSome = async (source: Tables, durability: 'strict' | 'relaxed'): Promise<boolean> => {
  const places = await nextPlaces(source);
  return places.length > 0 && (await sweepPlaces(source, places, durability));
};
