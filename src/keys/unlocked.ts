/** What an unlocked user has: a session over the vault, and what may be changed in the vault with one. */
import { StoreError } from '../core/errors.ts';
import { publicKey32, userId } from '../core/ids.ts';
import { answersAreKnown } from '../crypto/knownAnswers.ts';
import { baseKey, wipe } from '../crypto/secretKey.ts';
import { signingKeyId } from '../crypto/signerKey.ts';
import type { Way, WayKind } from './format.ts';
import { passedOn } from './held.ts';
import type { OwnSecret } from './secrets.ts';
import { type Idle, type KeySession, lockable, type Unlocked } from './session.ts';
import { type RingOptions, sharingOf } from './sharing.ts';
import { type Opened, type Tools, tagOf } from './unlocking.ts';
import { databaseSecret, rosterOf, tryUserKeys, type UserPlace, userKeyOf } from './userKeys.ts';
import { type enrolling, type PassOn, withUser } from './ways.ts';

/** Names of the wrapping keys that a new user gets from the one who lets them in. */
export type Share = { readonly share: readonly string[] };

/** One way to unlock, without what opens it. `since`: RFC 3339 UTC. */
export type WayFacts = { readonly id: string; readonly kind: WayKind; readonly since: string };

const iso = (ms: number): string => new Date(ms).toISOString();
export const factsOf = ({ id, kind, since }: Way): WayFacts => ({ id, kind, since: iso(since) });

/** A passphrase of this time was renewed on another device, and is nothing by itself any more. */
export const RENEWED_ELSEWHERE = 0;
/** Of the ways, that one alone by which somebody is in: another passphrase was set since. */
const outdated =
  (id: string) =>
  (way: Way): Way =>
    way.kind === 'passphrase' && way.id === id ? { ...way, since: RENEWED_ELSEWHERE } : way;

/** What the vault knows of a session that it gave out. */
type Inner = { readonly at: UserPlace; readonly held: () => Unlocked };

export type Sessions = WeakMap<KeySession, Inner>;

const heldBy = (sessions: Sessions, session: KeySession): { readonly at: UserPlace; readonly held: Unlocked } => {
  const inner = sessions.get(session);
  if (inner === undefined) throw new StoreError('key.locked');
  return { at: inner.at, held: inner.held() };
};

const sessionFailures = (
  tools: Tools,
  at: UserPlace,
  held: () => Unlocked,
): Pick<KeySession, 'failures' | 'failuresRecorded'> => ({
  failures: async () => {
    const { databaseKey } = held();
    const vault = await tools.file.read();
    const names = await rosterOf(vault.users, at.vault, databaseKey);
    const attempts = vault.failures.map(({ id, tag, kind, at: ms }) => ({
      id,
      kind,
      at: iso(ms),
      user: names.get(tag),
    }));
    return { attempts, more: vault.dropped };
  },
  failuresRecorded: async ({ ids, more }) => {
    held();
    const gone = new Set(ids);
    await tools.file.change((vault) => ({
      ...vault,
      failures: vault.failures.filter(({ id }) => !gone.has(id)),
      dropped: Math.max(0, vault.dropped - more),
    }));
  },
});

const selfTest = async (tools: Tools, at: UserPlace, held: () => Unlocked): Promise<void> => {
  const { userKey } = held();
  if (!(await answersAreKnown())) throw new StoreError('key.self-test-failed', { what: 'platform' });
  const user = (await tools.file.read()).users.find(({ tag }) => tag === at.tag);
  if (user === undefined) throw new StoreError('key.self-test-failed', { what: 'vault' });
  await tryUserKeys(user, at, userKey);
  const database = await databaseSecret(user, at, userKey).catch(() => undefined);
  if (database === undefined) throw new StoreError('key.self-test-failed', { what: 'database' });
  wipe(database);
};

