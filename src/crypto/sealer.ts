/**
 * Hashing and signing as one service, so that it may run elsewhere: a run takes commits in the order of their
 * chain and gives them back sealed, in that order. Bytes do not depend on where it runs: Ed25519 has one signature for
 * one message. Law: `sealer.laws` (every sealer gives the bytes of `prepareCommit` and `signCommit`).
 */
import type { Commit } from '../core/commit.ts';
import { StoreError } from '../core/errors.ts';
import type { Hash32 } from '../core/ids.ts';
import { encodedEvents, type WrittenEvents } from './eventText.ts';
import { type PreparedCommit, prepareCommit, type SealedContext, signCommit } from './sealCommit.ts';
import type { SigningKey } from './signer.ts';

/** A commit that is decided on: 1 to 256 events that count on from each other, with what they share. */
export type CommitDraft = { readonly context: SealedContext; readonly events: WrittenEvents };

/** `link`: the link after the last commit, or the one that the run began with. */
export type SealedRun = { readonly commits: readonly Commit[]; readonly link: Hash32 };

export type SealingRun = {
  /** Takes the next commit of the chain; hashing and signing may begin at once. */
  readonly add: (draft: CommitDraft) => void;
  /** To be asked for once. @throws StoreError `append.too-large`, `key.unavailable` */
  readonly end: () => Promise<SealedRun>;
  /** Begins the run that continues this one, once this one's end was asked for; it need not have come. */
  readonly next: () => SealingRun;
};

export type Sealer = {
  /**
   * @param key  whose chain it is
   * @param previous  the link that the first commit continues
   */
  readonly begin: (key: SigningKey, previous: Hash32) => SealingRun;
  /** Says that there will be much to seal soon. */
  readonly prepare: () => void;
  /** Frees what the sealer holds. Runs that have begun still end. */
  readonly close: () => void;
};

/** Everything of a commit but its signature, hashed on this thread. */
export const prepareDraft = (key: SigningKey, { context, events }: CommitDraft, previous: Hash32): PreparedCommit => {
  const first = events.bodies[0]?.sequence;
  if (first === undefined) throw new StoreError('invariant.broken', { rule: 'a commit has an event' });
  return prepareCommit({ key, context, first, previous, events: encodedEvents(events) });
};

const runHere = (key: SigningKey, previous: Hash32): SealingRun => {
  let link = previous;
  const signing: Promise<Commit>[] = [];
  return {
    add: (draft) => {
      const prepared = prepareDraft(key, draft, link);
      link = prepared.link;
      const signed = signCommit(key, prepared);
      signed.catch(() => undefined); // told at the end
      signing.push(signed);
    },
    end: async () => ({ commits: await Promise.all(signing), link }),
    next: () => runHere(key, link),
  };
};

/** Seals on the thread that asks. */
export const sealHere: Sealer = { begin: runHere, prepare: () => undefined, close: () => undefined };
