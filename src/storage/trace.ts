/** Where an append was tried and its answer did not come: what the log says became of it. Pure; each adapter reads by itself. */
import { LIMITS } from '../core/limits.ts';
import type { Size } from '../core/position.ts';
import { sameBytes } from '../crypto/bytes.ts';
import { type PackedCommits, unpackCommits } from './packing.ts';
import type { StoredRecord } from './port.ts';

/** What lies in the log at the place of an append: its own bytes, nothing, or something else. */
export type Trace = 'stored' | 'absent' | 'other';

/** What was to be appended, and the size of the log that it was meant for. */
export type Traced = { readonly packed: readonly PackedCommits[]; readonly expectedSize: Size };

/** How many bytes to read from `expectedSize` on, to see the whole of what was appended. */
export const traceBytes = ({ packed }: Traced): number =>
  packed.reduce((sum, { bytes }) => sum + bytes.length, 0) + LIMITS.recordBytesMax;

/** @param end the size of the log @param records those from the one that holds `expectedSize` on; not looked at unless `end` is beyond it */
export const traceIn = (
  { packed, expectedSize }: Traced,
  { end, records }: { readonly end: Size; readonly records: readonly StoredRecord[] },
): Trace => {
  if (end === expectedSize) return 'absent';
  if (end < expectedSize) return 'other';
  let at: number = records[0]?.position ?? 0;
  const found = records
    .flatMap(({ commits }) => commits)
    .filter(({ events }) => {
      at += events;
      return at > expectedSize;
    });
  const own = packed.flatMap(unpackCommits);
  return own.every((commit, index) => sameBytes(commit.bytes, found[index]?.bytes ?? new Uint8Array(0)))
    ? 'stored'
    : 'other';
};
