/** The access list: who may do what, now and as of any time, from events alone. */
import { aggregateId, streamId } from '../core/ids.ts';
import {
  Access,
  type AccessContext,
  type DeviceHolder,
  entryOf,
  FailedUnlock,
  type Member,
} from '../machines/clinical/index.ts';
import { defineView } from '../projections/view.ts';
import type { Store } from '../store/types.ts';

/** One user of the study, with every device and every name given. */
export type AccessEntry = Member & {
  readonly user: string;
  /** Names of which the user may hold the wrapping keys. */
  readonly given: readonly string[];
  /** By fingerprint; `keys`: ids of the wrapping keys that the device has. */
  readonly devices: readonly (DeviceHolder & { readonly holder: string; readonly keys: readonly string[] })[];
};

/** A point of time, RFC 3339 UTC with milliseconds: what had been recorded by then. Or a size of this device's log. */
export type AccessTime = { readonly instant: string } | { readonly size: number };

/** Failed attempts to unlock, of all devices: register it and `FailedUnlock` with the store. */
export const FailedUnlocks = defineView({
  name: 'failed-unlocks',
  of: FailedUnlock,
  row: ({ id, context }) => (context.failed === null ? undefined : { id: String(id), ...context.failed }),
});

/** The aggregate of a store's study. @throws StoreError `aggregate.unknown-type` if `Access` is not registered */
export const accessOf = (store: Store) => store.aggregate(Access, store.tenant);

const listOf = ({ users, holders, given, held }: AccessContext): readonly AccessEntry[] => {
  const known = Object.entries(holders).map(([holder, device]) => ({
    ...{ holder, ...device },
    keys: Object.keys(held).filter((key) => held[key]?.includes(holder)),
  }));
  return Object.entries(users).map(([user, member]) => ({
    ...{ user, ...member, given: entryOf(given, user) ?? [] },
    devices: known.filter((device) => device.user === user),
  }));
};

/** Everybody who may do something, or could, and by which devices, as far as this device knows. */
export const accessNow = (store: Store): readonly AccessEntry[] => listOf(accessOf(store).state().context);

const contextOf = (context: unknown): AccessContext => context as AccessContext;

/**
 * The list as it was: the fold of those events that had been recorded by a point of time (by the clocks of the devices that
 * recorded them), or that this device held at a size of its log. Events alone are read.
 * @throws StoreError `aggregate.unknown-type`, `storage.*`
 */
export const accessAt = async (store: Store, at: AccessTime): Promise<readonly AccessEntry[]> => {
  const trail = await accessOf(store).history();
  const stored = await store.sealedEvents(streamId(Access.type, aggregateId(store.tenant)));
  const places = new Map(stored.map(({ body, position }) => [body.id, position]));
  let state = Access.replay.initial;
  for (const { eventId, type, payload, recordedAt, actor, replica } of trail) {
    const isKnown = 'size' in at ? (places.get(eventId) ?? at.size) < at.size : recordedAt.utc <= at.instant;
    const author = { user: actor.user, role: actor.role, replica, at: recordedAt.utc };
    if (isKnown) state = Access.replay.next(state, { ...payload, type, author }) ?? state;
  }
  return listOf(contextOf(state.context));
};
