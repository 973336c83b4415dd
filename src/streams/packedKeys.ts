/** What a stored commit is to be found by once it is packed: a part of upkeep. Law: `packing.laws` */
import { StoreError } from '../core/errors.ts';
import type { DirectoryKey } from '../core/ids.ts';
import { sameBytes } from '../crypto/bytes.ts';
import { contextHash, leafHash } from '../crypto/chain.ts';
import { decodeCommit } from '../crypto/commitBytes.ts';
import { merkleRoot } from '../crypto/merkle.ts';
import { readStoredCommit } from '../crypto/readCommit.ts';
import { directoryKeyOf } from './directory.ts';

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
    const key = known.get(id) ?? directoryKeyOf(kind, name);
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
