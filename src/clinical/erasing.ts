/**
 * Carrying an erasure out on this device, and following those that were approved elsewhere.
 *
 * Invariants: nothing is destroyed without an approval that counts and that this device's policy allows; what is destroyed is
 * destroyed before that is recorded, so a device that says so has done it, whatever it was interrupted by; doing it again
 * changes nothing; what arrives later for a subject that was erased is destroyed as well. Laws: `erasing.laws`.
 */
import type { Subscription } from 'rxjs';
import { ERASURE_TYPE, type ErasureFold, type ErasureTarget } from '../core/erasure.ts';
import { StoreError } from '../core/errors.ts';
import { type EventId, type KeyId, type ReplicaId, type StreamId, streamParts } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import type { Clock } from '../core/ports.ts';
import type { SealedPlace } from '../crypto/dataKey.ts';
import type { KeyRing } from '../keys/ring.ts';
import { Erasure } from '../machines/clinical/index.ts';
import { systemClock } from '../store/platform.ts';
import type { Store } from '../store/types.ts';
import type { CommittedBatch } from '../streams/log.ts';
import { approveErasure, type ErasureOutcome, type ErasurePolicy, foldOf, requestErasure } from './erasure.ts';
import { ErasureIndex } from './erasures.ts';

/** What an unlocked session destroys keys with: `session.source`. */
export type ErasingKeys = Pick<KeyRing, 'shred' | 'puncture' | 'fate' | 'opening' | 'onChange'>;

export type CarriedOut =
  /** Destroyed on this device, and recorded. */
  | { readonly kind: 'done' }
  /**
   * Nothing was recorded. `not-approved`: nobody has approved it, or it was refused. `policy`: this device's policy does not
   * allow it. `other-holder`: a key of it lies here under a wrapping key that this user does not hold; it is done when
   * somebody unlocks who does. `read-only`: a newer version of the application has written to it; it was destroyed here, and
   * is recorded after an update.
   */
  | {
      readonly kind: 'waiting';
      readonly why: 'not-approved' | 'contested' | 'policy' | 'other-holder' | 'read-only';
    };

const waiting = (why: Extract<CarriedOut, { kind: 'waiting' }>['why']): CarriedOut => ({ kind: 'waiting', why });

/** Why a device does not go by an erasure; undefined if it does. */
const hindrance = ({ course, contested }: ErasureFold, policy: ErasurePolicy): CarriedOut | undefined => {
  const { state, target, approved } = course;
  if (state !== 'approved' && state !== 'carriedOut') return waiting('not-approved');
  if (target === undefined || approved === undefined) return waiting('not-approved');
  if (contested) return waiting('contested');
  const isAllowed =
    policy.refusal(target) === undefined &&
    policy.mayApprove({ user: approved.by, role: approved.role }) &&
    (!approved.alone || policy.mayApproveAlone(target));
  return isAllowed ? undefined : waiting('policy');
};

type Keyed = SealedPlace & { readonly key: KeyId };

/** The values that are to be gone, with the keys that they are sealed under. */
const valuesOf = async (store: Store, target: ErasureTarget): Promise<readonly Keyed[]> => {
  if (target.kind === 'values') return target.places;
  const places = await store.sealedPlaces({ subject: target.subject });
  return places.filter(({ marking }) => marking?.key === 'subject');
};

/** The places of a key that can still be opened. */
const leftOf = async (
  keys: ErasingKeys,
  id: KeyId,
  places: readonly SealedPlace[],
): Promise<readonly SealedPlace[]> => {
  const key = await keys.opening(id);
  return typeof key === 'string' ? [] : places.filter(key.holds);
};

/** @returns the keys concerned, or undefined if one of them is not this user's to destroy */
const destroy = async (
  store: Store,
  keys: ErasingKeys,
  target: ErasureTarget,
): Promise<readonly KeyId[] | undefined> => {
  if (target.kind === 'subject') await keys.shred({ kind: 'subject', name: target.subject });
  const byKey = new Map<KeyId, SealedPlace[]>();
  for (const { key, event, path } of await valuesOf(store, target)) {
    const places = byKey.get(key) ?? [];
    places.push({ event, path });
    byKey.set(key, places);
  }
  let isWhole = true;
  for (const [key, places] of byKey) {
    if ((await keys.fate(key)) === 'closed') isWhole = false;
    const left = await leftOf(keys, key, places);
    if (left.length > 0) await keys.puncture(key, left);
    if ((await leftOf(keys, key, places)).length > 0) throw new StoreError('erasure.incomplete', { key });
  }
  return isWhole ? [...byKey.keys()] : undefined;
};

/** The keys that this device has to tell of; undefined if everything was told before. */
const untold = ({ course }: ErasureFold, replica: ReplicaId, keys: readonly KeyId[]): readonly KeyId[] | undefined => {
  const { target, done } = course;
  const told = new Set(done.flatMap((each) => each.keys));
  const fresh = target?.kind === 'subject' ? keys.filter((key) => !told.has(key)).slice(0, LIMITS.erasedKeysMax) : [];
  return fresh.length > 0 || !done.some((each) => each.replica === replica) ? fresh : undefined;
};

