/**
 * The directory of packed records: what a commit is found by once it lies in a segment. Names are hashed, so that the
 * directory shows neither streams nor replicas. Law: `packing.laws` (every packed event is found by its stream and by
 * its replica).
 */
import { type DirectoryKey, directoryKey, type ReplicaId, type StreamId } from '../core/ids.ts';
import { utf8 } from '../crypto/bytes.ts';
import { startHash } from '../crypto/runningHash.ts';

const DOMAIN = utf8('indelible/v1/directory\0');

export const directoryKeyOf = (kind: 'stream' | 'replica', name: string): DirectoryKey => {
  const hash = startHash();
  hash.update(DOMAIN);
  hash.update(utf8(`${kind}/${name}`));
  const digest = hash.digest();
  const view = new DataView(digest.buffer, digest.byteOffset);
  return directoryKey(view.getUint32(0) * 65_536 + view.getUint16(4));
};

export const streamKey = (stream: StreamId): DirectoryKey => directoryKeyOf('stream', stream);
export const replicaKey = (replica: ReplicaId): DirectoryKey => directoryKeyOf('replica', replica);
