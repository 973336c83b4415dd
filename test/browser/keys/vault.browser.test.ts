/** Keys in a real browser: published answers, the passphrase's worker, the vault in IndexedDB, and how long unlocking takes. */
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../src/crypto/bytes.ts';
import { makeSharingKey, openWith, sealFor, sharingKeyFrom } from '../../../src/crypto/hpke.ts';
import { answersAreKnown } from '../../../src/crypto/knownAnswers.ts';
import { COST_FLOOR, derivePassphraseHere, tuneCost } from '../../../src/crypto/passphrase.ts';
import { derivePassphrase } from '../../../src/keys/web/derive.ts';
import { indexedDbVault } from '../../../src/keys/web/indexedDb.ts';
import { indexedDbSheet, openVault } from '../../../src/keys.ts';
import { sheetLaws } from '../../unit/keys/sheetLaws.ts';
import { vaultStorageLaws } from '../../unit/keys/storageLaws.ts';

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

let places = 0;
const nextName = () => `keys-${++places}-${crypto.randomUUID()}`;

describe('a vault in IndexedDB', () => {
  vaultStorageLaws(async () => {
    const name = nextName();
    return () => indexedDbVault(name);
  });
});

describe('a key sheet in IndexedDB', () => {
  sheetLaws(async () => {
    const name = nextName();
    return () => indexedDbSheet(name);
  });
});

it('brings a key sheet of the first layout to the present one, with nothing in it counted as sent [KEY-24]', async () => {
  const name = nextName();
  const row = {
    id: 'a'.repeat(42).concat('A'),
    scope: 's',
    under: 'w'.repeat(42).concat('A'),
    version: 3,
    wrap: utf8('w'),
  };
  await new Promise<void>((resolve, reject) => {
    const request = indexedDB.open(`${name}:keys`, 1);
    request.onupgradeneeded = () => {
      const table = request.result.createObjectStore('sheet', { keyPath: 'id' });
      table.createIndex('scope', 'scope', { unique: true });
      table.add(row);
    };
    request.onerror = () => reject(new Error('not made'));
    request.onsuccess = () => {
      request.result.close();
      resolve();
    };
  });
  const sheet = indexedDbSheet(name);
  expect(await sheet.byScope('s')).toEqual([{ ...row, revision: 0, isUnsent: true }]);
  expect([await sheet.unsent(), await sheet.cursor()]).toEqual([[row.id], '']);
});

describe('the platform', () => {
  it('answers as published for HKDF, AES-GCM and Ed25519 [KEY-02]', async () => {
    expect(await answersAreKnown()).toBe(true);
  });

  it('seals for a public key and opens with its private half, which cannot be exported [KEY-04]', async () => {
    const { publicKey, privateBytes } = await makeSharingKey();
    const key = await sharingKeyFrom(publicKey, privateBytes);
    const place = { purpose: 'p', key: 'k', holder: 'h' };
    expect(hex(await openWith(key, await sealFor(publicKey, utf8('secret'), place), place))).toBe(hex(utf8('secret')));
    expect(key.privateKey.extractable).toBe(false);
  });
});

describe('a passphrase', () => {
  it('gives the key of the reference implementation, in the worker and without it [KEY-03]', async () => {
    const cost = { memoryKib: 65_536, passes: 2 };
    // The salt of the published vector is shorter than ours; the two ways agree on ours, and on the vector in Node.
    const salt = utf8('somesalt');
    const published = '09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7';
    expect(hex(await derivePassphrase(utf8('password'), salt, cost))).toBe(published);
    expect(hex(await derivePassphraseHere(utf8('password'), salt, cost))).toBe(published);
  });

  it('is worked on beside the page, which does not stand still [KEY-03]', async () => {
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
    }, 5);
    await derivePassphrase(utf8('password'), utf8('salt of sixteen.'), { ...COST_FLOOR, passes: 8 });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(5);
  });

  it('is as strong as this device bears, and never below the floor [KEY-03]', async () => {
    const cost = await tuneCost(derivePassphrase, () => performance.now());
    expect(cost.memoryKib).toBeGreaterThanOrEqual(COST_FLOOR.memoryKib);
    expect(cost.passes).toBeGreaterThanOrEqual(COST_FLOOR.passes);
  });
});

describe('a vault', () => {
  it('is made, left, and unlocked after a restart, by its own user alone [KEY-05]', async () => {
    const name = nextName();
    const ada = { user: 'ada', passphrase: 'correct horse battery' };
    const first = await openVault({ name, idleMinutes: 10 }).create(ada);
    await first.lock();
    const vault = openVault({ name, idleMinutes: 10 });
    await expect(vault.unlock({ ...ada, passphrase: 'a wrong passphrase' })).rejects.toMatchObject({
      code: 'key.refused',
    });
    const begun = performance.now();
    const session = await vault.unlock(ada);
    const tookMs = performance.now() - begun;
    expect(session.user).toBe('ada');
    expect((await session.failures()).attempts.map(({ user }) => user)).toEqual(['ada']);
    await session.lock();
    console.info(`unlocked in ${Math.round(tookMs)} ms`);
  });
});
