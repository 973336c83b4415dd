/**
 * The directory of packed records: what a commit is found by once it lies in a segment. Names are hashed, so that the
 * directory shows neither streams nor replicas. Law: `packing.laws` (every packed event is found by its stream and by
 * its replica).
 */
import { StoreError } from '../core/errors.ts';
import { type DirectoryKey, directoryKey, type ReplicaId, type StreamId } from '../core/ids.ts';
import { sameBytes, utf8 } from '../crypto/bytes.ts';
import { contextHash, leafHash } from '../crypto/chain.ts';
import { decodeCommit } from '../crypto/commitBytes.ts';
import { merkleRoot } from '../crypto/merkle.ts';
import { readStoredCommit } from '../crypto/readCommit.ts';
import { startHash } from '../crypto/runningHash.ts';

const DOMAIN = utf8('indelible/v1/directory\0');

const keyOf = (kind: 'stream' | 'replica', name: string): DirectoryKey => {
  const hash = startHash();
  hash.update(DOMAIN);
  hash.update(utf8(`${kind}/${name}`));
  const digest = hash.digest();
  const view = new DataView(digest.buffer, digest.byteOffset);
  return directoryKey(view.getUint32(0) * 65_536 + view.getUint16(4));
};

export const streamKey = (stream: StreamId): DirectoryKey => keyOf('stream', stream);
export const replicaKey = (replica: ReplicaId): DirectoryKey => keyOf('replica', replica);

/** Checks that every event of a stored commit is the one that was signed for. @throws StoreError `chain.*`, `commit.*` */
const checkHashes = (bytes: Uint8Array): void => {
  const { contextBytes, eventBytes, leaves, root, first } = decodeCommit(bytes);
  const context = contextHash(contextBytes);
  for (const [at, event] of eventBytes.entries()) {
    const leaf = leaves[at];
    if (leaf === undefined || !sameBytes(leafHash(context, event), leaf))
      throw new StoreError('chain.leaf-mismatch', { sequence: first + at });
  }
  if (!sameBytes(merkleRoot(leaves), root)) throw new StoreError('chain.root-mismatch', { sequence: first });
};

/** Gives `keysOf` for packing: it remembers the keys of names that it has met. */
export const directoryOf = (): ((commit: Uint8Array) => readonly DirectoryKey[]) => {
  const known = new Map<string, DirectoryKey>();
  const remembered = (kind: 'stream' | 'replica', name: string): DirectoryKey => {
    const id = `${kind}/${name}`;
    const key = known.get(id) ?? keyOf(kind, name);
    known.set(id, key);
    return key;
  };
  return (bytes) => {
    checkHashes(bytes);
    const { replica, events, first, context } = readStoredCommit(bytes);
    const isItsOwn = context.replica === replica && events.every(({ sequence }, at) => sequence === first + at);
    if (!isItsOwn) throw new StoreError('commit.malformed', { what: 'replica or sequence', sequence: first });
    const streams = new Set(events.map(({ stream }) => stream));
    return [remembered('replica', replica), ...[...streams].map((stream) => remembered('stream', stream))];
  };
};
