/**
 * Who may do what in a study, as an aggregate, `access/<tenant>`: users with role and site, their devices, and the names of the
 * wrapping keys that each of them may hold. The list at any time is the fold of these events and of nothing else (C-d2).
 *
 * A device asks (`DeviceRequested`, by itself, with its public key); somebody who has compared the fingerprint lets it in
 * (`DeviceEnrolled`). A user id is never added twice. Who has which key is what was granted or said (`KeyHeld`), also where it
 * should not have been, as by a device that had not heard of a revocation: what is sealed for somebody cannot be called back.
 * Then, and after each revocation, a newer key of that name is due (`rotationsDue`), granted to those who stay.
 * Whom a key may be granted to at all is `isEntitled`; `clinical/granting.ts` grants to nobody else.
 *
 * The machine keeps order; who may record what is `accessRules.ts`, which server and devices judge by. Laws: `access`, `accessRules.laws`.
 */
import { assign, setup } from 'xstate';
import type { Author, SendableEvent } from '../../core/aggregate.ts';
import { defineAggregate } from '../aggregate.ts';
import { accessEvents } from './accessEvents.ts';
import {
  type AccessContext,
  type DeviceHolder,
  entryOf,
  isActive,
  isEntitled,
  isPresent,
  type MadeKey,
  type Member,
  RECOVERY_USER,
  type Table,
} from './accessList.ts';
import { ADMINISTRATION, accessAuthority } from './accessRules.ts';

type AccessEvent = SendableEvent<typeof accessEvents> & { readonly author?: Author };

/** The newest wrapping key of a name. */
export const newestKey = ({ keys }: AccessContext, name: string): MadeKey | undefined =>
  keys.findLast((key) => key.name === name);

/** Names of which somebody has the newest wrapping key who may not have it any more: a newer one is to be made. */
export const rotationsDue = (context: AccessContext): readonly string[] =>
  [...new Set(context.keys.map(({ name }) => name))].filter((name) => {
    const newest = newestKey(context, name);
    const holders = newest === undefined ? undefined : entryOf(context.held, newest.id);
    return holders?.some((holder) => !isEntitled(context, holder, name)) === true;
  });

/** A wrapping key that somebody who stays does not have yet. */
export type OwedGrant = { readonly wrapping: string; readonly name: string; readonly holder: string };

/** Keys that go to those who have an older one of the same name and may have the newer ones too. */
export const grantsOwed = (context: AccessContext): readonly OwedGrant[] => {
  const has = (key: MadeKey, holder: string) => entryOf(context.held, key.id)?.includes(holder) === true;
  return context.keys.flatMap((key) => {
    const { id, name } = key;
    const others = context.keys.filter((other) => other.name === name && other !== key);
    const owed = Object.keys(context.holders).filter(
      (holder) => !has(key, holder) && others.some((other) => has(other, holder)) && isEntitled(context, holder, name),
    );
    return owed.map((holder) => ({ wrapping: id, name, holder }));
  });
};

type Holding = { readonly wrapping: string; readonly holder: string };

const withEntry = <T>(table: Table<T>, name: string, entry: T): Table<T> => ({ ...table, [name]: entry });
const withHolder = ({ holders }: AccessContext, holder: string, change: Partial<DeviceHolder>) => {
  const found = entryOf(holders, holder);
  return found === undefined ? {} : { holders: withEntry(holders, holder, { ...found, ...change }) };
};
const withUser = ({ users }: AccessContext, user: string, member: Member) => ({
  users: withEntry(users, user, member),
});
const memberOf = ({ role, site }: Pick<Member, 'role' | 'site'>): Member => ({
  role,
  site,
  isActive: true,
  removedFrom: null,
});
const stateOf = ({ holders }: AccessContext, holder: string) => entryOf(holders, holder)?.state;
const isGiven = ({ given }: AccessContext, user: string, name: string) => entryOf(given, user)?.includes(name) === true;
const withHeld = ({ held }: AccessContext, { wrapping, holder }: Holding) => ({
  held: withEntry(held, wrapping, [...(entryOf(held, wrapping) ?? []), holder]),
});
const knows = ({ keys }: AccessContext, wrapping: string, name?: string): boolean =>
  keys.some((key) => key.id === wrapping && (name === undefined || key.name === name));
