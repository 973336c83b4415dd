/** What an unlocked session shares: its key ring, its wrapping keys, and grants given and taken. */
import { StoreError } from '../core/errors.ts';
import type { UserId } from '../core/ids.ts';
import { toBase64 } from '../crypto/bytes.ts';
import type { SharingKey } from '../crypto/hpke.ts';
import type { KeyScope } from '../crypto/keySource.ts';
import { carrySheet } from './carrying.ts';
import type { HeldKey, VaultUser } from './format.ts';
import { acceptGrant, type Grant, grantsOf, makeHeld, wrappingKeysOf } from './held.ts';
import { rewrapKeys } from './rewrapping.ts';
import { openRing } from './ring.ts';
import type { WrappingKey } from './rows.ts';
import type { KeySession, Unlocked } from './session.ts';
import type { KeySheetStorage, SheetRow } from './sheet.ts';
import type { Tools } from './unlocking.ts';
import { sharingKeyOf, type UserPlace } from './userKeys.ts';
import { withUser } from './ways.ts';

export type RingOptions = {
  readonly sheet: KeySheetStorage;
  /** Name of the wrapping key under which the data keys of a scope lie. */
  readonly wrappingFor: (scope: KeyScope) => string;
};

type Calls = Pick<
  KeySession,
  'source' | 'sheet' | 'rewrap' | 'sharingKey' | 'holder' | 'wrappingKeys' | 'makeWrappingKey' | 'grant' | 'accept'
>;

/** The session's user as the vault has them now. @throws StoreError `key.locked`, also if the user was taken out */
const selfOf = async (
  { file }: Tools,
  at: UserPlace,
  held: () => Unlocked,
): Promise<{ readonly user: VaultUser; readonly userKey: CryptoKey }> => {
  const { userKey } = held();
  const user = (await file.read()).users.find(({ tag }) => tag === at.tag);
  if (user === undefined) throw new StoreError('key.locked');
  return { user, userKey };
};

/** A sheet that says when something was changed through it. */
const telling = (sheet: KeySheetStorage) => {
  const listeners = new Set<() => void>();
  const told = (changed: boolean): boolean => {
    if (changed) for (const listener of [...listeners]) listener();
    return changed;
  };
  return {
    sheet: {
      ...sheet,
      add: async (row: SheetRow) => told(await sheet.add(row)),
      replace: async (row: SheetRow) => told(await sheet.replace(row)),
    },
    onUnsent: (listener: () => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
};

const openGrants = async (
  grants: readonly Grant[],
  key: SharingKey,
  by: Parameters<typeof acceptGrant>[2],
): Promise<readonly HeldKey[]> => {
  const taken: HeldKey[] = [];
  for (const grant of grants) taken.push(await acceptGrant(grant, key, by));
  return taken;
};

export const sharingOf = (tools: Tools, at: UserPlace, held: () => Unlocked, options: RingOptions) => {
  const { wrappingFor } = options;
  const { sheet, onUnsent } = telling(options.sheet);
  const { file, entropy } = tools;
  let wrapping: Promise<readonly WrappingKey[]> | undefined;
  const self = () => selfOf(tools, at, held);
  const load = (): Promise<readonly WrappingKey[]> => {
    held();
    wrapping ??= self().then(({ user, userKey }) => wrappingKeysOf(user, at, userKey));
    wrapping.catch(() => {
      wrapping = undefined;
    });
    return wrapping;
  };
  const ring = openRing({ sheet, entropy, held: load, wrappingFor });
  const carrying = carrySheet({ sheet, entropy, held: load, received: ring.received }, onUnsent);
  /** Puts keys behind those that are held; one that is held already stays where it is. */
  const take = async (keys: readonly HeldKey[]): Promise<void> => {
    await file.change((vault) =>
      withUser(vault, at.tag, (user) => {
        const known = new Set(user.held.map(({ id }) => id));
        return { ...user, held: [...user.held, ...keys.filter(({ id }) => !known.has(id))] };
      }),
    );
    wrapping = undefined;
    ring.changed();
  };
  const sharingKey = async () => {
    const { user, userKey } = await self();
    return sharingKeyOf(user, at, userKey);
  };
  const accept = async (grants: readonly Grant[]): Promise<void> =>
    take(await openGrants(grants, await sharingKey(), { at, userKey: held().userKey, entropy }));
  return {
    wipe: (): void => {
      wrapping = undefined;
      ring.wipe();
    },
    calls: (name: UserId): Calls => ({
      source: ring,
      sheet: carrying,
      rewrap: (options = {}) => rewrapKeys({ sheet, entropy, held: load }, options),
      sharingKey,
      holder: async () => ({ user: name, sharingKey: toBase64((await sharingKey()).publicKey) }),
      wrappingKeys: async () => (await load()).map(({ id, name: label }) => ({ id, name: label })),
      makeWrappingKey: async (label) => {
        const made = await makeHeld(label, at, held().userKey, entropy);
        await take([made]);
        return made.id;
      },
      grant: async (label, holder) => {
        const { user, userKey } = await self();
        return grantsOf(user, at, userKey, { name: label, holder });
      },
      accept,
    }),
  };
};
