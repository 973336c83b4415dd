/**
 * One event, provable alone: its bytes, its commit's shared context and signed header, and the path in the commit's
 * small tree. What was recorded together stays unseen. Law: `eventProof.laws`.
 */
import { type CommitContext, type EventBody, readBody, readContext } from '../core/envelope.ts';
import { StoreError } from '../core/errors.ts';
import type { Hash32, PublicKey32, Signature64 } from '../core/ids.ts';
import { type Sequence, sequence } from '../core/position.ts';
import { readCanonical } from './canonical.ts';
import { contextHash, leafHash, replicaIdOf } from './chain.ts';
import { type CommitHeader, decodeCommit, signedHeader } from './commitBytes.ts';
import { inclusionProof, verifyInclusion } from './merkle.ts';
import { verifySignature } from './signer.ts';

export type EventProof = {
  readonly publicKey: PublicKey32;
  /** Sequence of the commit's first event, and how many events it has. */
  readonly first: Sequence;
  readonly count: number;
  readonly previous: Hash32;
  readonly root: Hash32;
  readonly signature: Signature64;
  readonly contextBytes: Uint8Array;
  readonly eventBytes: Uint8Array;
  /** Zero-based place in the commit. */
  readonly index: number;
  /** Sibling hashes, lowest level first; empty for a commit of one event. */
  readonly path: readonly Hash32[];
};

/** The proof of the event at `index` of a commit. @throws StoreError `commit.malformed`, `proof.malformed` */
export const proveEvent = (commitBytes: Uint8Array, index: number): EventProof => {
  const { publicKey, first, previous, root, signature, contextBytes, eventBytes, leaves } = decodeCommit(commitBytes);
  const event = eventBytes[index];
  if (event === undefined) throw new StoreError('proof.malformed', { what: 'index', index });
  const path = inclusionProof(leaves, index);
  return {
    publicKey,
    first,
    count: eventBytes.length,
    previous,
    root,
    signature,
    contextBytes,
    eventBytes: event,
    index,
    path,
  };
};

/**
 * Checks a proof and gives the event. It shows that the replica with this key signed this event at this sequence; not
 * that its chain is whole, nor that the replica may be trusted.
 * @throws StoreError `proof.malformed`, `proof.root-mismatch`, `signature.invalid`, `commit.malformed`, `canonical.malformed`
 */
export const verifyEvent = async (
  proof: EventProof,
): Promise<{ readonly context: CommitContext; readonly body: EventBody }> => {
  const { index, path, root } = proof;
  const header: CommitHeader = proof;
  const leaf = leafHash(contextHash(proof.contextBytes), proof.eventBytes);
  verifyInclusion({ leaf, position: index, size: proof.count, path, root });
  if (!(await verifySignature(proof.publicKey, proof.signature, signedHeader(header)))) {
    throw new StoreError('signature.invalid', { sequence: proof.first });
  }
  const context = readContext(readCanonical(proof.contextBytes));
  const body = readBody(readCanonical(proof.eventBytes));
  const placed = context.replica === replicaIdOf(proof.publicKey) && body.sequence === sequence(proof.first + index);
  if (!placed) throw new StoreError('commit.malformed', { what: 'place' });
  return { context, body };
};
