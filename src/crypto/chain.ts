/**
 * The hashes that make a replica's log whole: context hash, leaf hash, link, and the replica's own id.
 *
 * Every use has its own domain, every field before the last a fixed width, so no two inputs coincide. The inputs are
 * the stored bytes, never a re-serialisation. Law: `chain.laws`. None of this may ever change; vectors freeze it.
 */

import { bytesToHex, concatBytes } from '@noble/hashes/utils.js';
import type { Head } from '../core/commit.ts';
import { type Hash32, hash32, type PublicKey32, type ReplicaId, replicaId, type TenantId } from '../core/ids.ts';
import { sameBytes, setSequence, utf8 } from './bytes.ts';
import { sha256 } from './sha256.ts';

const REPLICA_DOMAIN = utf8('indelible/v1/replica\0');
const CONTEXT_DOMAIN = utf8('indelible/v1/context\0');
const GENESIS_DOMAIN = utf8('indelible/v1/genesis\0');
const LINK_DOMAIN = utf8('indelible/v1/link\0');
/** Prefix of a leaf, 0x00, then the hash of the context. */
const LEAF_HEAD = new Uint8Array(33);

/** Ids of keys that were asked for before, by the first bytes of the key: a log has few authors, who take turns. */
const named = new Map<number, { readonly key: Uint8Array; readonly replica: ReplicaId }>();
const NAMED_MAX = 256;

/**
 * The id that a public key gives its replica: the first 16 bytes of H(domain, key), as hex. Those asked for lately are kept, by all
 * bytes of the key.
 */
export const replicaIdOf = (publicKey: PublicKey32): ReplicaId => {
  const [a = 0, b = 0, c = 0, d = 0] = publicKey;
  const place = (a << 24) | (b << 16) | (c << 8) | d;
  const known = named.get(place);
  if (known !== undefined && sameBytes(known.key, publicKey)) return known.replica;
  const replica = replicaId(bytesToHex(sha256(concatBytes(REPLICA_DOMAIN, publicKey)).subarray(0, 16)));
  if (named.size >= NAMED_MAX) named.clear();
  named.set(place, { key: publicKey.slice(), replica });
  return replica;
};

/** Hash of the canonical bytes that the events of a commit share. */
export const contextHash = (contextBytes: Uint8Array): Hash32 => hash32(sha256(CONTEXT_DOMAIN, contextBytes));

/**
 * Leaf hash of one event: H(0x00 || context hash || event bytes). It is an RFC 6962 leaf hash, in the commit's tree
 * and in the server's.
 */
export const leafHash = (context: Hash32, eventBytes: Uint8Array): Hash32 => {
  LEAF_HEAD.set(context, 1);
  return hash32(sha256(LEAF_HEAD, eventBytes));
};

/** The link before a replica's first commit. */
export const genesisLink = (replica: ReplicaId, tenant: TenantId): Hash32 =>
  hash32(sha256(concatBytes(GENESIS_DOMAIN, utf8(replica), utf8(tenant))));

/** What a commit adds to its replica's chain. */
export type Step = { readonly first: number; readonly count: number; readonly root: Hash32 };

const LINK = new Uint8Array(LINK_DOMAIN.length + 74);
const LINK_VIEW = new DataView(LINK.buffer);
LINK.set(LINK_DOMAIN);

/** The link after a commit: H(domain, previous link, first sequence, count, root). Filled and read synchronously. */
export const linkHash = (previous: Hash32, { first, count, root }: Step): Hash32 => {
  const at = LINK_DOMAIN.length;
  LINK.set(previous, at);
  setSequence(LINK_VIEW, at + 32, first);
  LINK_VIEW.setUint16(at + 40, count);
  LINK.set(root, at + 42);
  return hash32(sha256(LINK));
};

/** The head of a replica that has written nothing. */
export const emptyHead = (replica: ReplicaId, tenant: TenantId): Head => ({
  sequence: 0,
  link: genesisLink(replica, tenant),
});
