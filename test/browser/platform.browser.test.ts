/** What the store relies on in a browser, asked of the very browser that runs the tests. */
import { expect, it } from 'vitest';
import { makeSigningKey } from '../../src/crypto/signer.ts';
import { systemClock } from '../../src/store/platform.ts';

const open = (name: string): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore('commits');
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const add = (database: IDBDatabase, key: number, bytes: Uint8Array): Promise<string> =>
  new Promise((resolve, reject) => {
    const transaction = database.transaction('commits', 'readwrite', { durability: 'strict' });
    transaction.objectStore('commits').add(bytes, key);
    transaction.oncomplete = () => resolve(transaction.durability);
    transaction.onabort = () => reject(transaction.error);
  });

const read = (database: IDBDatabase, key: number): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const request = database.transaction('commits').objectStore('commits').get(key);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const remove = (name: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
  });

it('the test browser commits strictly durable transactions and refuses a taken key [HOU-11]', async () => {
  const name = `platform-${crypto.randomUUID()}`;
  const database = await open(name);
  const bytes = new Uint8Array([0, 1, 254, 255]);
  expect(await add(database, 1, bytes)).toBe('strict');
  await expect(add(database, 1, new Uint8Array([9]))).rejects.toMatchObject({ name: 'ConstraintError' });
  expect(await read(database, 1)).toEqual(bytes);
  database.close();
  await remove(name);
});

it('the zone that is recorded is the one that the browser formats times in [FMT-04]', () => {
  expect(systemClock.zone(Date.now()).name).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
});

type Told = 'when the last request has succeeded' | 'never';

/** Adds rows with a mark in one transaction; gives the error that it ended in, if it did. */
const addAll = (database: IDBDatabase, keys: readonly number[], told: Told): Promise<string | undefined> =>
  new Promise((resolve) => {
    const transaction = database.transaction('commits', 'readwrite', { durability: 'strict' });
    const table = transaction.objectStore('commits');
    const requests = keys.map((key) => table.add(Uint8Array.of(1), key));
    const mark = table.put(Uint8Array.of(2), 0);
    if (told !== 'never') mark.onsuccess = () => transaction.commit();
    transaction.oncomplete = () => resolve(requests.find(({ error }) => error !== null)?.error?.name);
    transaction.onabort = () => resolve(transaction.error?.name ?? 'no error');
  });

it('a request that fails undoes its whole transaction and names the reason [HOU-11, REC-01]', async () => {
  const name = `platform-${crypto.randomUUID()}`;
  const database = await open(name);
  await add(database, 1, Uint8Array.of(1));
  for (const told of ['never', 'when the last request has succeeded'] as const) {
    for (const keys of [[1], [1, 2], [2, 1], [2, 1, 3]])
      expect(await addAll(database, keys, told), `${keys}, told ${told}`).toBe('ConstraintError');
    for (const key of [0, 2, 3]) expect(await read(database, key)).toBeUndefined();
  }
  database.close();
  await remove(name);
});

it('every device gets a signing key, however the numbers of one fall [HOU-11, FMT-07]', async () => {
  const keys = new Set<string>();
  for (let at = 0; at < 400; at++) keys.add((await makeSigningKey()).publicKey.join());
  expect(keys.size).toBe(400);
});

it('the test browser signs and verifies with a non-extractable Ed25519 key, and a flipped bit fails [HOU-11]', async () => {
  const pair = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
  if (!('privateKey' in pair)) throw new Error('Ed25519 gives a key pair');
  expect(pair.privateKey.extractable).toBe(false);
  const message = new TextEncoder().encode('one commit');
  const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', pair.privateKey, message));
  expect(signature.length).toBe(64);
  expect(await crypto.subtle.verify('Ed25519', pair.publicKey, signature, message)).toBe(true);
  const flipped = message.slice();
  flipped[0] = (flipped[0] ?? 0) ^ 1;
  expect(await crypto.subtle.verify('Ed25519', pair.publicKey, signature, flipped)).toBe(false);
});

it('Web Locks and BroadcastChannel are there for tabs to take turns [HOU-11]', async () => {
  const order: string[] = [];
  await Promise.all(
    ['first', 'second'].map((who) =>
      navigator.locks.request('platform', async () => {
        order.push(`${who} in`);
        await Promise.resolve();
        order.push(`${who} out`);
      }),
    ),
  );
  expect(order).toEqual(['first in', 'first out', 'second in', 'second out']);
  const [sender, receiver] = [new BroadcastChannel('platform'), new BroadcastChannel('platform')];
  const heard = new Promise((resolve) => {
    receiver.onmessage = (message) => resolve(message.data);
  });
  sender.postMessage('committed');
  expect(await heard).toBe('committed');
  sender.close();
  receiver.close();
});
