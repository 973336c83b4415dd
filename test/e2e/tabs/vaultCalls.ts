/** What a tab does with a vault: its key is one that a host application would keep, so that nothing takes long. */
import { isStoreError } from '../../../src/index.ts';
import { type KeySession, openVault, type Vault } from '../../../src/keys.ts';

const KEY = Uint8Array.from({ length: 32 }, (_, at) => at + 1);

let vault: Vault | undefined;
let session: KeySession | undefined;
let heard = 0;

const take = (unlocked: KeySession): void => {
  session = unlocked;
  heard = 0;
  unlocked.onLock(() => {
    heard += 1;
  });
};

type Given = { readonly name: string; readonly idleMs: number };

export const vaultCalls = {
  /** Makes the vault with Ada and Bea, and unlocks it as Ada. */
  makeVault: async ({ name, idleMs }: Given): Promise<void> => {
    vault = openVault({ name, idleMinutes: idleMs / 60_000 });
    const ada = await vault.create({ user: 'ada', key: KEY });
    await vault.enrol(ada, { user: 'bea', key: KEY }, { share: [] });
    take(ada);
  },
  unlockVault: async ({ name, idleMs, user }: Given & { readonly user: string }): Promise<void> => {
    vault = openVault({ name, idleMinutes: idleMs / 60_000 });
    take(await vault.unlock({ user, key: KEY }));
  },
  lockVault: async (): Promise<void> => session?.lock(),
  touchVault: (): void => session?.touch(),
  /** Locked and told once, or open and working. */
  vaultState: async (): Promise<string> => {
    const used = await session?.users().then(
      () => 'open',
      (error: unknown) => (isStoreError(error) ? error.code : 'failed'),
    );
    return `${used} ${session?.isLocked()} ${heard}`;
  },
};
