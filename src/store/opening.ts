/** What a session begins with: derived state kept from earlier, if it is of this very log and of the same code. */
import { type Hash32, hash32 } from '../core/ids.ts';
import { position, size } from '../core/position.ts';
import { sameBytes, toHex32, utf8 } from '../crypto/bytes.ts';
import { readStoredCommit } from '../crypto/readCommit.ts';
import { startHash } from '../crypto/runningHash.ts';
import type { EventStorage, Identity } from '../storage/port.ts';
import type { Definitions } from '../streams/aggregateState.ts';
import { FROM_THE_BEGINNING, type LogStart } from '../streams/log.ts';
import { decodeSnapshot, SNAPSHOT_NAME, type Snapshot } from '../streams/snapshot.ts';

export type Opening = { readonly snapshot: Snapshot | undefined; readonly start: LogStart };

const digestText = (text: string): string => {
  const hash = startHash();
  hash.update(utf8(text));
  return toHex32(hash.digest());
};

/** Names everything that folding depends on: software, schemas, machines with their guards and assigns as text. */
export const foldingRules = (
  definitions: Definitions,
  { store, registry, app = '' }: { readonly store: string; readonly registry: string; readonly app?: string },
): string => digestText([store, registry, app, ...[...definitions.values()].map(({ source }) => source())].join('\n'));

/** Names all that kept states depend on: the rules, whose database it is, and which of its replicas were copied. */
export const statesFingerprint = (rules: string, identity: Identity, forks: string): string => {
  return digestText([identity.tenant, identity.replica, forks, rules].join('\n'));
};

/** The kept states as bytes, to be asked for before it is known whether they are to be used. */
export const keptStates = (storage: EventStorage): Promise<Uint8Array | undefined> =>
  storage.readSnapshot(SNAPSHOT_NAME).catch(() => undefined); // the log says what is wrong, if anything is

/** True if the log holds the chain's end that the snapshot names for its last event. */
const isOfThisLog = async (storage: EventStorage, snapshot: Snapshot): Promise<boolean> => {
  const [record] = await storage.readAt([position(snapshot.size - 1)]);
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

const snapshotOf = async (
  storage: EventStorage,
  kept: Uint8Array | undefined,
  fingerprint: string,
): Promise<Snapshot | undefined> => {
  try {
    const snapshot = await decodeSnapshot(kept, fingerprint);
    const usable = snapshot !== undefined && snapshot.size > 0 && (await isOfThisLog(storage, snapshot));
    return usable ? snapshot : undefined;
  } catch {
    return undefined; // the log says what is wrong, if anything is
  }
};

/** Where a session begins to read. Reading starts where packing ended, so that unpacked records can be found again. */
export const openingOf = async (
  storage: EventStorage,
  kept: Uint8Array | undefined,
  fingerprint: string,
): Promise<Opening> => {
  const [snapshot, packedTo] = await Promise.all([snapshotOf(storage, kept, fingerprint), storage.packedTo()]);
  if (snapshot === undefined) return { snapshot, start: FROM_THE_BEGINNING };
  const from = size(Math.min(packedTo, snapshot.size));
  return { snapshot, start: { from, heads: snapshot.heads } };
};