/** Whoever can be the holder of a key has one entry; that somebody may not have it any more makes nothing unsaid. */
const isNewHolding = (context: AccessContext, { wrapping, holder }: Holding): boolean =>
  stateOf(context, holder) !== undefined && entryOf(context.held, wrapping)?.includes(holder) !== true;

/**
 * A holder's first passphrase is none that was renewed. One that was makes it due on the user's other devices, unless it was due here:
 * then it is the answer to theirs.
 */
const renewed = (
  { holders }: AccessContext,
  { holder, since }: { readonly holder: string; readonly since: string },
) => {
  const found = entryOf(holders, holder);
  if (found === undefined) return {};
  const isFirst = found.passphraseSince === null;
  const isAnswer = found.isRenewalDue;
  const others = Object.entries(holders).map(([other, device]): readonly [string, DeviceHolder] => {
    const isDue = device.user === found.user && device.passphraseSince !== null && !isFirst && !isAnswer;
    return [other, isDue ? { ...device, isRenewalDue: true } : device];
  });
  return {
    holders: withEntry(Object.fromEntries(others), holder, { ...found, passphraseSince: since, isRenewalDue: false }),
  };
};

/** Whoever records the first user administers, from that replica until a device of theirs is let in there. */
const foundedBy = ({ users, given }: AccessContext, author: Author | undefined): Partial<AccessContext> => {
  if (author === undefined || Object.keys(users).length > 0) return {};
  const { user, replica } = author;
  return { founder: { user, replica }, given: withEntry(given, user, [ADMINISTRATION]) };
};
const seated = ({ holders, founder }: AccessContext, holder: string): Partial<AccessContext> => {
  const found = entryOf(holders, holder);
  return found?.user === founder?.user && found?.replica === founder?.replica ? { founder: null } : {};
};

const access = setup({ types: { context: {} as AccessContext, events: {} as AccessEvent } });

