/**
 * What stands between a person and a device: its vault. Until somebody unlocks it, nothing of the study is read.
 * The code for keys is loaded here, when the page first asks for it.
 */
import { type RememberedStore, rememberedStore } from '../../src/index.ts';
import type { KeySession, Vault } from '../../src/keys.ts';
import type { DeviceSpec } from './device.ts';
import { setting } from './settings.ts';

/** Minutes without a sign of the user after which a device locks by itself. */
export const IDLE_MINUTES = 15;

/** Days after which a passphrase unlocks only together with a new one. */
const PASSPHRASE_DAYS = 90;

export type Gate = {
  readonly vault: Vault;
  /** True if nobody was ever enrolled here. */
  readonly isNew: boolean;
  /** What was recorded here before, where the browser has lost it and the vault with it. */
  readonly lost: RememberedStore | undefined;
};

/** Somebody whose keys are unlocked. */
export type Entrant = { readonly vault: Vault; readonly keys: KeySession };

export type Credentials = { readonly user: string; readonly passphrase: string };

/** @throws StoreError `storage.*`, `vault.malformed` */
export const openGate = async ({ database }: DeviceSpec): Promise<Gate> => {
  const { openVault } = await import('../../src/keys.ts');
  const vault = openVault({ name: database, idleMinutes: IDLE_MINUTES, passphraseDaysMax: PASSPHRASE_DAYS });
  const isNew = !(await vault.exists());
  return { vault, isNew, lost: isNew ? await rememberedStore(database) : undefined };
};

/** The role in which somebody acts who is not in the study's access list yet, as it was said at this device. */
export const roleSetting = ({ database, actor }: DeviceSpec, user: string) =>
  setting<string>(`${database}.role.${user}`, user === actor.userId ? actor.role : 'site staff', {
    parse: (text) => (text === '' ? undefined : text),
    print: (role) => role,
  });

/** Sets a device up for its first user. @throws StoreError as `vault.create` */
export const setUp = async (
  spec: DeviceSpec,
  { vault }: Gate,
  { user, passphrase, role }: Credentials & { readonly role: string },
): Promise<Entrant> => {
  const keys = await vault.create({ user, passphrase });
  roleSetting(spec, user).set(role);
  return { vault, keys };
};

/** What somebody unlocks with. `next`: a new passphrase in the place of the one given. */
export type EntrySecret = { readonly passphrase: string; readonly next?: string } | { readonly passkey: true };

/** @throws StoreError as `vault.unlock` */
export const unlock = async ({ vault }: Gate, proof: { readonly user: string } & EntrySecret): Promise<Entrant> => ({
  vault,
  keys: await vault.unlock(proof),
});

/** Time since a person was last seen at a device, for what is shown of it; the session itself keeps its own. */
export const watchPresence = ({ keys }: Entrant, signing: { readonly touch: () => void }) => {
  let seenMs = Date.now();
  return {
    touch: (): void => {
      seenMs = Date.now();
      keys.touch();
      signing.touch();
    },
    /** Whole minutes until the device locks by itself, at least 1. */
    minutesLeft: (nowMs: number): number =>
      Math.max(1, IDLE_MINUTES - Math.floor(Math.max(0, nowMs - seenMs) / 60_000)),
  };
};
export type Presence = ReturnType<typeof watchPresence>;
