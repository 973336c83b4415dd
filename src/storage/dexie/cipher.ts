/**
 * How rows are sealed and opened: which bytes of a row bind it to its place, and which names are keyed.
 *
 * WebCrypto answers outside of transactions only: rows are sealed before one begins and opened after it has ended. A row
 * that does not open is told as `storage.corrupt` with its place, and its bytes are noted as damage, for a finding.
 * Laws: `atRest.laws`; "an altered, swapped, cut or foreign row is reported with its place, and its bytes are kept".
 */
import { type DirectoryKey, directoryKey } from '../../core/ids.ts';
import type { AtRest, SealPlace } from '../../crypto/atRest.ts';
import { setSequence, toBase64, utf8 } from '../../crypto/bytes.ts';
import type { PackedCommits } from '../packing.ts';
import {
  type Bytes,
  corruptAt,
  encodeCommits,
  type Frame,
  type LogTable,
  type ReadRow,
  type RecordRow,
  readOpened,
  type SegmentRow,
} from './rows.ts';

export type SideTable = 'marks' | 'findings' | 'identity' | 'snapshots';

/** A row that did not open: where it lies, and what lies there. `at` is 0 beside the log. */
export type Damage = { readonly table: LogTable | SideTable; readonly at: number; readonly sealed: Bytes };

export type Cipher = {
  /** True where rows of a layout before 3 are read as they are: for a rescue, and until an upgrade is through. */
  readonly readsPlain: boolean;
  readonly sealRecord: (packed: PackedCommits) => Promise<RecordRow>;
  /** `keys`: of the directory, as the port has them. */
  readonly sealSegment: (packed: PackedCommits, keys: readonly number[]) => Promise<SegmentRow>;
  /** @throws StoreError `storage.corrupt` with the position */
  readonly openRow: (table: LogTable, frame: Frame) => Promise<ReadRow>;
  /** What a key of the directory is called in the database. */
  readonly directoryKeys: (key: DirectoryKey) => readonly number[];
  /** What a name is called in the database; the plain one after it, where that is read. */
  readonly namesOf: (table: SideTable, name: string) => readonly [string, ...string[]];
  readonly sealValue: (table: SideTable, key: string, bytes: Bytes) => Promise<Bytes>;
  /** Undefined if it does not open. */
  readonly openValue: (table: SideTable, key: string, sealed: Bytes) => Promise<Bytes | undefined>;
  /** The damage met since it was last asked for. */
  readonly takeDamage: () => readonly Damage[];
  /** Lets go of every key. */
  readonly end: () => void;
};

const NAME_BYTES = 16;
const DIRECTORY_BYTES = 6;
/** Damage noted at once: what is beyond is met again when it is read again. */
const DAMAGE_MAX = 16;

const numbers = (values: readonly number[]): Bytes => {
  const bytes = new Uint8Array(8 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) setSequence(view, 8 * index, value);
  return bytes;
};

type RowPlace = { readonly at: number; readonly end: number; readonly keys: readonly number[] };

const rowPlace = (table: LogTable, { at, end, keys }: RowPlace): SealPlace => ({
  table,
  key: numbers([at, end, ...keys]),
});

const valuePlace = (table: SideTable, key: string): SealPlace => ({ table, key: utf8(key) });

/** The directory of one database: a name of 48 bits for each key, which shows nothing of it. */
const keyedDirectory = ({ nameHash }: AtRest) => {
  return (key: DirectoryKey): number => {
    const digest = nameHash('directory', numbers([key]));
    const view = new DataView(digest.buffer, digest.byteOffset);
    return directoryKey(view.getUint32(0) * 65_536 + view.getUint16(DIRECTORY_BYTES - 2));
  };
};

/** Seals under the keys of one database. */
export const cipherOver = (atRest: AtRest, readsPlain: boolean): Cipher => {
  const directory = keyedDirectory(atRest);
  let damage: Damage[] = [];
  const note = (met: Damage) => {
    if (damage.length < DAMAGE_MAX) damage.push(met);
  };
  const nameOf = (table: SideTable, name: string): string =>
    toBase64(atRest.nameHash(table, utf8(name)).subarray(0, NAME_BYTES));
  return {
    readsPlain,
    sealRecord: async (packed) => {
      const place = { at: packed.at, end: packed.at + packed.count };
      const sealed = await atRest.seal(rowPlace('records', { ...place, keys: [] }), encodeCommits(packed));
      return { ...place, sealed };
    },
    sealSegment: async (packed, keys) => {
      const keyed = [...new Set(keys.map((key) => directory(directoryKey(key))))].sort((a, b) => a - b);
      const place = { at: packed.at, end: packed.at + packed.count, keys: keyed };
      return { ...place, sealed: await atRest.seal(rowPlace('segments', place), encodeCommits(packed)) };
    },
    openRow: async (table, frame) => {
      if ('plain' in frame.held) return readOpened(frame, undefined);
      const { sealed } = frame.held;
      try {
        return readOpened(frame, await atRest.open(rowPlace(table, frame), sealed));
      } catch (error) {
        note({ table, at: frame.at, sealed });
        throw error;
      }
    },
    directoryKeys: (key) => (readsPlain ? [directory(key), key] : [directory(key)]),
    namesOf: (table, name) => (readsPlain ? [nameOf(table, name), name] : [nameOf(table, name)]),
    sealValue: (table, key, bytes) => atRest.seal(valuePlace(table, key), bytes),
    openValue: async (table, key, sealed) => {
      const opened = await atRest.open(valuePlace(table, key), sealed);
      if (opened === undefined) note({ table, at: 0, sealed });
      return opened;
    },
    takeDamage: () => {
      const taken = damage;
      damage = [];
      return taken;
    },
    end: atRest.end,
  };
};

const cannotSeal = async (): Promise<never> => {
  throw corruptAt(0, 'keys');
};

/** Reads a database of a layout before 3 as it is; seals nothing. */
export const PLAIN: Cipher = {
  readsPlain: true,
  sealRecord: cannotSeal,
  sealSegment: cannotSeal,
  openRow: async (_, frame) => readOpened(frame, undefined),
  directoryKeys: (key) => [key],
  namesOf: (_, name) => [name],
  sealValue: cannotSeal,
  openValue: async () => undefined,
  takeDamage: () => [],
  end: () => undefined,
};