const machine = access.createMachine({
  id: 'access',
  context: { users: {}, holders: {}, given: {}, keys: [], held: {}, recoveries: {}, founder: null },
  initial: 'kept',
  states: {
    kept: {
      on: {
        UserAdded: {
          guard: ({ context, event }) => entryOf(context.users, event.user) === undefined,
          actions: assign(({ context, event }) => ({
            ...withUser(context, event.user, memberOf(event)),
            ...foundedBy(context, event.author),
          })),
        },
        UserChanged: {
          guard: ({ context, event }) => isActive(context, event.user),
          actions: assign(({ context, event }) => withUser(context, event.user, memberOf(event))),
        },
        UserRemoved: {
          guard: ({ context, event }) => isActive(context, event.user),
          actions: assign(({ context, event: { user, author } }) => {
            const found = entryOf(context.users, user);
            if (found === undefined) return {};
            return withUser(context, user, { ...found, isActive: false, removedFrom: author?.at ?? null });
          }),
        },
        UserReadmitted: {
          guard: ({ context, event }) => entryOf(context.users, event.user)?.isActive === false,
          actions: assign(({ context, event }) => withUser(context, event.user, memberOf(event))),
        },
        DeviceRequested: {
          guard: ({ context, event }) => stateOf(context, event.holder) === undefined,
          actions: assign(({ context, event: { holder, user, sharingKey, replica } }) => ({
            holders: withEntry<DeviceHolder>(context.holders, holder, {
              ...{ user, sharingKey, replica, formerReplicas: [], state: 'requested' },
              ...{ revokedFrom: null, passphraseSince: null, isRenewalDue: false },
            }),
          })),
        },
        DeviceEnrolled: {
          guard: ({ context, event: { holder } }) =>
            stateOf(context, holder) === 'requested' && isActive(context, entryOf(context.holders, holder)?.user ?? ''),
          actions: assign(({ context, event }) => ({
            ...withHolder(context, event.holder, { state: 'enrolled' }),
            ...seated(context, event.holder),
          })),
        },
        DeviceMoved: {
          guard: ({ context, event: { holder, replica } }) =>
            stateOf(context, holder) === 'enrolled' && entryOf(context.holders, holder)?.replica !== replica,
          actions: assign(({ context, event: { holder, replica } }) => {
            const { formerReplicas = [], replica: before = '' } = entryOf(context.holders, holder) ?? {};
            return withHolder(context, holder, { replica, formerReplicas: [...formerReplicas, before] });
          }),
        },
        DeviceRevoked: {
          guard: ({ context, event: { holder } }) => !['revoked', undefined].includes(stateOf(context, holder)),
          actions: assign(({ context, event: { holder, from } }) =>
            withHolder(context, holder, { state: 'revoked', revokedFrom: from }),
          ),
        },
        AccessGiven: {
          guard: ({ context, event: { user, name } }) => isActive(context, user) && !isGiven(context, user, name),
          actions: assign(({ context: { given }, event: { user, name } }) => ({
            given: withEntry(given, user, [...(entryOf(given, user) ?? []), name]),
          })),
        },
        AccessRevoked: {
          guard: ({ context, event: { user, name } }) => isGiven(context, user, name),
          actions: assign(({ context: { given }, event: { user, name } }) => ({
            given: withEntry(
              given,
              user,
              (entryOf(given, user) ?? []).filter((each) => each !== name),
            ),
          })),
        },
        WrappingKeyMade: {
          guard: ({ context, event }) => !knows(context, event.wrapping) && isNewHolding(context, event),
          actions: assign(({ context, event }) => ({
            keys: [...context.keys, { id: event.wrapping, name: event.name }],
            ...withHeld(context, event),
          })),
        },
        KeyGranted: {
          guard: ({ context, event }) => knows(context, event.wrapping, event.name) && isNewHolding(context, event),
          actions: assign(({ context, event }) => withHeld(context, event)),
        },
        KeyHeld: {
          guard: ({ context, event }) => knows(context, event.wrapping) && isNewHolding(context, event),
          actions: assign(({ context, event }) => withHeld(context, event)),
        },
        RecoveryKeyMade: {
          guard: ({ context, event: { holder, shares } }) =>
            stateOf(context, holder) === undefined && shares.every((share) => isPresent(context, share.holder)),
          actions: assign(({ context, event: { holder, sharingKey, threshold, shares } }) => ({
            holders: withEntry<DeviceHolder>(context.holders, holder, {
              ...{ user: RECOVERY_USER, sharingKey, replica: '', formerReplicas: [], state: 'recovery' },
              ...{ revokedFrom: null, passphraseSince: null, isRenewalDue: false },
            }),
            recoveries: withEntry(context.recoveries, holder, {
              threshold,
              custodians: shares.map((share) => share.holder),
              released: [],
            }),
          })),
        },
        RecoveryShareReleased: {
          guard: ({ context, event: { recovery, by, to } }) =>
            stateOf(context, recovery) === 'recovery' &&
            entryOf(context.recoveries, recovery)?.custodians.includes(by) === true &&
            isPresent(context, by) &&
            isPresent(context, to),
          actions: assign(({ context: { recoveries }, event: { recovery, by, to } }) => {
            const found = entryOf(recoveries, recovery);
            if (found === undefined) return {};
            return {
              recoveries: withEntry(recoveries, recovery, { ...found, released: [...found.released, { by, to }] }),
            };
          }),
        },
        PassphraseRenewed: {
          guard: ({ context, event: { holder, since } }) =>
            stateOf(context, holder) === 'enrolled' && entryOf(context.holders, holder)?.passphraseSince !== since,
          actions: assign(({ context, event }) => renewed(context, event)),
        },
      },
    },
  },
});

const REASONED: readonly string[] = [
  'DeviceMoved',
  'UserChanged',
  'UserRemoved',
  'UserReadmitted',
  'DeviceRevoked',
  'AccessRevoked',
  'RecoveryShareReleased',
];

/** Who may do what in a study; the aggregate's id is the tenant. */
export const Access = defineAggregate({
  type: 'access',
  version: 2,
  events: accessEvents,
  machine,
  authority: accessAuthority,
  needsReason: ({ type }) => REASONED.includes(type),
});
