import { describe, expect, it } from 'vitest';
import { isStoreError } from '../../../src/core/errors.ts';
import { utf8 } from '../../../src/crypto/bytes.ts';
import { openWith, sealFor } from '../../../src/crypto/hpke.ts';
import { derivedBytes } from '../../../src/crypto/secretKey.ts';
import { sign, verifySignature } from '../../../src/crypto/signer.ts';
import type { VaultDocument, VaultUser } from '../../../src/keys/format.ts';
import type { KeySession } from '../../../src/keys/session.ts';
import { memoryVault } from '../../../src/keys/storage.ts';
import { at, codeOfAsync, flipped, hex } from '../support.ts';
import { ADA, BEA, world } from './world.ts';

const fingerprint = async (session: KeySession) => hex(await derivedBytes(session.databaseKey, 'law', 32));
const HOST = { key: Uint8Array.from({ length: 32 }, (_, index) => index + 1) };
const PLACE = { purpose: 'p', key: 'k', holder: 'h' };

/** A vault with Ada and Bea, and what the database key derives. */
const shared = async (options: Parameters<typeof world>[0] = {}) => {
  const made = world(options);
  const ada = await made.vault.create(ADA);
  await made.vault.enrol(ada, BEA, { share: [] });
  const key = await fingerprint(ada);
  await ada.lock();
  return { ...made, key };
};

const failureOf = async (work: () => Promise<unknown>) => {
  try {
    await work();
  } catch (error) {
    if (isStoreError(error)) return { code: error.code, message: error.message, details: error.details };
    throw error;
  }
  return undefined;
};

