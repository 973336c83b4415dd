/**
 * The work of upkeep itself: packs small records and writes the kept states. Loaded when it is first due; `upkeep.ts` says
 * when that is, and has the invariants.
 */
import type { Fault } from '../core/commit.ts';
import { isStoreError, StoreError } from '../core/errors.ts';
import { type Size, size } from '../core/position.ts';
import type { EventStorage } from '../storage/port.ts';
import type { AggregateStates } from './aggregateState.ts';
import type { Log } from './log.ts';
import { directoryOf } from './packedKeys.ts';
import { NONE_PENDING, type Pending } from './pending.ts';
import type { Scan } from './scan.ts';
import { REBUILD_NAME, SNAPSHOT_NAME, type Snapshot, type SnapshotNames } from './snapshot.ts';
import { encodeSnapshot } from './snapshotWriting.ts';
import type { KnownStates } from './tracker.ts';
import { foldWithheld } from './withheld.ts';

/** Commit bytes packed in one transaction: a few milliseconds of checking, and as much for the database. */
const STEP_BYTES = 262_144;

export type UpkeepProgress = { readonly packedTo: number; readonly size: number };
export type UpkeepReport = {
  /** Records merged, and the segments they became. */
  readonly records: number;
  readonly segments: number;
  readonly packedTo: Size;
  /** Events that the newest snapshot covers, as far as this session knows. */
  readonly snapshotSize: Size;
};
export type UpkeepOptions = {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: UpkeepProgress) => void;
};

export type HouseworkParts = {
  readonly storage: EventStorage;
  readonly log: Log;
  readonly states: AggregateStates;
  readonly pending: Pending;
  readonly names: SnapshotNames;
  /** Lets whatever else waits for this thread go first. */
  readonly breathe: () => Promise<void>;
  readonly keepFinding: (fault: Fault, evidence: Uint8Array) => Promise<unknown>;
  /** Where states show opened values, which are never written: the states that are kept by now, if they are of this log and these rules. */
  readonly withheld: (() => Promise<KnownStates | undefined>) | undefined;
};

/** Directory keys; what turns out not to be what was signed is kept as evidence. */
const checkedKeys = ({ keepFinding }: HouseworkParts) => {
  const keysOf = directoryOf();
  return (commit: Uint8Array) => {
    try {
      return keysOf(commit);
    } catch (error) {
      if (isStoreError(error)) {
        const { sequence } = error.details;
        const fault = { code: error.code, sequence: typeof sequence === 'number' ? sequence : 0 };
        keepFinding(fault, Uint8Array.from(commit)).catch(() => undefined); // found again by the verifier
      }
      throw error;
    }
  };
};

/** Packs until nothing is left to pack, a step at a time. @throws StoreError `import.cancelled`: what is packed stays so */
export const packAll = async (parts: HouseworkParts, { signal, onProgress }: UpkeepOptions) => {
  const { storage, log, breathe } = parts;
  const keysOf = checkedKeys(parts);
  const total = { records: 0, segments: 0, packedTo: size(0) };
  for (;;) {
    if (signal?.aborted === true) throw new StoreError('import.cancelled', { packedTo: total.packedTo });
    const { records, segments, packedTo } = await storage.pack({ bytesMax: STEP_BYTES, keysOf });
    total.records += records;
    total.segments += segments;
    total.packedTo = packedTo;
    onProgress?.({ packedTo, size: log.size() });
    if (segments === 0) return total;
    await breathe();
  }
};

/** Captures everything at one moment; states are never changed in place. */
const capture = async (parts: HouseworkParts): Promise<Snapshot> => {
  const { log, states, pending, withheld } = parts;
  const atOnce = () => ({ size: log.size(), heads: log.heads(), pending: pending.counts() });
  if (withheld !== undefined)
    return foldWithheld(parts, (folded) => ({ ...atOnce(), ...folded }), await withheld().catch(() => undefined));
  while (!states.isSettled()) await states.settled();
  return { ...atOnce(), states: states.all(), unfolded: [] };
};

/** Keeps the states as they are now; gives the size of the log that they are of. */
export const keepStates = async (parts: HouseworkParts): Promise<Size> => {
  const captured = await capture(parts);
  const bytes = await encodeSnapshot(captured, parts.names, parts.breathe);
  await parts.storage.writeSnapshot(SNAPSHOT_NAME, bytes);
  return captured.size;
};

/** Keeps what was folded of the log up to `to`, so that a later session goes on from there. @throws StoreError `storage.*` */
export const keepScan = async (
  parts: Pick<HouseworkParts, 'storage' | 'log' | 'names' | 'breathe'>,
  folded: ReturnType<Scan['folded']>,
  to: Size,
): Promise<void> => {
  const snapshot = { ...folded, size: to, heads: parts.log.heads(), pending: NONE_PENDING };
  await parts.storage.writeSnapshot(REBUILD_NAME, await encodeSnapshot(snapshot, parts.names, parts.breathe));
};
