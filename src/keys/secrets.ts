/** From what a person or the host application has, to the key that opens the wrap of one way. */
import { bytesToHex } from '@noble/hashes/utils.js';
import { StoreError } from '../core/errors.ts';
import { sameBytes } from '../crypto/bytes.ts';
import { COST_FLOOR, type DerivePassphrase, passphraseBytes } from '../crypto/passphrase.ts';
import { baseKey, WRAP_OVERHEAD_BYTES, wipe, wrappingKey } from '../crypto/secretKey.ts';
import type { VaultDocument, VaultUser, Way, WayKind } from './format.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** A passphrase that a person knows, or a key of 32 random bytes that the host application keeps (a native keychain). */
export type OwnSecret = { readonly passphrase: string } | { readonly key: Uint8Array };
/** What unlocks; `passkey` asks for one of the user's passkeys. */
export type Secret = OwnSecret | { readonly passkey: true };

/** Passkeys with the PRF extension of WebAuthn. What they give is 32 bytes for a salt, the same each time. */
export type Passkeys = {
  /**
   * Makes one on this device and asks it once.
   * @throws StoreError `key.passkey-unavailable`
   */
  readonly create: (request: {
    readonly user: string;
    readonly salt: Bytes;
    readonly known: readonly Bytes[];
  }) => Promise<{ readonly credential: Bytes; readonly secret: Bytes }>;
  /** Asks for any one of these. @throws StoreError `key.passkey-unavailable` */
  readonly use: (
    ways: readonly { readonly credential: Bytes; readonly salt: Bytes }[],
  ) => Promise<{ readonly credential: Bytes; readonly secret: Bytes }>;
};

/** What secrets need of the platform. `passkeys`: absent where there are none to be had. */
export type SecretTools = { readonly derive: DerivePassphrase; readonly passkeys?: Passkeys | undefined };

export const kindOf = (secret: Secret): WayKind => {
  if ('passphrase' in secret) return 'passphrase';
  return 'key' in secret ? 'host' : 'passkey';
};

const SECRET_BYTES = 32;

/** A key of the host, checked. @throws StoreError `key.weak` */
const hostKey = (key: Uint8Array): Bytes => {
  if (key.length !== SECRET_BYTES || key.every((byte) => byte === 0)) throw new StoreError('key.weak');
  return Uint8Array.from(key);
};

/** The key under a way's wrap. The bytes are wiped. */
const unlockKey = async (secret: Bytes, kind: WayKind, salt: Bytes): Promise<CryptoKey> => {
  try {
    return await wrappingKey(await baseKey(secret), `unlock/${kind}/${bytesToHex(salt)}`);
  } finally {
    wipe(secret);
  }
};

/** Some bytes where the secret could never be right: it is tried all the same, so that it takes as long. */
const orDecoy = (read: () => Bytes): Bytes => {
  try {
    return read();
  } catch {
    return new Uint8Array(SECRET_BYTES);
  }
};

/** A way that nobody has, which costs as much to try as one that somebody has. */
export const decoyWay = (vault: VaultDocument, tag: string, kind: WayKind): Way => {
  const like = vault.users.flatMap(({ ways }) => ways).find((way) => way.kind === kind);
  return {
    kind,
    id: tag,
    salt: new Uint8Array(SECRET_BYTES),
    since: 0,
    wrap: new Uint8Array(WRAP_OVERHEAD_BYTES + SECRET_BYTES),
    cost: like?.cost ?? COST_FLOOR,
    credential: like?.credential ?? new Uint8Array(SECRET_BYTES),
  };
};

/**
 * The way that a secret is tried on, and the key that it gives for it.
 * @throws StoreError `key.passkey-unavailable`
 */
export const tryWay = async (
  tools: SecretTools,
  ways: readonly [Way, ...Way[]],
  secret: Secret,
): Promise<{ readonly way: Way; readonly key: CryptoKey }> => {
  const [way] = ways;
  if ('passphrase' in secret) {
    const typed = orDecoy(() => passphraseBytes(secret.passphrase));
    const derived = await tools.derive(typed, way.salt, way.cost ?? COST_FLOOR).finally(() => wipe(typed));
    return { way, key: await unlockKey(derived, 'passphrase', way.salt) };
  }
  if ('key' in secret) {
    return {
      way,
      key: await unlockKey(
        orDecoy(() => hostKey(secret.key)),
        'host',
        way.salt,
      ),
    };
  }
  const asked = ways.flatMap(({ credential, salt }) => (credential === undefined ? [] : [{ credential, salt }]));
  if (tools.passkeys === undefined) throw new StoreError('key.passkey-unavailable');
  const used = await tools.passkeys.use(asked);
  const found =
    ways.find(({ credential }) => credential !== undefined && sameBytes(credential, used.credential)) ?? way;
  return { way: found, key: await unlockKey(used.secret, 'passkey', found.salt) };
};

/** What a new way keeps beside its wrap, and the key to make that wrap with. */
export type NewWay = { readonly way: Omit<Way, 'wrap'>; readonly key: CryptoKey };

/** @throws StoreError `key.weak`, `key.passkey-unavailable` */
export const newWay = async (
  tools: SecretTools,
  secret: Secret,
  parts: {
    readonly id: string;
    readonly salt: Bytes;
    readonly since: number;
    readonly cost: () => Promise<NonNullable<Way['cost']>>;
    readonly user: string;
    readonly present: VaultUser | undefined;
  },
): Promise<NewWay> => {
  const { id, salt, since } = parts;
  if ('passphrase' in secret) {
    const typed = passphraseBytes(secret.passphrase);
    const cost = await parts.cost();
    const derived = await tools.derive(typed, salt, cost).finally(() => wipe(typed));
    return { way: { kind: 'passphrase', id, salt, since, cost }, key: await unlockKey(derived, 'passphrase', salt) };
  }
  if ('key' in secret)
    return { way: { kind: 'host', id, salt, since }, key: await unlockKey(hostKey(secret.key), 'host', salt) };
  if (tools.passkeys === undefined) throw new StoreError('key.passkey-unavailable');
  const known = parts.present?.ways.flatMap(({ credential }) => (credential === undefined ? [] : [credential])) ?? [];
  const made = await tools.passkeys.create({ user: parts.user, salt, known });
  const way = { kind: 'passkey' as const, id, salt, since, credential: made.credential };
  return { way, key: await unlockKey(made.secret, 'passkey', salt) };
};