describe('unlocking', () => {
  it('gives each user of a vault the same database key, after a restart too [KEY-05]', async () => {
    const { vault, restarted, key } = await shared();
    for (const each of [vault, restarted()]) {
      for (const user of [ADA, BEA]) {
        const session = await each.unlock(user);
        expect([session.user, await fingerprint(session)]).toEqual([user.user, key]);
        expect(session.databaseKey.extractable).toBe(false);
        await session.lock();
      }
    }
  });

  it('goes by a key of the host and by a passkey as by a passphrase [KEY-05]', async () => {
    const { vault, key } = await shared();
    await vault.addWay(ADA, HOST);
    await vault.addWay(ADA, { passkey: true });
    await vault.addWay(ADA, { passkey: true });
    for (const secret of [HOST, { passkey: true as const }, { passphrase: ADA.passphrase }]) {
      const session = await vault.unlock({ user: 'ada', ...secret });
      expect(await fingerprint(session)).toBe(key);
    }
    const session = await vault.unlock(ADA);
    expect((await vault.ways(session)).map(({ kind }) => kind)).toEqual(['passphrase', 'host', 'passkey', 'passkey']);
  });

  it('asks the same work, and says the same, of a wrong secret, an unknown user and an altered wrap [KEY-06]', async () => {
    const { vault, costs, tamper, time } = await shared();
    const tried = async (work: () => Promise<unknown>) => {
      time.advance(86_400_000);
      const before = costs.length;
      return { failure: await failureOf(work), costs: costs.slice(before) };
    };
    const wrong = await tried(() => vault.unlock({ ...ADA, passphrase: 'a wrong passphrase' }));
    const short = await tried(() => vault.unlock({ ...ADA, passphrase: '' }));
    const unknown = await tried(() => vault.unlock({ ...ADA, user: 'eve' }));
    const noName = await tried(() => vault.unlock({ ...ADA, user: '' }));
    const noWay = await tried(() => vault.unlock({ user: 'ada', ...HOST }));
    await tamper((document) =>
      withAda(document, (user) => ({
        ...user,
        ways: user.ways.map((way) => ({ ...way, wrap: flipped(way.wrap, 200) })),
      })),
    );
    const altered = await tried(() => vault.unlock(ADA));
    expect(wrong.failure?.code).toBe('key.refused');
    expect(wrong.failure?.details).toEqual({});
    for (const each of [short, unknown, noName, altered]) expect(each).toEqual(wrong);
    expect(noWay.failure).toEqual(wrong.failure);
    expect(wrong.costs.length).toBe(1);
  });

  it('is refused where wraps of two users, of two ways or of two vaults are swapped, and nothing is unsealed [KEY-06]', async () => {
    const { vault, tamper, document, time } = await shared();
    await vault.addWay(ADA, HOST);
    const sound = await document();
    const foreign = await shared();
    const other = await foreign.document();
    const ada = (from: VaultDocument) =>
      at(
        from.users.filter(({ ways }) => ways.length > 0),
        0,
      );
    const swaps: readonly ((user: VaultUser) => VaultUser)[] = [
      (user) => ({
        ...user,
        ways: at(sound.users, 1).ways.map((way, index) => ({ ...way, id: at(user.ways, index).id })),
      }),
      (user) => ({ ...user, ways: user.ways.map((way, index) => ({ ...way, wrap: at(user.ways, 1 - index).wrap })) }),
      (user) => ({ ...user, ways: user.ways.map((way, index) => ({ ...way, id: at(user.ways, 1 - index).id })) }),
      (user) => ({ ...user, ways: ada(other).ways }),
      (user) => ({ ...user, ways: user.ways.map((way) => ({ ...way, wrap: way.wrap.slice(0, -1) })) }),
      (user) => ({ ...user, ways: user.ways.map((way) => ({ ...way, salt: flipped(way.salt, 3) })) }),
    ];
    for (const swap of swaps) {
      time.advance(86_400_000);
      await tamper(() => withAda(sound, swap));
      expect(await codeOfAsync(() => vault.unlock(ADA))).toBe('key.refused');
    }
    await tamper(() => ({ ...sound, id: other.id }));
    expect(await codeOfAsync(() => vault.unlock(ADA))).toBe('key.refused');
    await tamper(() => sound);
    expect((await vault.unlock(ADA)).user).toBe('ada');
  });

  it('of no vault says so, and making one over another is refused [KEY-05]', async () => {
    const { vault } = world();
    expect(await vault.exists()).toBe(false);
    expect(await codeOfAsync(() => vault.unlock(ADA))).toBe('vault.absent');
    await vault.create(ADA);
    expect(await vault.exists()).toBe(true);
    expect(await codeOfAsync(() => vault.create(BEA))).toBe('vault.exists');
  });

  it('by a passkey that is gone is refused, and another way still works [KEY-08]', async () => {
    const { vault, device, key } = await shared();
    await vault.addWay(ADA, { passkey: true });
    device.lose();
    expect(await codeOfAsync(() => vault.unlock({ user: 'ada', passkey: true }))).toBe('key.passkey-unavailable');
    expect(await codeOfAsync(() => vault.unlock({ user: 'eve', passkey: true }))).toBe('key.passkey-unavailable');
    expect(await fingerprint(await vault.unlock(ADA))).toBe(key);
  });
});

/** Ada is the first of the vault. */
const withAda = (document: VaultDocument, change: (user: VaultUser) => VaultUser): VaultDocument => ({
  ...document,
  users: document.users.map((user, index) => (index === 0 ? change(user) : user)),
});

