/**
 * The vault: who may unlock the keys of one device, and by what. It holds wraps only and can be read while locked.
 *
 *     passphrase  --Argon2id-->  \
 *     passkey     --PRF------->   unlock key -> user key -> database key, sharing key, signing key
 *     host's key  ------------>  /
 *
 * Invariants: a new passphrase wraps the user key anew and touches nothing else; at least one way of each user does not
 * hang on a passkey; an attempt is stored before it is made. Laws: `vault.laws`.
 */
import { StoreError } from '../core/errors.ts';
import type { Clock, Entropy, Scheduler } from '../core/ports.ts';
import { wipe } from '../crypto/secretKey.ts';
import type { SigningKey } from '../crypto/signer.ts';
import { vaultFile } from './document.ts';
import type { Way } from './format.ts';
import type { OwnSecret, Secret, SecretTools } from './secrets.ts';
import type { Idle, KeySession } from './session.ts';
import type { RingOptions } from './sharing.ts';
import type { VaultStorage } from './storage.ts';
import {
  administration,
  factsOf,
  openSession,
  RENEWED_ELSEWHERE,
  type Sessions,
  type Share,
  type WayFacts,
} from './unlocked.ts';
import { attempt, freshId, type Opened, type Tools } from './unlocking.ts';
import { signingKeyOf, userKeyOf } from './userKeys.ts';
import { enrolling, placed, wayMaker, withUser } from './ways.ts';

export type VaultOptions = SecretTools &
  RingOptions & {
    readonly storage: VaultStorage;
    readonly clock: Clock;
    readonly entropy: Entropy;
    readonly scheduler: Scheduler;
    /** Milliseconds without `touch` after which a session locks by itself. */
    readonly idleMs: number;
    /** Opens a line to the other tabs of this vault; absent where there are none. */
    readonly line?: Idle['line'];
    /** Milliseconds after which a passphrase has to be renewed; never if absent. */
    readonly passphraseMsMax?: number | undefined;
  };

/** Somebody, and what proves it. */
export type Proof = { readonly user: string } & Secret;
export type OwnProof = { readonly user: string } & OwnSecret;

export type Vault = {
  readonly exists: () => Promise<boolean>;
  /** Makes the vault with its first user. @throws StoreError `vault.exists`, `key.weak`, `key.unavailable` */
  readonly create: (first: OwnProof) => Promise<KeySession>;
  /**
   * @param next  a new passphrase in the place of the one given
   * @throws StoreError `key.refused`, `key.wait`, `key.renewal-due`, `key.self-test-failed`, `key.passkey-unavailable`,
   * `vault.absent`, `vault.malformed`, `storage.*`
   */
  readonly unlock: (proof: Proof & { readonly next?: string }) => Promise<KeySession>;
  /** Lets another user in, with those wrapping keys that are shared. @throws StoreError `key.locked`, `key.weak`, `vault.user-exists`, `vault.full` */
  readonly enrol: (session: KeySession, user: OwnProof, share: Share) => Promise<void>;
  /** Takes a user out, with all their wraps. Not whoever asks. @throws StoreError `key.locked` */
  readonly remove: (session: KeySession, user: string) => Promise<{ readonly kind: 'removed' | 'unknown' | 'oneself' }>;
  /**
   * Gives a user a further way to unlock. A passphrase, and a key of the host, take the place of the one before.
   * @throws as `unlock`, and StoreError `key.weak`, `vault.full`
   */
  readonly addWay: (proof: Proof, secret: Secret) => Promise<WayFacts>;
  /** A new passphrase: the user's key is wrapped anew, and nothing else changes. @throws as `addWay` */
  readonly renew: (user: string, passphrase: string, next: string) => Promise<WayFacts>;
  /** Ways of the session's user. */
  readonly ways: (session: KeySession) => Promise<readonly WayFacts[]>;
  /** Takes a way away; `last`, with nothing changed, if only passkeys would be left. */
  readonly removeWay: (session: KeySession, id: string) => Promise<{ readonly kind: 'removed' | 'unknown' | 'last' }>;
  /** The user's signing key, for this once: the session does not hold it. @throws as `unlock` */
  readonly signingKey: (proof: Proof) => Promise<SigningKey>;
};

const isOutdated = ({ way }: Opened): boolean => way.kind === 'passphrase' && way.since === RENEWED_ELSEWHERE;

/** The vault over a storage. `openVault` of the entry brings the platform's parts. */
export const vaultOver = (options: VaultOptions): Vault => {
  const { storage, derive, passkeys, clock, entropy, passphraseMsMax = Number.POSITIVE_INFINITY } = options;
  const tools: Tools = { derive, passkeys, clock, entropy, file: vaultFile(storage), times: new Map() };
  const sessions: Sessions = new WeakMap();
  const makeWay = wayMaker(tools);
  const enrolled = enrolling(tools, makeWay);
  const administer = administration(tools, sessions, enrolled);

  const add = async (opened: Opened, secret: Secret): Promise<Way> => {
    const { at, user, name } = opened;
    const way = await makeWay(name, at, user, secret, opened.secret);
    await tools.file.change((vault) =>
      withUser(vault, at.tag, (found) => ({ ...found, ways: placed(found.ways, way) })),
    );
    return way;
  };
  const isDue = (opened: Opened) =>
    opened.way.kind === 'passphrase' && (isOutdated(opened) || clock.nowMs() - opened.way.since > passphraseMsMax);
  /** @throws StoreError `key.renewal-due` if the passphrase that opened this is too old, or was renewed elsewhere */
  const current = (opened: Opened): Opened => {
    if (!isDue(opened)) return opened;
    wipe(opened.secret);
    throw new StoreError('key.renewal-due');
  };
  const addWay = async (proof: Proof, secret: Secret): Promise<WayFacts> => {
    const found = await attempt(tools, proof.user, proof);
    const opened = 'passphrase' in secret ? found : current(found);
    return factsOf(await add(opened, secret).finally(() => wipe(opened.secret)));
  };
  const renewed = async (opened: Opened, next: string | undefined): Promise<Opened> =>
    next === undefined ? current(opened) : { ...opened, way: await add(opened, { passphrase: next }) };
  return {
    ...administer,
    exists: tools.file.exists,
    create: async (first) => {
      if (await tools.file.exists()) throw new StoreError('vault.exists');
      const id = freshId(entropy);
      const database = Uint8Array.from(entropy.bytes(32));
      const user = await enrolled(first, id, database, async () => []).finally(() => wipe(database));
      await tools.file.create({ id, users: [user], attempts: [], failures: [], dropped: 0 });
      return openSession(options, tools, sessions, await attempt(tools, first.user, first));
    },
    unlock: async ({ next: given, ...proof }) => {
      // the same again is not a new one
      const next = 'passphrase' in proof && proof.passphrase === given ? undefined : given;
      const opened = await attempt(tools, proof.user, proof);
      try {
        return await openSession(options, tools, sessions, await renewed(opened, next));
      } finally {
        wipe(opened.secret);
      }
    },
    addWay,
    renew: (user, passphrase, next) => addWay({ user, passphrase }, { passphrase: next }),
    signingKey: async (proof) => {
      const { user, at, secret } = current(await attempt(tools, proof.user, proof));
      return signingKeyOf(user, at, await userKeyOf(secret).finally(() => wipe(secret)));
    },
  };
};
