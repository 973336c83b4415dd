/** What a session begins with: derived state kept from earlier, if it is of this very log and of the same code. */
import { type Hash32, hash32 } from '../core/ids.ts';
import { position, size } from '../core/position.ts';
import { sameBytes, toHex32, utf8 } from '../crypto/bytes.ts';
import { readStoredCommit } from '../crypto/readCommit.ts';
import { startHash } from '../crypto/runningHash.ts';
import type { EventStorage, Identity } from '../storage/port.ts';
import type { Definitions } from '../streams/aggregateState.ts';
import { FROM_THE_BEGINNING, type LogStart } from '../streams/log.ts';
import { decodeSnapshot, type Snapshot } from '../streams/snapshot.ts';
import { SNAPSHOT_NAME } from '../streams/upkeep.ts';

export type Opening = { readonly snapshot: Snapshot | undefined; readonly start: LogStart };

/**
 * Names everything that kept states depend on: software, schemas, machines with their guards and assigns, and whose
 * database it is, and which of its replicas were copied.
 */
export const statesFingerprint = (
  definitions: Definitions,
  identity: Identity,
  software: { readonly store: string; readonly registry: string; readonly app?: string },
  forks: string,
): string => {
  const hash = startHash();
  const { store, registry, app = '' } = software;
  for (const part of [store, registry, app, identity.tenant, identity.replica, forks]) hash.update(utf8(`${part}\n`));
  for (const { source } of definitions.values()) hash.update(utf8(`${source()}\n`));
  return toHex32(hash.digest());
};

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

const readSnapshot = async (storage: EventStorage, fingerprint: string): Promise<Snapshot | undefined> => {
  try {
    const snapshot = await decodeSnapshot(await storage.readSnapshot(SNAPSHOT_NAME), fingerprint);
    const usable = snapshot !== undefined && snapshot.size > 0 && (await isOfThisLog(storage, snapshot));
    return usable ? snapshot : undefined;
  } catch {
    return undefined; // the log says what is wrong, if anything is
  }
};

/** Where a session begins to read. Reading starts where packing ended, so that unpacked records can be found again. */
export const openingOf = async (storage: EventStorage, fingerprint: string): Promise<Opening> => {
  const snapshot = await readSnapshot(storage, fingerprint);
  if (snapshot === undefined) return { snapshot, start: FROM_THE_BEGINNING };
  const from = size(Math.min(await storage.packedTo(), snapshot.size));
  return { snapshot, start: { from, heads: snapshot.heads } };
};