describe('a vault', () => {
  it('shows neither names nor anything secret to who reads it locked [KEY-05]', async () => {
    const storage = memoryVault();
    const { vault } = await shared({ storage });
    await vault.addWay(ADA, HOST);
    const text = new TextDecoder().decode((await storage.read()) ?? new Uint8Array());
    expect(text.length).toBeGreaterThan(1_000);
    const secrets = ['ada', 'bea', 'correct', 'staple', btoa(String.fromCharCode(...HOST.key)), hex(HOST.key)];
    for (const secret of secrets) expect(text).not.toContain(`"${secret}`);
    expect(text).not.toContain('horse');
  });

  it('tells who has unlocked who else can, and forgets a user that is taken out [KEY-05]', async () => {
    const { vault, time } = await shared();
    const ada = await vault.unlock(ADA);
    expect(await ada.users()).toEqual(['ada', 'bea']);
    expect(await vault.remove(ada, 'ada')).toEqual({ kind: 'oneself' });
    expect(await vault.remove(ada, 'eve')).toEqual({ kind: 'unknown' });
    expect(await vault.remove(ada, 'bea')).toEqual({ kind: 'removed' });
    expect(await ada.users()).toEqual(['ada']);
    time.advance(1_000_000);
    expect(await codeOfAsync(() => vault.unlock(BEA))).toBe('key.refused');
  });

  it('takes each user once, and a weak passphrase or key from nobody [KEY-05]', async () => {
    const { vault } = await shared();
    const ada = await vault.unlock(ADA);
    expect(await codeOfAsync(() => vault.enrol(ada, BEA, { share: [] }))).toBe('vault.user-exists');
    expect(await codeOfAsync(() => vault.enrol(ada, { user: 'cy', passphrase: 'short' }, { share: [] }))).toBe(
      'key.weak',
    );
    expect(await codeOfAsync(() => vault.enrol(ada, { user: 'cy', key: new Uint8Array(32) }, { share: [] }))).toBe(
      'key.weak',
    );
    expect(
      await codeOfAsync(() => vault.enrol(ada, { user: 'cy', key: new Uint8Array(31).fill(1) }, { share: [] })),
    ).toBe('key.weak');
    expect(await ada.users()).toEqual(['ada', 'bea']);
  });

  it('is changed by nobody whose session is locked, or of another vault [KEY-09]', async () => {
    const { vault } = await shared();
    const ada = await vault.unlock(ADA);
    await ada.lock();
    const foreign = await (await shared()).vault.unlock(ADA);
    for (const session of [ada, foreign]) {
      expect(
        await codeOfAsync(() => vault.enrol(session, { user: 'cy', passphrase: 'long enough' }, { share: [] })),
      ).toBe('key.locked');
      expect(await codeOfAsync(() => vault.remove(session, 'bea'))).toBe('key.locked');
      expect(await codeOfAsync(() => vault.ways(session))).toBe('key.locked');
      expect(await codeOfAsync(() => vault.removeWay(session, 'x'))).toBe('key.locked');
    }
  });
});

describe('renewing a passphrase', () => {
  it('wraps the user key anew and changes nothing else; the old one is refused [KEY-07]', async () => {
    const { vault, document, key, time } = await shared();
    const before = await document();
    time.advance(5_000);
    const { since } = await vault.renew('ada', ADA.passphrase, 'a newer passphrase');
    expect(Date.parse(since)).toBe(time.clock.nowMs());
    const after = await document();
    expect({ ...after, users: [] }).toEqual({ ...before, users: [] });
    expect({ ...at(after.users, 0), ways: [] }).toEqual({ ...at(before.users, 0), ways: [] });
    expect(at(after.users, 1)).toEqual(at(before.users, 1));
    expect(at(after.users, 0).ways.length).toBe(1);
    expect(await codeOfAsync(() => vault.unlock(ADA))).toBe('key.refused');
    expect(await fingerprint(await vault.unlock({ ...ADA, passphrase: 'a newer passphrase' }))).toBe(key);
  });

  it('is forced where the passphrase is older than is allowed, by unlocking with the new one beside it [KEY-07]', async () => {
    const DAYS_90 = 90 * 86_400_000;
    const { vault, time, key } = await shared({ passphraseMsMax: DAYS_90 });
    time.advance(DAYS_90);
    await (await vault.unlock(ADA)).lock();
    time.advance(1);
    for (const use of [
      () => vault.unlock(ADA),
      () => vault.signingKey(ADA),
      () => vault.addWay(ADA, HOST),
      () => vault.addWay(ADA, { passkey: true }),
    ])
      expect(await codeOfAsync(use)).toBe('key.renewal-due');
    expect(await codeOfAsync(() => vault.unlock({ ...ADA, passphrase: 'not hers', next: 'a newer passphrase' }))).toBe(
      'key.refused',
    );
    expect(await codeOfAsync(() => vault.unlock({ ...ADA, next: 'short' }))).toBe('key.weak');
    const session = await vault.unlock({ ...ADA, next: 'a newer passphrase' });
    expect(await fingerprint(session)).toBe(key);
    expect(Date.parse(session.unlockedBy.since)).toBe(time.clock.nowMs());
    expect((await vault.unlock({ ...ADA, passphrase: 'a newer passphrase' })).user).toBe('ada');
    expect((await vault.signingKey({ ...ADA, passphrase: 'a newer passphrase' })).publicKey.length).toBe(32);
  });
});

