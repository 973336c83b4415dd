/**
 * Follows the chain of each replica through a run of commits, from sequence 1 on, past faults: a chain that is broken at
 * one place is followed again from the next sound commit, so that one fault gives one finding and later ones are seen.
 */
import type { Commit, Fault, Head } from '../core/commit.ts';
import type { Hash32, ReplicaId, TenantId } from '../core/ids.ts';
import { sameBytes } from '../crypto/bytes.ts';
import { checkContinues, emptyHead } from '../crypto/checkCommit.ts';
import type { Header } from './salvage.ts';

/** Sequences that have been passed over, and the link before them. */
type Hole = { from: number; readonly to: number; link: Hash32 };

export type Chain = {
  head: Head;
  /** A faulty commit came last: where the chain stands is not known until the next sound one. */
  unsure: boolean;
  /** Some commit of this chain was missing, faulty or out of place. */
  blemished: boolean;
  readonly holes: Hole[];
};

/**
 * How a sound commit relates to what came before. `fills`: it belongs to an earlier place that was found empty. `stolen`: it
 * continues the chain of another replica than the one that signed it. `counts`: the chain went on with it all the same.
 */
export type Step =
  | { readonly kind: 'continues' }
  | { readonly kind: 'fills'; readonly from: number; readonly isLast: boolean }
  | { readonly kind: 'faulty'; readonly fault: Fault; readonly counts: boolean }
  | { readonly kind: 'stolen'; readonly replica: ReplicaId; readonly sequence: number };

/** Where a faulty commit stands, as far as it can be told. */
export type Place = { readonly replica: ReplicaId; readonly first: number };

export type Chains = {
  readonly known: (replica: ReplicaId) => Chain | undefined;
  readonly all: () => ReadonlyMap<ReplicaId, Chain>;
  /** Takes a sound commit and moves its chain on. */
  readonly follow: (commit: Commit) => Step;
  /** Takes a faulty commit: tells its place, and leaves the chain of that place open. */
  readonly passOver: (header: Header) => Place | undefined;
};

const HOLES_MAX = 1_000;
/** Searches by link through all chains: each costs time in proportion to the replicas. */
const SEARCHES_MAX = 1_000;

const fillHole = (chain: Chain, commit: Commit): Step | undefined => {
  const last = commit.first + commit.events.length - 1;
  const at = chain.holes.findIndex(({ from, to, link }) => {
    return from === commit.first && last <= to && sameBytes(link, commit.previous);
  });
  const hole = chain.holes[at];
  if (hole === undefined) return undefined;
  const from = hole.from;
  hole.from = last + 1;
  hole.link = commit.link;
  const isLast = hole.from > hole.to;
  if (isLast) chain.holes.splice(at, 1);
  return { kind: 'fills', from, isLast };
};

const follow = (chain: Chain, commit: Commit): Step => {
  const fault = checkContinues(chain.head, commit);
  const isAfter = commit.first > chain.head.sequence;
  if (!isAfter && fault !== undefined) {
    return fillHole(chain, commit) ?? { kind: 'faulty', fault, counts: false };
  }
  const explained = chain.unsure;
  if (fault?.code === 'chain.gap' && !explained && chain.holes.length < HOLES_MAX) {
    chain.holes.push({ from: chain.head.sequence + 1, to: commit.first - 1, link: chain.head.link });
  }
  chain.head = { sequence: commit.first + commit.events.length - 1, link: commit.link };
  chain.unsure = false;
  if (fault !== undefined) chain.blemished = true;
  return fault === undefined || explained ? { kind: 'continues' } : { kind: 'faulty', fault, counts: true };
};

const passOver = (chain: Chain, header: Header, isOwn: boolean): number => {
  const fits = sameBytes(header.previous, chain.head.link);
  const first = fits || header.first === 0 ? chain.head.sequence + 1 : header.first;
  if (first <= chain.head.sequence) return first;
  chain.blemished = true;
  if (header.genuine && isOwn && fits && header.first === first) {
    chain.head = { sequence: first + header.count - 1, link: header.link };
  } else {
    chain.unsure = true;
  }
  return first;
};

/** Chains of one tenant. `expected` are replicas that are known to have events before any of them has come. */
export const followChains = (tenant: TenantId, expected: readonly ReplicaId[]): Chains => {
  const chains = new Map<ReplicaId, Chain>();
  const fresh = (replica: ReplicaId): Chain => {
    return { head: emptyHead(replica, tenant), unsure: false, blemished: false, holes: [] };
  };
  const chainOf = (replica: ReplicaId): Chain => {
    const chain = chains.get(replica) ?? fresh(replica);
    chains.set(replica, chain);
    return chain;
  };
  for (const replica of expected) chainOf(replica);

  let searches = 0;
  /** The replica, other than `except`, whose chain ends in `link`. */
  const endingIn = (link: Hash32, except: ReplicaId): ReplicaId | undefined => {
    searches += 1;
    if (searches > SEARCHES_MAX) return undefined;
    for (const [replica, { head }] of chains) if (replica !== except && sameBytes(head.link, link)) return replica;
    return undefined;
  };
  /** Whose commit it is: a replica that is known, or whose end it continues, or that it says it is. */
  const ownerOf = (header: Header): ReplicaId | undefined => {
    if (chains.has(header.replica)) return header.replica;
    return endingIn(header.previous, header.replica) ?? (header.genuine ? header.replica : header.named);
  };
  const robbedBy = (commit: Commit): ReplicaId | undefined => {
    const { head, unsure } = chains.get(commit.replica) ?? fresh(commit.replica);
    const isNew = head.sequence === 0 && !unsure;
    return isNew && checkContinues(head, commit) !== undefined ? endingIn(commit.previous, commit.replica) : undefined;
  };
  return {
    known: (replica) => chains.get(replica),
    all: () => chains,
    follow: (commit) => {
      const replica = robbedBy(commit);
      const chain = replica === undefined ? undefined : chains.get(replica);
      if (replica === undefined || chain === undefined) return follow(chainOf(commit.replica), commit);
      chain.unsure = true;
      chain.blemished = true;
      return { kind: 'stolen', replica, sequence: chain.head.sequence + 1 };
    },
    passOver: (header) => {
      const replica = ownerOf(header);
      if (replica === undefined) return undefined;
      return { replica, first: passOver(chainOf(replica), header, replica === header.replica) };
    },
  };
};
