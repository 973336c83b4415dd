/** Keys: who may unlock what is kept on this device. Names are listed by hand. */
import type { Clock, Entropy, Scheduler } from './core/ports.ts';
import type { KeyScope } from './crypto/keySource.ts';
import type { Passkeys } from './keys/secrets.ts';
import type { KeySheetStorage } from './keys/sheet.ts';
import type { VaultStorage } from './keys/storage.ts';
import { type Vault, vaultOver } from './keys/vault.ts';
import { derivePassphrase } from './keys/web/derive.ts';
import { indexedDbVault } from './keys/web/indexedDb.ts';
import { tabLine } from './keys/web/line.ts';
import { webPasskeys } from './keys/web/passkeys.ts';
import { indexedDbSheet } from './keys/web/sheet.ts';
import { systemClock, systemEntropy, systemScheduler } from './store/platform.ts';

export type { KeyScope } from './crypto/keySource.ts';
export { sign as signBytes } from './crypto/signer.ts';
export type { Grant, Holder } from './keys/held.ts';
export type { RewrapOptions, RewrapProgress, Rewrapping } from './keys/rewrapping.ts';
export type { KeyFate, KeyRing } from './keys/ring.ts';
export type { OwnSecret, Passkeys, Secret } from './keys/secrets.ts';
export type { FailedAttempt, KeySession } from './keys/session.ts';
export { type KeySheetStorage, memorySheet, type SheetRow } from './keys/sheet.ts';
export { memoryVault, type VaultStorage } from './keys/storage.ts';
export type { Share, WayFacts } from './keys/unlocked.ts';
export type { OwnProof, Proof, Vault } from './keys/vault.ts';
export { indexedDbVault } from './keys/web/indexedDb.ts';
export { indexedDbSheet } from './keys/web/sheet.ts';

export type OpenVaultOptions = {
  /** Name of the database that the vault belongs to. */
  readonly name: string;
  /** Minutes without `session.touch()` after which keys lock by themselves. */
  readonly idleMinutes: number;
  /** Days after which a passphrase has to be renewed; never if absent. */
  readonly passphraseDaysMax?: number;
  /** Where the vault lies; IndexedDB if absent. */
  readonly storage?: VaultStorage;
  /** Where data keys lie, wrapped; IndexedDB if absent. */
  readonly sheet?: KeySheetStorage;
  /**
   * Name of the wrapping key under which the data keys of a scope lie. If absent, those of every subject lie under `study`,
   * and those of a group of fields under the group's own name.
   */
  readonly wrappingFor?: (scope: KeyScope) => string;
  /** The platform's own if absent. */
  readonly passkeys?: Passkeys;
  readonly clock?: Clock;
  readonly entropy?: Entropy;
  readonly scheduler?: Scheduler;
};

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** The vault of this name. Nothing is read or made until it is asked for. */
export const openVault = (options: OpenVaultOptions): Vault => {
  const { name, idleMinutes, passphraseDaysMax } = options;
  return vaultOver({
    storage: options.storage ?? indexedDbVault(name),
    sheet: options.sheet ?? indexedDbSheet(name),
    wrappingFor: options.wrappingFor ?? (({ kind, name: group }) => (kind === 'subject' ? 'study' : group)),
    derive: derivePassphrase,
    passkeys: options.passkeys ?? webPasskeys(),
    clock: options.clock ?? systemClock,
    entropy: options.entropy ?? systemEntropy,
    scheduler: options.scheduler ?? systemScheduler,
    idleMs: idleMinutes * MINUTE_MS,
    line: tabLine(name),
    passphraseMsMax: passphraseDaysMax === undefined ? undefined : passphraseDaysMax * DAY_MS,
  });
};
