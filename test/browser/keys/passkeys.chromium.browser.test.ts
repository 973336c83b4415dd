/** Passkeys with the PRF extension, by Chromium's own virtual authenticator. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cdp } from 'vitest/browser';
import { derivedBytes } from '../../../src/crypto/secretKey.ts';
import { indexedDbVault, type KeySession, openVault } from '../../../src/keys.ts';

type Protocol = {
  readonly send: (method: string, parameters?: object) => Promise<{ readonly authenticatorId: string }>;
};

const protocol = (): Protocol => cdp() as unknown as Protocol;
const ADA = { user: 'ada', passphrase: 'correct horse battery' };
let authenticatorId = '';

const fingerprint = async (session: KeySession) => (await derivedBytes(session.databaseKey, 'law', 32)).join();

beforeEach(async () => {
  await protocol().send('WebAuthn.enable', { enableUI: false });
  const options = {
    ...{ protocol: 'ctap2', ctap2Version: 'ctap2_1', transport: 'internal', hasResidentKey: true, hasPrf: true },
    ...{ hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  };
  ({ authenticatorId } = await protocol().send('WebAuthn.addVirtualAuthenticator', { options }));
});
afterEach(async () => {
  await protocol().send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
  await protocol().send('WebAuthn.disable');
});

describe('a passkey', () => {
  it('unlocks the same keys as the passphrase beside it, and is refused once it is gone [KEY-08]', async () => {
    const name = `passkeys-${crypto.randomUUID()}`;
    const vault = openVault({ name, idleMinutes: 10 });
    const first = await vault.create(ADA);
    const key = await fingerprint(first);
    await first.lock();
    const way = await vault.addWay(ADA, { passkey: true });
    expect(way.kind).toBe('passkey');

    const session = await openVault({ name, idleMinutes: 10 }).unlock({ user: 'ada', passkey: true });
    expect(await fingerprint(session)).toBe(key);
    const [passphrase] = await vault.ways(await vault.unlock({ user: 'ada', passkey: true }));
    const other = await vault.unlock({ user: 'ada', passkey: true });
    expect(await vault.removeWay(other, passphrase?.id ?? '')).toEqual({ kind: 'last' });

    await protocol().send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
    await expect(vault.unlock({ user: 'ada', passkey: true })).rejects.toMatchObject({
      code: 'key.passkey-unavailable',
    });
    await protocol().send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true });
    await protocol().send('WebAuthn.clearCredentials', { authenticatorId });
    await expect(vault.unlock({ user: 'ada', passkey: true })).rejects.toMatchObject({
      code: 'key.passkey-unavailable',
    });
    expect(await fingerprint(await vault.unlock(ADA))).toBe(key);
  });

  it('leaves nothing biometric in what is stored: its name and a salt, and a wrap [KEY-08]', async () => {
    const name = `passkeys-${crypto.randomUUID()}`;
    const vault = openVault({ name, idleMinutes: 10 });
    await vault.create(ADA);
    await vault.addWay(ADA, { passkey: true });
    const stored: unknown = JSON.parse(new TextDecoder().decode(await indexedDbVault(name).read()));
    expect(stored).toMatchObject({ users: [{ ways: [{ kind: 'passphrase' }, { kind: 'passkey' }] }] });
    const names = JSON.stringify(stored).match(/"[a-zA-Z]+":/g) ?? [];
    expect([...new Set(names)].sort()).toEqual(
      [
        ...[
          '"attempts":',
          '"cost":',
          '"credential":',
          '"database":',
          '"dropped":',
          '"failures":',
          '"format":',
          '"held":',
          '"id":',
        ],
        ...['"kind":', '"memoryKib":', '"name":', '"passes":', '"publicKey":', '"salt":', '"sharing":', '"signing":'],
        ...['"since":', '"tag":', '"users":', '"ways":', '"wrap":'],
      ].sort(),
    );
  });
});
