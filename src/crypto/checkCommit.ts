/**
 * Says whether bytes are a sound commit, whether it continues a chain, and names the first place where not.
 *
 * Never throws on hostile bytes. Law: `checkCommit.laws` (any flipped bit is found; the place is the altered event).
 */
import type { Commit, Fault } from '../core/commit.ts';
import { type CommitContext, type EventBody, readBody, readContext } from '../core/envelope.ts';
import { isStoreError, StoreError } from '../core/errors.ts';
import type { Hash32, ReplicaId } from '../core/ids.ts';
import { seen } from '../core/versionVector.ts';
import { sameBytes } from './bytes.ts';
import { readCanonical } from './canonical.ts';
import { contextHash, leafHash, linkHash, replicaIdOf } from './chain.ts';
import { decodeCommit, type SignedParts, signedMessage } from './commitBytes.ts';
import { merkleRoot } from './merkle.ts';
import { remembered } from './remembered.ts';
import { verifySignature } from './signer.ts';

export type CommitCheck =
  | { readonly kind: 'sound'; readonly commit: Commit }
  | { readonly kind: 'faulty'; readonly fault: Fault };

const faultOf = (error: unknown, sequence: number, replica?: ReplicaId): Fault => {
  if (!isStoreError(error)) throw error;
  const { what, event } = error.details;
  return {
    code: error.code,
    sequence: sequence + (typeof event === 'number' ? event : 0),
    ...(replica === undefined ? {} : { replica }),
    ...(typeof what === 'string' ? { what } : {}),
  };
};

/** Index of the first event whose bytes are not those of its entry in the leaf table. */
const firstAltered = (parts: SignedParts, leaves: readonly Hash32[]): number => {
  const at = leaves.findIndex((leaf, index) => {
    const stored = parts.leaves[index];
    return stored === undefined || !sameBytes(leaf, stored);
  });
  return Math.max(0, at);
};

const checkHashes = (parts: SignedParts): readonly Hash32[] => {
  const context = contextHash(parts.contextBytes);
  const leaves = parts.eventBytes.map((event) => leafHash(context, event));
  const altered = parts.leaves.some((stored, at) => !sameBytes(stored, leaves[at] ?? stored.subarray(1)));
  if (altered) throw new StoreError('chain.leaf-mismatch', { event: firstAltered(parts, leaves) });
  if (!sameBytes(merkleRoot(leaves), parts.root)) {
    throw new StoreError('chain.root-mismatch', {
      event: Math.max(0, parts.eventBytes.findIndex(isOutOfPlace(parts))),
    });
  }
  return leaves;
};

/** The leaf table was rewritten along with the events: what is left of the place is what the events say themselves. */
const isOutOfPlace =
  (parts: SignedParts) =>
  (bytes: Uint8Array, at: number): boolean => {
    try {
      return readBody(readCanonical(bytes)).sequence !== parts.first + at;
    } catch {
      return true;
    }
  };

const readEvents = (parts: SignedParts, replica: ReplicaId): readonly EventBody[] =>
  parts.eventBytes.map((bytes, at) => {
    const body = placed(at, () => readBody(readCanonical(bytes)));
    if (body.sequence !== parts.first + at) throw new StoreError('commit.malformed', { what: 'sequence', event: at });
    if (seen(body.basis, replica) >= body.sequence)
      throw new StoreError('commit.malformed', { what: 'basis', event: at });
    return body;
  });

const placed = <T>(event: number, read: () => T): T => {
  try {
    return read();
  } catch (error) {
    if (!isStoreError(error)) throw error;
    throw new StoreError('commit.malformed', { what: error.code, event }, { cause: error });
  }
};

const readSharedContext = (parts: SignedParts, replica: ReplicaId): CommitContext => {
  const context = readContext(readCanonical(parts.contextBytes));
  if (context.replica !== replica) throw new StoreError('commit.malformed', { what: 'replica' });
  return context;
};

const commits = remembered<Commit>();

/** Reads a commit and recomputes its hashes; the signature is not checked. @throws StoreError with the event's index */
const readSound = (bytes: Uint8Array, parts: SignedParts, replica: ReplicaId): Commit =>
  commits.once(bytes, () => readHashed(bytes, parts, replica));

const readHashed = (bytes: Uint8Array, parts: SignedParts, replica: ReplicaId): Commit => {
  const leaves = checkHashes(parts);
  const context = readSharedContext(parts, replica);
  return {
    bytes,
    publicKey: parts.publicKey,
    replica,
    first: parts.first,
    previous: parts.previous,
    root: parts.root,
    link: linkHash(parts.previous, { first: parts.first, count: leaves.length, root: parts.root }),
    leaves,
    context,
    events: readEvents(parts, replica),
  };
};

/**
 * Checks one commit by itself: framing, hashes, signature, canonical form, members. `expected` is the sequence that
 * its place suggests, for naming the place when the bytes do not say it.
 * It does not say that the commit continues its chain, nor that its replica may be trusted.
 */
export const checkCommit = async (bytes: Uint8Array, expected = 0): Promise<CommitCheck> => {
  let parts: SignedParts;
  try {
    parts = decodeCommit(bytes);
  } catch (error) {
    return { kind: 'faulty', fault: faultOf(error, expected) };
  }
  const replica = replicaIdOf(parts.publicKey);
  try {
    const commit = readSound(bytes, parts, replica);
    if (await verifySignature(parts.publicKey, parts.signature, signedMessage(parts))) return { kind: 'sound', commit };
    return { kind: 'faulty', fault: { code: 'signature.invalid', sequence: parts.first, replica } };
  } catch (error) {
    return { kind: 'faulty', fault: faultOf(error, parts.first, replica) };
  }
};
