/** What a session begins with: derived state kept from earlier, if it is of this very log and of the same code. */
import { type Hash32, hash32 } from '../core/ids.ts';
import { type Position, position, type Size, size } from '../core/position.ts';
import { sameBytes, toHex32, utf8 } from '../crypto/bytes.ts';
import { digestOf } from '../crypto/digest.ts';
import { readStoredCommit } from '../crypto/readCommit.ts';
import type { EventStorage, Identity, StoredRecord } from '../storage/port.ts';
import type { Definitions } from '../streams/aggregateState.ts';
import { endOfRecord, FROM_THE_BEGINNING, type LogStart, startReading } from '../streams/log.ts';
import type { RebuildStart } from '../streams/rebuilding.ts';
import {
  type Decoded,
  decodeSnapshot,
  REBUILD_NAME,
  SNAPSHOT_NAME,
  type Snapshot,
  type SnapshotNames,
  snapshotDigest,
} from '../streams/snapshot.ts';
import type { KnownStates } from '../streams/tracker.ts';

/** What is known from earlier. `isOfOtherRules`: the states were folded by other schemas or machines. */
export type KnownSnapshot = Omit<Decoded, 'isStale'> & KnownStates & { readonly isOfOtherRules: boolean };

/** `rebuild`: where folding anew begins, if any kept states are stale. */
export type Opening = {
  readonly snapshot: KnownSnapshot | undefined;
  readonly start: LogStart;
  readonly rebuild: RebuildStart | undefined;
};

const digestText = async (text: string): Promise<string> => toHex32(await digestOf(utf8(text)));

/** Names everything that folding depends on: software, schemas, machines with their guards and assigns as text. */
export const foldingRules = (
  definitions: Definitions,
  { store, registry, app = '' }: { readonly store: string; readonly registry: string; readonly app?: string },
): Promise<string> =>
  digestText([store, registry, app, ...[...definitions.values()].map(({ source }) => source())].join('\n'));

/** Names all that kept states depend on: whose database it is, which of its replicas were copied, and the rules. */
export const statesNames = async (rules: string, identity: Identity, forks: string): Promise<SnapshotNames> => ({
  place: await digestText([identity.tenant, identity.replica, forks].join('\n')),
  rules,
});

/**
 * What every opening reads beside the log, each once and all of it asked for in one moment: one transaction after the other
 * would cost more than what they read. The identities come first: a closing is kept before the replica that succeeds, so
 * whoever sees the one sees the other.
 */
export const readFirst = (storage: EventStorage) => {
  const identities = storage.readIdentities();
  const marks = storage.readMarks();
  const kept = storage.readSnapshot(SNAPSHOT_NAME).catch(() => undefined); // the log says what is wrong, if anything is
  const packedTo = storage.packedTo();
  for (const each of [identities, marks, packedTo]) each.catch(() => undefined); // told to whoever awaits it
  return { identities, marks, kept, packedTo };
};

/** True if the record, which holds the snapshot's last event, holds the chain's end that the snapshot names there. */
const isOfThisLog = (record: StoredRecord | undefined, snapshot: Snapshot): boolean => {
  let end = record?.position ?? 0;
  for (const { bytes, events } of record?.commits ?? []) {
    end += events;
    if (end !== snapshot.size) continue;
    const commit = readStoredCommit(bytes);
    const head = snapshot.heads.get(commit.replica);
    const link: Hash32 = head?.link ?? hash32(new Uint8Array(32));
    return head?.sequence === commit.first + events - 1 && sameBytes(link, commit.link());
  }
  return false;
};

/** The one of them that holds the position, if any does. */
const holding = (records: readonly StoredRecord[], at: Position): readonly [StoredRecord] | undefined => {
  const found = records.find((record) => record.position <= at && at < endOfRecord(record));
  return found === undefined ? undefined : [found];
};

export const WITHOUT: Opening = { snapshot: undefined, start: FROM_THE_BEGINNING, rebuild: undefined };

/** Types whose states show opened values: these are kept as they are without them. */
export type Withheld = ReadonlySet<string>;