/** The session of a user who has unlocked; the user's key is wiped. */
export const openSession = async (
  idle: Idle & RingOptions,
  tools: Tools,
  sessions: Sessions,
  opened: Opened,
): Promise<KeySession> => {
  const { at, user, way, name, secret } = opened;
  const userKey = await userKeyOf(secret).finally(() => wipe(secret));
  const database = await databaseSecret(user, at, userKey).catch(() => undefined);
  if (database === undefined) throw new StoreError('key.self-test-failed', { what: 'database' });
  const databaseKey = await baseKey(database).finally(() => wipe(database));
  const { held, ...lock } = lockable({ databaseKey, userKey }, idle, at.tag);
  const sharing = sharingOf(tools, at, held, idle);
  lock.onLock(sharing.wipe);
  const session: KeySession = {
    ...lock,
    ...sessionFailures(tools, at, held),
    user: name,
    unlockedBy: { kind: way.kind, since: iso(way.since) },
    get databaseKey() {
      return held().databaseKey;
    },
    ...sharing.calls(name),
    users: async () => {
      const { databaseKey: key } = held();
      return [...(await rosterOf((await tools.file.read()).users, at.vault, key)).values()];
    },
    signingKeyId: async () => {
      held();
      const stored = (await tools.file.read()).users.find(({ tag }) => tag === at.tag);
      if (stored === undefined) throw new StoreError('key.locked');
      return signingKeyId(publicKey32(stored.signing.publicKey));
    },
    selfTest: () => selfTest(tools, at, held),
    renewedElsewhere: async () => {
      held();
      await tools.file.change((vault) =>
        withUser(vault, at.tag, (found) => ({ ...found, ways: found.ways.map(outdated(way.id)) })),
      );
    },
  };
  sessions.set(session, { at, held });
  await session.selfTest().catch(async (error: unknown) => {
    await session.lock();
    throw error;
  });
  return session;
};

/** What an unlocked user may change. */
export const administration = (tools: Tools, sessions: Sessions, enrolled: ReturnType<typeof enrolling>) => ({
  enrol: async (session: KeySession, proof: { readonly user: string } & OwnSecret, { share }: Share): Promise<void> => {
    const { at, held } = heldBy(sessions, session);
    const by = (await tools.file.read()).users.find(({ tag }) => tag === at.tag);
    if (by === undefined) throw new StoreError('key.locked');
    const database = await databaseSecret(by, at, held.userKey);
    const from = { user: by, at, userKey: held.userKey };
    const passOn: PassOn = (to) => passedOn(from, share, to);
    const user = await enrolled(proof, at.vault, database, passOn).finally(() => wipe(database));
    await tools.file.change((vault) => {
      if (vault.users.some(({ tag }) => tag === user.tag)) throw new StoreError('vault.user-exists');
      return { ...vault, users: [...vault.users, user] };
    });
  },
  remove: async (session: KeySession, name: string) => {
    const { at } = heldBy(sessions, session);
    const tag = tagOf(at.vault, userId(name));
    if (tag === at.tag) return { kind: 'oneself' as const };
    let found = false;
    await tools.file.change((vault) => {
      found = vault.users.some((user) => user.tag === tag);
      return { ...vault, users: vault.users.filter((user) => user.tag !== tag) };
    });
    return { kind: found ? ('removed' as const) : ('unknown' as const) };
  },
  ways: async (session: KeySession): Promise<readonly WayFacts[]> => {
    const { at } = heldBy(sessions, session);
    const vault = await tools.file.read();
    return vault.users.find(({ tag }) => tag === at.tag)?.ways.map(factsOf) ?? [];
  },
  removeWay: async (session: KeySession, id: string) => {
    const { at } = heldBy(sessions, session);
    const outcome: { kind: 'removed' | 'unknown' | 'last' } = { kind: 'unknown' };
    await tools.file.change((vault) => {
      const ways = vault.users.find(({ tag }) => tag === at.tag)?.ways ?? [];
      const left = ways.filter((way) => way.id !== id);
      const isLast = !left.some(({ kind }) => kind !== 'passkey');
      outcome.kind = left.length === ways.length ? 'unknown' : isLast ? 'last' : 'removed';
      return outcome.kind === 'removed' ? withUser(vault, at.tag, (user) => ({ ...user, ways: left })) : vault;
    });
    return outcome;
  },
});
