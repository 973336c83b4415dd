/** A vault whose time and randomness the test owns, and whose passphrases cost nothing. */

import type { KeyScope } from '../../../src/crypto/keySource.ts';
import type { DerivePassphrase } from '../../../src/crypto/passphrase.ts';
import { sha256 } from '../../../src/crypto/sha256.ts';
import { readVault, type VaultDocument, writeVault } from '../../../src/keys/format.ts';
import type { Passkeys } from '../../../src/keys/secrets.ts';
import type { Idle } from '../../../src/keys/session.ts';
import { type KeySheetStorage, memorySheet } from '../../../src/keys/sheet.ts';
import { memoryVault, type VaultStorage } from '../../../src/keys/storage.ts';
import { type Vault, vaultOver } from '../../../src/keys/vault.ts';
import { type SimulatedTime, seededEntropy, simulatedTime } from '../../../src/testing/index.ts';

/** Counts what is computed, so that a test can say that two failures cost the same. */
export const cheapDerive = () => {
  const costs: string[] = [];
  const derive: DerivePassphrase = async (passphrase, salt, { memoryKib, passes }) => {
    costs.push(`${memoryKib}/${passes}`);
    return Uint8Array.from(sha256(salt, passphrase));
  };
  return { derive, costs };
};

/** Passkeys as a device has them: each gives one secret for one salt, until it is gone. */
export const devicePasskeys = () => {
  const held = new Map<string, Uint8Array<ArrayBuffer>>();
  const name = (credential: Uint8Array) => credential.join();
  const secretOf = (credential: Uint8Array, salt: Uint8Array) => Uint8Array.from(sha256(credential, salt));
  const use: Passkeys['use'] = async (ways) => {
    const { StoreError } = await import('../../../src/core/errors.ts');
    const found = ways.find(({ credential }) => held.has(name(credential)));
    if (found === undefined) throw new StoreError('key.passkey-unavailable');
    return { credential: found.credential.slice(), secret: secretOf(found.credential, found.salt) };
  };
  const create: Passkeys['create'] = async ({ salt }) => {
    const credential = Uint8Array.from({ length: 20 }, (_, at) => at + held.size);
    held.set(name(credential), credential);
    return use([{ credential, salt }]);
  };
  return { passkeys: { create, use }, lose: () => held.clear() };
};

export const IDLE_MS = 600_000;
export const ADA = { user: 'ada', passphrase: 'correct horse battery' };
export const BEA = { user: 'bea', passphrase: 'staple of the sea' };

let worlds = 0;

export const world = (
  options: {
    readonly storage?: VaultStorage;
    readonly sheet?: KeySheetStorage;
    readonly passphraseMsMax?: number;
    readonly line?: Idle['line'];
    readonly time?: SimulatedTime;
    /** The real one, where it is to cost what it costs. */
    readonly derive?: DerivePassphrase;
  } = {},
) => {
  const time = options.time ?? simulatedTime();
  const storage = options.storage ?? memoryVault();
  const sheet = options.sheet ?? memorySheet();
  const { derive: cheap, costs } = cheapDerive();
  const derive = options.derive ?? cheap;
  const device = devicePasskeys();
  let seed = 1_000 * ++worlds;
  const start = (): Vault =>
    vaultOver({
      ...{ storage, derive, passkeys: device.passkeys, clock: time.clock, scheduler: time.scheduler },
      ...{ sheet, wrappingFor: ({ kind, name }: KeyScope) => (kind === 'subject' ? 'study' : name) },
      ...{ entropy: seededEntropy(seed++), idleMs: IDLE_MS, passphraseMsMax: options.passphraseMsMax },
      line: options.line,
    });
  const document = async (): Promise<VaultDocument> => readVault((await storage.read()) ?? new Uint8Array());
  return {
    ...{ time, storage, costs, device, document },
    vault: start(),
    /** The vault as a program finds it that was started anew. */
    restarted: start,
    /** Changes what is stored, as somebody with the file in hand may. */
    tamper: async (change: (vault: VaultDocument) => VaultDocument): Promise<void> => {
      await storage.swap(await storage.read(), writeVault(change(await document())));
    },
  };
};