/**
 * Destroys on this device what was approved to be erased, and records that it did. To be repeated without harm.
 * @throws StoreError `erasure.incomplete`, `key.locked`, `store.unavailable-actor`, `storage.*`
 */
export const carryOutErasure = async (
  store: Store,
  keys: ErasingKeys,
  policy: ErasurePolicy,
  id: string,
): Promise<CarriedOut> => {
  const erasure = store.aggregate(Erasure, id);
  for (;;) {
    const expectedVersion = erasure.state().version;
    const fold = await foldOf(store, id);
    const hindered = hindrance(fold, policy);
    const { target, state } = fold.course;
    if (hindered !== undefined || target === undefined) return hindered ?? waiting('not-approved');
    const gone = await destroy(store, keys, target);
    if (gone === undefined) return waiting('other-holder');
    const told = untold(fold, store.replica, gone);
    if (told === undefined) return { kind: 'done' };
    const { readOnly, damaged } = erasure.state();
    if (readOnly || damaged) return waiting('read-only');
    const type = state === 'approved' ? 'ErasureCarriedOut' : 'ErasureConfirmed';
    await erasure.send({ type, replica: store.replica, keys: [...told] }, { expectedVersion });
  } // once more: it is recorded, or another tab or device was faster
};

/**
 * Redacts one value, such as a name that was typed into the wrong field: one request with one place. Another person approves
 * it, unless the policy lets this one do it alone: then it is carried out at once.
 * @throws StoreError as `requestErasure` and `carryOutErasure`
 */
export const redactValue = async (
  store: Store,
  keys: ErasingKeys,
  policy: ErasurePolicy,
  value: {
    readonly stream: StreamId;
    readonly event: EventId;
    readonly path: string;
    readonly justification: string;
    readonly clock?: Clock;
  },
): Promise<ErasureOutcome> => {
  const { stream, event, path, justification, clock = systemClock } = value;
  const what = { values: [{ stream, event, path }] };
  const asked = await requestErasure(store, policy, { what, justification, clock });
  if (asked.kind !== 'requested') return asked;
  const approved = await approveErasure(store, policy, { id: asked.id, justification });
  if (approved.kind !== 'approved') return approved.kind === 'rejected' ? asked : approved;
  await carryOutErasure(store, keys, policy, asked.id);
  return approved;
};

export type ErasureFollower = {
  /** Resolves when everything that is known so far was carried out or waits; rejects with what hindered it, tried again with the next change. */
  readonly settled: () => Promise<void>;
  readonly stop: () => void;
};

/** Erasures that a batch of events concerns: their own, and those of subjects about whom something arrived. */
const concernedBy = (store: Store, { events }: CommittedBatch, subjects: ReadonlyMap<string, readonly string[]>) => {
  const ids = new Set<string>();
  for (const { body, opened } of events) {
    const { type, id } = streamParts(body.stream);
    if (type === ERASURE_TYPE) ids.add(id);
    else if (opened !== undefined)
      for (const each of subjects.get(store.subjectOf(body.stream) ?? '') ?? []) ids.add(each);
  }
  return ids;
};

/** Subjects whose erasure was approved, with the ids of their erasures. */
const erasedSubjects = (store: Store): ReadonlyMap<string, readonly string[]> => {
  const subjects = new Map<string, readonly string[]>();
  for (const { id, subject, state } of store.view(ErasureIndex).rows())
    if (subject !== null && (state === 'approved' || state === 'carriedOut'))
      subjects.set(subject, [...(subjects.get(subject) ?? []), id]);
  return subjects;
};

/**
 * Carries out what was and will be approved, here or elsewhere, and confirms it: start it whenever the store is opened.
 * `ErasureIndex` and `Erasure` have to be registered with the store. It ends with the store.
 */
export const followErasures = (store: Store, keys: ErasingKeys, policy: ErasurePolicy): ErasureFollower => {
  const due = new Set<string>();
  let running: Promise<void> | undefined;
  let isStopped = false;
  const run = async (): Promise<void> => {
    for (let [id] = due; id !== undefined && !isStopped; [id] = due) {
      due.delete(id); // before it is looked at: what changes meanwhile is looked at again
      const failed = id;
      await carryOutErasure(store, keys, policy, id).catch((error: unknown) => {
        due.add(failed);
        throw error;
      });
    }
  };
  const start = (): Promise<void> => {
    running ??= run().finally(() => {
      running = undefined;
    });
    running.catch(() => undefined); // told to whoever asks whether it is settled
    return running;
  };
  const follow = (ids: Iterable<string>): void => {
    for (const id of ids) due.add(id);
    if (due.size > 0 && !isStopped) void start();
  };
  const all = (): Iterable<string> =>
    store
      .view(ErasureIndex)
      .rows()
      .map(({ id }) => id);
  const batches: Subscription = store.committed$.subscribe({
    next: (batch) => follow(concernedBy(store, batch, erasedSubjects(store))),
    complete: () => stop(),
  });
  const unfollow = keys.onChange(() => follow(all()));
  const stop = (): void => {
    isStopped = true;
    batches.unsubscribe();
    unfollow();
  };
  follow(all());
  return {
    settled: async () => {
      while (running !== undefined || (due.size > 0 && !isStopped)) await start();
    },
    stop,
  };
};
