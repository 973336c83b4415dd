/**
 * Makes commits: canonical bytes, leaf hashes, root and link at once (`prepareCommit`, synchronous), then the
 * signature (`signCommit`, WebCrypto, to be awaited before any database transaction).
 */
import type { Commit } from '../core/commit.ts';
import { type CommitContext, type EventBody, readBody, readContext } from '../core/envelope.ts';
import { invariant, StoreError } from '../core/errors.ts';
import type { Hash32 } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import type { Sequence } from '../core/position.ts';
import { seen } from '../core/versionVector.ts';
import { utf8View } from './bytes.ts';
import { canonicalBytes, canonicalText } from './canonical.ts';
import { contextHash, leafHash, linkHash, replicaIdOf } from './chain.ts';
import { type CommitParts, encodeCommit, signedMessage } from './commitBytes.ts';
import { checkReadable } from './eventText.ts';
import { merkleRoot } from './merkle.ts';
import { type SigningKey, sign } from './signer.ts';

/** A context with its canonical bytes, so that many commits may share the work, and the hash, for who asks for it. */
export type SealedContext = {
  readonly context: CommitContext;
  readonly bytes: Uint8Array;
  readonly hash: () => Hash32;
};

/** @throws StoreError `append.invalid`, `append.too-large`, `canonical.unsupported-value` */
export const sealContext = (context: CommitContext): SealedContext => {
  checkReadable(context, readContext);
  const bytes = canonicalBytes(context);
  if (bytes.length > LIMITS.contextBytesMax) {
    throw new StoreError('append.too-large', {
      what: 'context',
      bytes: bytes.length,
      bytesMax: LIMITS.contextBytesMax,
    });
  }
  let hash: Hash32 | undefined;
  const hashOnce = (): Hash32 => {
    hash ??= contextHash(bytes);
    return hash;
  };
  return { context, bytes, hash: hashOnce };
};

/** An event with its canonical bytes. */
export type EncodedEvent = { readonly body: EventBody; readonly bytes: Uint8Array };

/** @throws StoreError `append.invalid`, `append.too-large`, `canonical.unsupported-value` */
export const encodeEvent = (body: EventBody): EncodedEvent => {
  checkReadable(body, readBody);
  const bytes = utf8View(canonicalText(body));
  if (bytes.length > LIMITS.eventBytesMax) {
    throw new StoreError('append.too-large', { what: 'event', bytes: bytes.length, bytesMax: LIMITS.eventBytesMax });
  }
  return { body, bytes };
};

/** Everything of a commit but its signature and final bytes. */
export type PreparedCommit = Omit<Commit, 'bytes'> & { readonly parts: CommitParts };

/**
 * Hashes encoded events into a commit that continues `previous`.
 * @throws StoreError `invariant.broken` if the key is not the context's replica's, or the events do not count from `first`
 */
export const prepareCommit = (input: {
  readonly key: SigningKey;
  readonly context: SealedContext;
  readonly first: Sequence;
  readonly previous: Hash32;
  readonly events: readonly EncodedEvent[];
}): PreparedCommit => {
  const { key, context, first, previous, events } = input;
  const { replica } = context.context;
  invariant(replicaIdOf(key.publicKey) === replica, 'the key of a commit is that of its replica');
  invariant(events.length > 0, 'a commit has an event');
  invariant(
    events.every(({ body }, at) => body.sequence === first + at && seen(body.basis, replica) < body.sequence),
    'the events of a commit count from its first, and know none later than themselves',
  );
  const shared = context.hash();
  const leaves = events.map((event) => leafHash(shared, event.bytes));
  const root = merkleRoot(leaves);
  const parts: CommitParts = {
    publicKey: key.publicKey,
    first,
    previous,
    root,
    contextBytes: context.bytes,
    eventBytes: events.map((event) => event.bytes),
    leaves,
  };
  return {
    parts,
    publicKey: key.publicKey,
    replica,
    first,
    previous,
    root,
    link: linkHash(previous, { first, count: events.length, root }),
    leaves,
    context: context.context,
    events: events.map((event) => event.body),
  };
};

/** Signs a prepared commit. @throws StoreError `append.too-large` */
export const signCommit = async (key: SigningKey, prepared: PreparedCommit): Promise<Commit> => {
  const { parts, ...commit } = prepared;
  const signature = await sign(key, signedMessage(parts));
  return { ...commit, bytes: encodeCommit({ ...parts, signature }) };
};
