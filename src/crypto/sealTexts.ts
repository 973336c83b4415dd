/**
 * Commits from the texts of their events: what a sealer does on a thread that has nothing but texts, a key and the link
 * to continue. Many leaves are hashed at once by the platform. Law: `sealer.laws` (the bytes of `prepareCommit` and
 * `signCommit`, for any commits).
 */
import { type Hash32, hash32 } from '../core/ids.ts';
import { sequence } from '../core/position.ts';
import { contextHash, leafHash, linkHash } from './chain.ts';
import { type CommitParts, encodeCommit, signedMessage } from './commitBytes.ts';
import { merkleRoot } from './merkle.ts';
import { isSha256Fast } from './sha256.ts';
import { type SigningKey, sign } from './signer.ts';

/** One commit before it is sealed: plain data that may go to another thread. */
export type CommitText = {
  readonly contextBytes: Uint8Array;
  readonly first: number;
  /** The events, back to back. */
  readonly events: Uint8Array<ArrayBuffer>;
  /** Bytes of each event. */
  readonly lengths: readonly number[];
};

/** Sealed commits, and the link after each. */
export type SealedTexts = { readonly commits: readonly Uint8Array<ArrayBuffer>[]; readonly links: readonly Hash32[] };

const cut = ({ events, lengths }: CommitText): readonly Uint8Array[] => {
  let at = 0;
  return lengths.map((length) => {
    at += length;
    return events.subarray(at - length, at);
  });
};

const LEAF_AT = 33;

/** The leaf hashes of events that share a context. Each input is copied by the platform when it is asked. */
export const leafHashes = async (context: Hash32, events: readonly Uint8Array[]): Promise<readonly Hash32[]> => {
  const longest = events.reduce((most, { length }) => Math.max(most, length), 0);
  const input = new Uint8Array(LEAF_AT + longest); // begins with the prefix of a leaf, 0x00
  input.set(context, 1);
  const digests = events.map((event) => {
    input.set(event, LEAF_AT);
    return crypto.subtle.digest('SHA-256', input.subarray(0, LEAF_AT + event.length));
  });
  return (await Promise.all(digests)).map((digest) => hash32(new Uint8Array(digest)));
};

/** By the platform, unless hashing here is fast. */
const leavesOf = async (context: Hash32, events: readonly Uint8Array[]): Promise<readonly Hash32[]> =>
  isSha256Fast() ? events.map((event) => leafHash(context, event)) : leafHashes(context, events);

/** Seals commits in order, the first one after `previous`. @throws StoreError `append.too-large` */
export const sealTexts = async (
  key: SigningKey,
  previous: Hash32,
  texts: readonly CommitText[],
): Promise<SealedTexts> => {
  const eventBytes = texts.map(cut);
  const leaves = await Promise.all(
    texts.map(({ contextBytes }, at) => leavesOf(contextHash(contextBytes), eventBytes[at] ?? [])),
  );
  let link = previous;
  const links: Hash32[] = [];
  const signing = texts.map(async ({ contextBytes, first }, at) => {
    const own = leaves[at] ?? [];
    const root = merkleRoot(own);
    const parts: CommitParts = {
      publicKey: key.publicKey,
      first: sequence(first),
      previous: link,
      root,
      contextBytes,
      eventBytes: eventBytes[at] ?? [],
      leaves: own,
    };
    link = linkHash(link, { first, count: own.length, root });
    links.push(link);
    return encodeCommit({ ...parts, signature: await sign(key, signedMessage(parts)) });
  });
  return { commits: await Promise.all(signing), links };
};