describe('ways to unlock', () => {
  it('are taken away one by one, but never the last that does not hang on a passkey [KEY-08]', async () => {
    const { vault } = await shared();
    await vault.addWay(ADA, { passkey: true });
    await vault.addWay(ADA, HOST);
    const ada = await vault.unlock(ADA);
    const idOf = async (kind: string) => (await vault.ways(ada)).find((way) => way.kind === kind)?.id ?? '';
    expect(await vault.removeWay(ada, await idOf('passphrase'))).toEqual({ kind: 'removed' });
    expect(await vault.removeWay(ada, await idOf('host'))).toEqual({ kind: 'last' });
    expect(await vault.removeWay(ada, await idOf('passkey'))).toEqual({ kind: 'removed' });
    expect(await vault.removeWay(ada, await idOf('host'))).toEqual({ kind: 'last' });
    expect(await vault.removeWay(ada, 'none')).toEqual({ kind: 'unknown' });
    expect((await vault.ways(ada)).map(({ kind }) => kind)).toEqual(['host']);
  });
});

describe("a user's own keys", () => {
  it('sign and open as the public halves say, and need the user’s secret each time for signing [KEY-10]', async () => {
    const { vault, document } = await shared();
    const ada = await vault.unlock(ADA);
    const key = await vault.signingKey(ADA);
    const [user] = (await document()).users;
    expect(hex(key.publicKey)).toBe(hex(user?.signing.publicKey ?? new Uint8Array()));
    const message = utf8('signed');
    expect(await verifySignature(key.publicKey, await sign(key, message), message)).toBe(true);
    expect(key.privateKey.extractable).toBe(false);
    const sharing = await ada.sharingKey();
    expect(await openWith(sharing, await sealFor(sharing.publicKey, message, PLACE), PLACE)).toEqual(message);
    expect(await codeOfAsync(() => vault.signingKey({ ...ADA, passphrase: 'somebody else’s' }))).toBe('key.refused');
  });

  it('are others for others, and for the same user enrolled anew: an old signing key is never got back [KEY-10]', async () => {
    const { vault } = await shared();
    const ada = await vault.unlock(ADA);
    const before = await vault.signingKey(BEA);
    await vault.remove(ada, 'bea');
    await vault.enrol(ada, BEA, { share: [] });
    const [bea, own] = [await vault.signingKey(BEA), await vault.signingKey(ADA)];
    expect(new Set([before, bea, own].map(({ publicKey }) => hex(publicKey))).size).toBe(3);
  });

  it('that were altered or swapped where they lie are told at the start, and nothing is unlocked [KEY-11]', async () => {
    const { vault, document, tamper } = await shared();
    const sound = await document();
    const changes: readonly ((user: VaultUser) => VaultUser)[] = [
      (user) => ({ ...user, signing: { ...user.signing, wrap: flipped(user.signing.wrap, 300) } }),
      (user) => ({ ...user, signing: at(sound.users, 1).signing }),
      (user) => ({ ...user, signing: { ...user.signing, publicKey: at(sound.users, 1).signing.publicKey } }),
      (user) => ({ ...user, sharing: { ...user.sharing, wrap: flipped(user.sharing.wrap, 300) } }),
      (user) => ({ ...user, sharing: at(sound.users, 1).sharing }),
      (user) => ({ ...user, database: flipped(user.database, 300) }),
      (user) => ({ ...user, database: at(sound.users, 1).database }),
    ];
    for (const change of changes) {
      await tamper(() => withAda(sound, change));
      expect(await codeOfAsync(() => vault.unlock(ADA))).toBe('key.self-test-failed');
    }
    await tamper(() => sound);
    const ada = await vault.unlock(ADA);
    await ada.selfTest();
    await tamper(() => withAda(sound, at(changes, 0)));
    expect(await codeOfAsync(() => ada.selfTest())).toBe('key.self-test-failed');
  });
});
