/**
 * A storage whose reader gets past records that cannot be read. In the place of each stands one without bytes, so that every
 * position stays what it is; the adapter has kept the bytes as a finding. Writing is the storage's own.
 *
 * A record is passed only where the adapter says where it begins and ends. Law: `damaged.laws` (whichever record is damaged, all
 * others are read).
 */
import { isStoreError } from '../core/errors.ts';
import { type Position, position, type Size, size } from '../core/position.ts';
import type { CommitBytes, EventStorage, StoredRecord } from '../storage/port.ts';

/** A record that cannot be read: where its first event is, and the place after its last one. */
export type Damage = { readonly position: Position; readonly end: Size };

export type PastDamage = EventStorage & {
  /** What was met so far, in the order of the log. */
  readonly damage: () => readonly Damage[];
};

const NOTHING = new Uint8Array(0);

/** True for what stands in the place of commits that cannot be read: it has a number of events, and no bytes. */
export const isUnreadable = ({ bytes }: Pick<CommitBytes, 'bytes'>): boolean => bytes.length === 0;

const damageIn = (error: unknown): Damage | undefined => {
  if (!isStoreError(error, 'storage.corrupt')) return undefined;
  const { position: at, end } = error.details;
  const isPlaced = typeof at === 'number' && typeof end === 'number' && end > at;
  return isPlaced ? { position: position(at), end: size(end) } : undefined;
};

const standIn = ({ position: at, end }: Damage): StoredRecord => ({
  position: at,
  commits: [{ bytes: NOTHING, events: end - at }],
});

const endOf = ({ position: at, commits }: StoredRecord): number =>
  commits.reduce<number>((end, { events }) => end + events, at);

const bytesOf = ({ commits }: StoredRecord): number => commits.reduce((sum, { bytes }) => sum + bytes.length, 0);

/** Notes the damage that a failed call tells of. @throws the error, if it tells of none */
type Note = (error: unknown) => Damage;

/** Whole records from one on, each by itself, up to where the damage begins. */
const readUpTo = async (storage: EventStorage, from: number, end: number): Promise<readonly StoredRecord[]> => {
  const found: StoredRecord[] = [];
  for (let next = from; next < end; ) {
    const [record] = await storage.read(position(next), 1);
    if (record === undefined) return found;
    found.push(record);
    next = endOf(record);
  }
  return found;
};

const readerOf =
  (storage: EventStorage, note: Note): EventStorage['read'] =>
  async (from, bytesMax) => {
    const found: StoredRecord[] = [];
    let next: number = from;
    let bytes = 0;
    const add = (records: readonly StoredRecord[]) => {
      for (const record of records) {
        if (found.length > 0 && bytes >= bytesMax) return;
        found.push(record);
        bytes += bytesOf(record);
        next = endOf(record);
      }
    };
    do {
      try {
        add(await storage.read(position(next), bytesMax - bytes));
        return found;
      } catch (error) {
        const damage = note(error);
        if (damage.end <= next) throw error; // it leads nowhere
        add(await readUpTo(storage, next, damage.position));
        if (bytes < bytesMax || found.length === 0) add([standIn(damage)]);
      }
    } while (bytes < bytesMax);
    return found;
  };

const readerAtOf =
  (storage: EventStorage, note: Note): EventStorage['readAt'] =>
  async (positions) => {
    const readOne = async (at: Position): Promise<readonly StoredRecord[]> => {
      try {
        return await storage.readAt([at]);
      } catch (error) {
        return [standIn(note(error))];
      }
    };
    try {
      return await storage.readAt(positions);
    } catch (error) {
      note(error);
      const records = new Map<number, StoredRecord>();
      for (const at of positions) for (const record of await readOne(at)) records.set(record.position, record);
      return [...records.values()].sort((first, second) => first.position - second.position);
    }
  };

/** Reads `storage` past its damaged records. */
export const pastDamage = (storage: EventStorage): PastDamage => {
  const met = new Map<number, Damage>();
  const note: Note = (error) => {
    const damage = damageIn(error);
    if (damage === undefined) throw error;
    met.set(damage.position, damage);
    return damage;
  };
  return {
    ...storage,
    read: readerOf(storage, note),
    readAt: readerAtOf(storage, note),
    damage: () => [...met.values()].sort((first, second) => first.position - second.position),
  };
};
