/**
 * Follows the chain of each replica through a run of commits, from sequence 1 on, past faults: a chain that is broken at
 * one place is followed again from the next sound commit, so that one fault gives one finding and later ones are seen.
 */
import { type Commit, type Fault, type Head, headAfter } from '../core/commit.ts';
import type { Hash32, ReplicaId, TenantId } from '../core/ids.ts';
import { sameBytes } from '../crypto/bytes.ts';
import { emptyHead } from '../crypto/chain.ts';
import { checkContinues } from '../crypto/inChain.ts';
import type { Header } from './salvage.ts';

/** Sequences that were passed over. */
type Hole = {
  /** First sequence of the gap that this is a part of. */
  readonly gap: number;
  readonly from: number;
  readonly to: number;
  /** Link that the first of them must continue. */
  readonly before: Hash32;
  /** Link that the last of them must lead to. */
  readonly after: Hash32;
};

export type Chain = {
  head: Head;
  /** A faulty commit came last: where the chain stands is not known until the next sound one. */
  unsure: boolean;
  /** Some commit of this chain was missing, faulty or out of place. */
  blemished: boolean;
  readonly holes: Hole[];
};

/**
 * How a sound commit relates to what came before. `fills`: it belongs into the gap that was found at sequence `gap`;
 * `isLast` if that gap is now closed. `stolen`: it continues the chain of another replica than the one that signed it.
 * `counts`: the chain went on with it all the same.
 */
export type Step =
  | { readonly kind: 'continues' }
  | { readonly kind: 'fills'; readonly gap: number; readonly isLast: boolean }
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

/** True if the commit may stand in the hole: inside, and linked at each end that it touches. */
const fitsInto = ({ from, to, before, after }: Hole, commit: Commit): boolean => {
  const last = headAfter(commit).sequence;
  const fitsBefore = commit.first !== from || sameBytes(before, commit.previous);
  return commit.first >= from && last <= to && fitsBefore && (last !== to || sameBytes(after, commit.link));
};

/** Puts a commit that comes late into the hole that it left; what remains of the hole is to both sides of it. */
const fillHole = (chain: Chain, commit: Commit): Step | undefined => {
  const at = chain.holes.findIndex((hole) => fitsInto(hole, commit));
  const hole = chain.holes[at];
  if (hole === undefined) return undefined;
  const last = headAfter(commit).sequence;
  const left = { ...hole, to: commit.first - 1, after: commit.previous };
  const right = { ...hole, from: last + 1, before: commit.link };
  chain.holes.splice(at, 1, ...[left, right].filter(({ from, to }) => from <= to));
  return { kind: 'fills', gap: hole.gap, isLast: !chain.holes.some(({ gap }) => gap === hole.gap) };
};

const follow = (chain: Chain, commit: Commit): Step => {
  const fault = checkContinues(chain.head, commit);
  const isAfter = commit.first > chain.head.sequence;
  if (!isAfter && fault !== undefined) {
    return fillHole(chain, commit) ?? { kind: 'faulty', fault, counts: false };
  }
  const explained = chain.unsure;
  if (fault?.code === 'chain.gap' && !explained && chain.holes.length < HOLES_MAX) {
    const from = chain.head.sequence + 1;
    chain.holes.push({ gap: from, from, to: commit.first - 1, before: chain.head.link, after: commit.previous });
  }
  chain.head = headAfter(commit);
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