/**
 * What is kept unopened is shown where folding takes its time. Up to so many events that is the work of a moment, and the store opens when
 * it is done: nobody is shown rows without values that come a moment later.
 */
const FOLDED_FIRST = 2_048;

/** Where folding anew begins: what an earlier session kept of it counts together with the very states that it takes the place of. */
const rebuildOf = async (
  storage: EventStorage,
  names: SnapshotNames,
  { kept, snapshot, withheld }: { readonly kept: Uint8Array; readonly snapshot: Decoded; readonly withheld: Withheld },
): Promise<RebuildStart | undefined> => {
  const first = snapshot.unfolded;
  if (withheld.size > 0) return { kept: undefined, keeping: undefined, first };
  if (!snapshot.isStale) return undefined;
  const own = { ...names, rules: `${names.rules}:${toHex32(hash32(snapshotDigest(kept)))}` };
  const found = await decodeSnapshot(await storage.readSnapshot(REBUILD_NAME), own);
  const isUsed = found !== undefined && !found.isStale && found.size <= snapshot.size;
  const from = isUsed ? { ...found, isStale: () => false } : undefined;
  return { kept: from, keeping: { names: own, to: snapshot.size }, first };
};

/** The snapshot in these bytes, if it is of this log. @param begun  records that may hold its last event */
const snapshotOf = async (
  storage: EventStorage,
  {
    kept,
    names,
    begun,
  }: {
    readonly kept: Uint8Array | undefined;
    readonly names: SnapshotNames;
    readonly begun?: Promise<readonly StoredRecord[]>;
  },
): Promise<Decoded | undefined> => {
  const snapshot = await decodeSnapshot(kept, names);
  if (snapshot === undefined || snapshot.size === 0) return undefined;
  const last = position(snapshot.size - 1);
  const [record] = holding((await begun) ?? [], last) ?? (await storage.readAt([last]));
  return isOfThisLog(record, snapshot) ? snapshot : undefined;
};

/** The states that are kept by now, if they are of this log and these rules. @throws StoreError `storage.*` */
export const keptStates = async (storage: EventStorage, names: SnapshotNames): Promise<KnownStates | undefined> => {
  const found = await snapshotOf(storage, { kept: await storage.readSnapshot(SNAPSHOT_NAME), names });
  return found === undefined || found.isStale ? undefined : { ...found, isStale: () => false };
};

/** What an opening reads first, and what it goes by. */
type OpeningParts = {
  readonly first: { readonly kept: Promise<Uint8Array | undefined>; readonly packedTo: Promise<Size> };
  readonly naming: Promise<SnapshotNames>;
  readonly withheld: Withheld;
};

/**
 * Where a session begins to read. Reading starts where packing ended, so that unpacked records can be found again; it is begun
 * with the last packed record, which tells of kept states that end there.
 */
export const openingOf = async (storage: EventStorage, { first, naming, withheld }: OpeningParts): Promise<Opening> => {
  const [kept, packedTo] = await Promise.all([first.kept, first.packedTo]);
  if (kept === undefined) return WITHOUT;
  try {
    const begun = startReading(storage, size(Math.max(0, packedTo - 1))); // while the kept states are read
    const names = await naming;
    const decoded = await snapshotOf(storage, { kept, names, begun: begun.records });
    if (decoded === undefined) return WITHOUT;
    const { heads, isStale: isOfOtherRules } = decoded;
    if (withheld.size > 0 && !isOfOtherRules && decoded.size <= FOLDED_FIRST) return WITHOUT;
    const start = decoded.size < packedTo ? { from: decoded.size, heads } : { from: packedTo, heads, begun };
    const rebuild = await rebuildOf(storage, names, { kept, snapshot: decoded, withheld });
    const isStale = (type: string): boolean => isOfOtherRules || withheld.has(type);
    return { snapshot: { ...decoded, isOfOtherRules, isStale }, start, rebuild };
  } catch {
    return WITHOUT; // the log says what is wrong, if anything is
  }
};
