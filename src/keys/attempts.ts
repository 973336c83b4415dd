/**
 * How often one may try: an attempt is stored as failed before it is made, and taken back when it succeeds. So neither a
 * restart nor a killed tab gives one for nothing.
 *
 * Names fall into buckets by their hash, whether a user has that name or not: who tries learns nothing from being made to
 * wait. A clock that is set back makes nobody wait less; one that is set ahead does, within one run of the program not
 * even that. Laws: `attempts.laws`.
 */
import { StoreError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { Clock } from '../core/ports.ts';
import { BUCKETS, type Failure, type VaultDocument, type WayKind } from './format.ts';

/** Milliseconds that have to pass after so many failures in a row: none at first, then twice as long each time. */
export const waitAfter = (failed: number): number =>
  failed < LIMITS.attemptsFreeMax
    ? 0
    : Math.min(LIMITS.attemptWaitMsMax, LIMITS.attemptWaitMs * 2 ** Math.min(32, failed - LIMITS.attemptsFreeMax));

/** The bucket of a name, from its tag. */
export const bucketOf = (tag: string): number => Number.parseInt(tag.slice(0, 2), 16) % BUCKETS;

/** When attempts were made in this run of the program, by a clock that nobody sets. */
export type AttemptTimes = Map<number, number>;

const waitLeft = (vault: VaultDocument, bucket: number, clock: Clock, times: AttemptTimes): number => {
  const known = vault.attempts.find((each) => each.bucket === bucket);
  if (known === undefined) return 0;
  const wait = waitAfter(known.failed);
  const since = clock.nowMs() - known.at;
  const left = since < 0 ? wait : wait - since;
  const begun = times.get(bucket);
  return Math.max(0, left, begun === undefined ? 0 : wait - (clock.uptimeMs() - begun));
};

/** The vault with one more attempt at a name in it. @throws StoreError `key.wait`, with how long */
export const withAttempt = (
  vault: VaultDocument,
  attempt: { readonly id: string; readonly tag: string; readonly kind: WayKind },
  clock: Clock,
  times: AttemptTimes,
): VaultDocument => {
  const bucket = bucketOf(attempt.tag);
  const waitMs = Math.ceil(waitLeft(vault, bucket, clock, times));
  if (waitMs > 0) throw new StoreError('key.wait', { waitMs });
  const at = Math.max(0, Math.floor(clock.nowMs()));
  const failed = (vault.attempts.find((each) => each.bucket === bucket)?.failed ?? 0) + 1;
  const failures: readonly Failure[] = [...vault.failures, { ...attempt, at }];
  const over = Math.max(0, failures.length - LIMITS.vaultFailuresMax);
  times.set(bucket, clock.uptimeMs());
  return {
    ...vault,
    attempts: [...vault.attempts.filter((each) => each.bucket !== bucket), { bucket, failed, at }],
    failures: failures.slice(over),
    dropped: vault.dropped + over,
  };
};

/** The vault after that attempt succeeded: it was none that failed, and those before it no longer make anybody wait. */
export const withoutAttempt = (
  vault: VaultDocument,
  attempt: { readonly id: string; readonly tag: string },
  times: AttemptTimes,
): VaultDocument => {
  const bucket = bucketOf(attempt.tag);
  times.delete(bucket);
  return {
    ...vault,
    attempts: vault.attempts.filter((each) => each.bucket !== bucket),
    failures: vault.failures.filter(({ id }) => id !== attempt.id),
  };
};
