/**
 * Follows the events of access for one unlocked user: takes the keys that were granted to this holder, forwards newer ones to
 * those who stay, puts data keys under the newest ones, records what the vault has to tell: failed attempts and a renewed passphrase, and
 * tells the vault when the passphrase was renewed on another device.
 *
 * Each round looks at what is held and what is recorded, and does what is missing: a round that was cut off anywhere is made
 * up for by the next one, here or after a restart. Law: `followAccess`.
 */
import { filter } from 'rxjs';
import { isStoreError, type StoreError } from '../core/errors.ts';
import { keyId, type StreamId, streamParts } from '../core/ids.ts';
import type { Grant } from '../keys/held.ts';
import type { KeySession } from '../keys/session.ts';
import { Access, entryOf, FailedUnlock, isEntitled } from '../machines/clinical/index.ts';
import type { Store } from '../store/types.ts';
import { accessOf } from './access.ts';
import { type AccessKeys, forwardGrants, ownFingerprint, recordHeld } from './granting.ts';

/** What following needs of a session. */
export type FollowKeys = AccessKeys &
  Pick<
    KeySession,
    'renewedElsewhere' | 'accept' | 'rewrap' | 'failures' | 'failuresRecorded' | 'unlockedBy' | 'onLock'
  >;

export type AccessFollower = {
  /** Resolves when everything known so far was looked at. @throws StoreError what stopped the last round */
  readonly settled: () => Promise<void>;
  readonly stop: () => void;
};

/** Takes the grants that this holder may have and does not hold yet; one that does not open is none. */
const takeGrants = async (store: Store, keys: FollowKeys): Promise<void> => {
  const access = accessOf(store);
  const holder = await ownFingerprint(keys);
  const held = new Set<string>((await keys.wrappingKeys()).map(({ id }) => id));
  const { sharingKey } = await keys.holder();
  for (const entry of await access.history()) {
    if (entry.type !== 'KeyGranted' || !entry.applied || entry.payload['holder'] !== holder) continue;
    const { wrapping, name, sealed } = entry.payload;
    if (typeof wrapping !== 'string' || typeof name !== 'string' || typeof sealed !== 'string') continue;
    if (held.has(wrapping) || !isEntitled(access.state().context, holder, name)) continue;
    const grant: Grant = { wrapping: keyId(wrapping), name, sealed, holder: { user: keys.user, sharingKey } };
    await keys.accept([grant]).catch((error: unknown) => {
      if (!isStoreError(error, 'key.refused')) throw error;
    });
    held.add(wrapping);
  }
};

/** Records failed attempts, each once, and only then lets the vault forget them. */
const recordFailures = async (store: Store, keys: FollowKeys): Promise<void> => {
  const { attempts, more } = await keys.failures();
  if (attempts.length === 0) return;
  for (const [index, { id, at, user, kind }] of attempts.entries()) {
    const failed = store.aggregate(FailedUnlock, id);
    const uncounted = index === 0 ? more : 0;
    const event = { type: 'UnlockFailed', at, user: user ?? null, kind, replica: store.replica, uncounted } as const;
    if (failed.can(event)) await failed.send(event);
  }
  await keys.failuresRecorded({ ids: attempts.map(({ id }) => id), more });
};

const recordRenewal = async (store: Store, keys: FollowKeys): Promise<void> => {
  const { kind, since } = keys.unlockedBy;
  if (kind !== 'passphrase') return;
  const access = accessOf(store);
  const event = { type: 'PassphraseRenewed', holder: await ownFingerprint(keys), since } as const;
  if (access.can(event)) await access.send(event);
  const own = entryOf(access.state().context.holders, event.holder);
  if (own?.isRenewalDue === true) await keys.renewedElsewhere();
};

const round = async (store: Store, keys: FollowKeys, signal: AbortSignal): Promise<void> => {
  await recordFailures(store, keys);
  await takeGrants(store, keys);
  await recordHeld(store, keys);
  await recordRenewal(store, keys);
  await forwardGrants(store, keys);
  await keys.rewrap({ signal });
};

const isOfAccess = (stream: StreamId): boolean => streamParts(stream).type === Access.type;

/**
 * Starts following, until `stop` or until the keys lock. `Access` and `FailedUnlock` have to be registered with the store.
 * @throws StoreError `aggregate.unknown-type`
 */
export const followAccess = (store: Store, keys: FollowKeys): AccessFollower => {
  accessOf(store);
  const ended = new AbortController();
  const isStopped = (): boolean => ended.signal.aborted;
  let failure: StoreError | Error | undefined;
  let isAsked = false;
  let running: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    while (isAsked && !isStopped()) {
      isAsked = false;
      failure = undefined;
      await round(store, keys, ended.signal).catch((error: unknown) => {
        failure = error instanceof Error ? error : new Error('unknown');
      });
    }
    running = undefined;
  };
  const ask = (): void => {
    isAsked = true;
    running ??= run();
  };
  const changes = store.committed$.pipe(filter(({ events }) => events.some(({ body }) => isOfAccess(body.stream))));
  const subscription = changes.subscribe(ask);
  const stop = (): void => {
    ended.abort();
    subscription.unsubscribe();
    unfollow();
  };
  const unfollow = keys.onLock(stop);
  ask();
  return {
    settled: async () => {
      while (running !== undefined) await running;
      if (failure !== undefined && !isStopped()) throw failure;
    },
    stop,
  };
};
