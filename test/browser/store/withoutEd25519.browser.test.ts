/** A browser whose WebCrypto has everything but Ed25519, as those of some years ago: a whole device in it. */
import { expect, it } from 'vitest';
import { sign, verifySignature } from '../../../src/crypto/signer.ts';
import { softKeyBytes } from '../../../src/crypto/softKey.ts';
import { dexieStorage, isStoreError, openStore, type Store } from '../../../src/index.ts';
import { openVault } from '../../../src/keys.ts';
import { type SimulatedServer, simulatedNetwork, simulatedServer } from '../../../src/testing/index.ts';
import { withoutEd25519 } from '../../support/withoutEd25519.ts';
import { item, Visit } from '../../unit/store/trial.ts';

const open = (name: string): Promise<Store> =>
  openStore({ name, tenant: 'acme-042', aggregates: [Visit], actor: () => ({ userId: 'nurse-1', role: 'site' }) });

const syncOnce = async (store: Store, server: SimulatedServer) => {
  const sync = store.sync({
    ...{ url: 'https://server.invalid', transport: simulatedNetwork(server), network: 'online' as const },
  });
  const status = await sync.now();
  sync.stop();
  return status;
};

const rowsOf = (name: string): Promise<readonly unknown[]> =>
  new Promise((resolve, reject) => {
    const opening = indexedDB.open(name);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const reading = opening.result.transaction('identity').objectStore('identity').getAll();
      reading.onerror = () => reject(reading.error);
      reading.onsuccess = () => {
        opening.result.close();
        resolve(reading.result);
      };
    };
  });

it('records, syncs and verifies; devices with Ed25519 read it; and it goes on itself once it has it [KEY-21, REC-03]', async () => {
  const name = crypto.randomUUID();
  const { server, replica } = await withoutEd25519(async () => {
    const server = await simulatedServer({ tenant: 'acme-042' });
    const store = await open(name);
    const items = Array.from({ length: 200 }, (_, at) => ({ id: `v${at % 9}`, event: item(`I${at}`, at) }));
    await store.aggregate(Visit, 'v1').send(item('FIRST', 1));
    await store.appendAll(Visit, items);
    expect(await syncOnce(store, server)).toMatchObject({ pending: 0, lastError: undefined });
    expect(await store.verify()).toMatchObject({ ok: true, counts: { events: 201 } });
    const { replica } = store;
    await store.close();
    const again = await open(name);
    expect(again.replica).toBe(replica);
    expect((await again.aggregate(Visit, 'v1').send(item('AGAIN', 2))).kind).toBe('committed');
    await again.close();
    return { server, replica };
  });
  expect(server.size()).toBe(201);

  const other = await open(crypto.randomUUID()); // a device with Ed25519 of its own
  expect(await syncOnce(other, server)).toMatchObject({ lastError: undefined });
  expect(other.size()).toBe(201);
  await other.close();

  const later = await open(name); // the browser has learned Ed25519
  expect(later.replica).toBe(replica);
  expect((await later.aggregate(Visit, 'v2').send(item('LATER', 3))).kind).toBe('committed');
  expect(await syncOnce(later, server)).toMatchObject({ pending: 0, lastError: undefined });
  expect(await later.verify()).toMatchObject({ ok: true, counts: { events: 203 } });
  await later.close();
});

it('its private key lies sealed with the row, under the database key [KEY-21, RST-01]', async () => {
  const name = crypto.randomUUID();
  const databaseKey = (byte: number) =>
    crypto.subtle.importKey('raw', new Uint8Array(32).fill(byte), 'HKDF', false, ['deriveKey', 'deriveBits']);
  const storage = dexieStorage();
  await withoutEd25519(async () => {
    const keyed = {
      ...storage,
      open: async (each: string) => storage.open(each, { databaseKey: await databaseKey(7) }),
    };
    const store = await openStore({
      ...{ name, tenant: 'acme-042', aggregates: [Visit], storage: keyed },
      actor: () => ({ userId: 'nurse-1', role: 'site' }),
    });
    await store.aggregate(Visit, 'v1').send(item('FIRST', 1));
    await store.close();
    const opened = await storage.open(name, { databaseKey: await databaseKey(7) });
    const key = (await opened.readIdentity())?.key.privateKey;
    await opened.close();
    const secret = key === undefined ? undefined : softKeyBytes(key)?.subarray(16);
    expect(secret).toHaveLength(32);
    const rows = await rowsOf(name);
    expect(rows).toHaveLength(1);
    expect(Object.keys(rows[0] ?? {}).sort()).toEqual(['sealed', 'slot']);
    const wrong = await databaseKey(8)
      .then((other) => storage.open(name, { databaseKey: other }))
      .catch((error) => error);
    expect(isStoreError(wrong, 'storage.key-wrong')).toBe(true);
    expect(() => structuredClone(key)).toThrow(); // nor does it get lost in a copy that cannot sign
  });
});

it('its users unlock, and sign with a key of their own [KEY-21, KEY-10]', () =>
  withoutEd25519(async () => {
    const ada = { user: 'ada', passphrase: 'correct horse battery' };
    const vault = openVault({ name: crypto.randomUUID(), idleMinutes: 10 });
    const session = await vault.create(ada);
    await session.selfTest();
    const key = await vault.signingKey(ada);
    const message = new TextEncoder().encode('one act');
    expect(await verifySignature(key.publicKey, await sign(key, message), message)).toBe(true);
    expect(key.privateKey.extractable).toBe(false);
    await session.lock();
  }));
