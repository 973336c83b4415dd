/** Where a vault lies: one small piece of bytes, changed by compare-and-set. Laws: `vaultStorage.laws`. */
import { sameBytes } from '../crypto/bytes.ts';

export type VaultStorage = {
  readonly read: () => Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * Stores `next` if what is stored is `expected`, byte for byte, or nothing where that is undefined. Durable before it
   * resolves; false, with nothing changed, if something else is stored.
   * @throws StoreError `storage.*`: nothing was changed
   */
  readonly swap: (expected: Uint8Array | undefined, next: Uint8Array<ArrayBuffer>) => Promise<boolean>;
};

const same = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === undefined || b === undefined ? a === b : sameBytes(a, b);

/** True if a swap that expects `expected` may go ahead over `stored`. */
export const maySwap = same;

/** A vault in memory: for tests, and for hosts that keep it themselves. */
export const memoryVault = (): VaultStorage => {
  let stored: Uint8Array<ArrayBuffer> | undefined;
  return {
    read: async () => stored?.slice(),
    swap: async (expected, next) => {
      if (!same(expected, stored)) return false;
      stored = next.slice();
      return true;
    },
  };
};
