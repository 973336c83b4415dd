/** A vault as it is stored: read whole, changed by compare-and-set. */
import { StoreError } from '../core/errors.ts';
import { readVault, type VaultDocument, writeVault } from './format.ts';
import type { VaultStorage } from './storage.ts';

const TRIES_MAX = 16;

export type VaultFile = {
  /** @throws StoreError `vault.absent`, `vault.malformed`, `vault.unsupported-format`, `storage.*` */
  readonly read: () => Promise<VaultDocument>;
  readonly exists: () => Promise<boolean>;
  /** @throws StoreError `vault.exists` */
  readonly create: (vault: VaultDocument) => Promise<void>;
  /**
   * Stores what `next` makes of the vault; of the newest one, if another tab was faster.
   * @throws whatever `next` throws, with nothing changed; StoreError `vault.contention`, `vault.full`
   */
  readonly change: (next: (vault: VaultDocument) => VaultDocument) => Promise<VaultDocument>;
};

export const vaultFile = (storage: VaultStorage): VaultFile => {
  const bytes = async () => {
    const stored = await storage.read();
    if (stored === undefined) throw new StoreError('vault.absent');
    return stored;
  };
  return {
    read: async () => readVault(await bytes()),
    exists: async () => (await storage.read()) !== undefined,
    create: async (vault) => {
      if (!(await storage.swap(undefined, writeVault(vault)))) throw new StoreError('vault.exists');
    },
    change: async (next) => {
      for (let tries = 0; tries < TRIES_MAX; tries++) {
        const stored = await bytes();
        const changed = next(readVault(stored));
        if (await storage.swap(stored, writeVault(changed))) return changed;
      }
      throw new StoreError('vault.contention');
    },
  };
};
