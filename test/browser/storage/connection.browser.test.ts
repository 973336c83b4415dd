/** How connections to a real IndexedDB begin and end: missing, blocked, foreign, newer, deleted under way. */
import { Dexie } from 'dexie';
import { expect, it } from 'vitest';
import { size } from '../../../src/core/position.ts';
import { openConnection } from '../../../src/storage/dexie/connection.ts';
import { dexieStorage } from '../../../src/storage/dexie/index.ts';
import { NATIVE_VERSION } from '../../../src/storage/dexie/layout.ts';
import { contentOf, eventually, settled } from '../../conformance/engine.ts';
import { verifyLog } from '../../conformance/sealed.ts';
import { makeWriter } from '../../conformance/writer.ts';
import { CONNECTION, openNative, removeDatabase, withName } from './place.ts';

// On localhost Dexie prints the trace of every failure; here each is expected.
Dexie.debug = false;

/** The browser's factory with another way to open. */
const withOpen = (open: IDBFactory['open']): IDBFactory => ({
  open,
  deleteDatabase: (name) => indexedDB.deleteDatabase(name),
  databases: () => indexedDB.databases(),
  cmp: (first, second) => indexedDB.cmp(first, second),
});

const refusing = (errorName: string): IDBFactory =>
  withOpen(() => {
    throw new DOMException('', errorName);
  });

it('without IndexedDB, or where the page may not use it, opening says so [REC-08]', async () => {
  const missing = openConnection('x', { ...CONNECTION, indexedDB: undefined, IDBKeyRange });
  await expect(missing).rejects.toMatchObject({ code: 'storage.unavailable' });
  for (const name of ['SecurityError', 'InvalidStateError']) {
    const answer = await settled(dexieStorage({ indexedDB: refusing(name) }).open('x'));
    expect(answer).toEqual({ code: 'storage.unavailable' });
  }
});

it('in a frame without an origin opening says that there is no IndexedDB [REC-08]', async () => {
  const frame = document.createElement('iframe');
  frame.setAttribute('sandbox', 'allow-scripts');
  const heard: unknown[] = [];
  const hear = ({ data, source }: MessageEvent) => source === frame.contentWindow && heard.push(data);
  window.addEventListener('message', hear);
  frame.srcdoc = `<script>
    try { indexedDB.open('x'); parent.postMessage('opened', '*'); } catch (error) { parent.postMessage(error.name, '*'); }
  </script>`;
  document.body.append(frame);
  await eventually(() => heard.length > 0);
  window.removeEventListener('message', hear);
  frame.remove();
  const answer = await settled(dexieStorage({ indexedDB: refusing(String(heard[0])) }).open('x'));
  expect(answer).toEqual({ code: 'storage.unavailable' });
});

it('an upgrade that another connection keeps waiting ends as blocked, and is not made behind its back [REC-08]', () =>
  withName(async (name) => {
    const holder = await openNative(name, 1);
    expect(await settled(dexieStorage().open(name))).toEqual({ code: 'storage.blocked' });
    holder.close();
    const [entry] = (await indexedDB.databases()).filter((database) => database.name === name);
    const reopened = await openNative(name);
    expect([...reopened.objectStoreNames]).toEqual([]);
    expect(entry?.version).toBe(1);
    reopened.close();
  }));

it('a database of another layout, older or newer, is refused and left as it was [REC-08]', () =>
  withName(async (name) => {
    for (const version of [1, 10, NATIVE_VERSION - 1, NATIVE_VERSION, NATIVE_VERSION + 10]) {
      const foreign = await openNative(name, version);
      foreign.close();
      expect(await settled(dexieStorage().open(name)), `version ${version}`).toEqual({ code: 'storage.failed' });
      const untouched = await openNative(name);
      expect(untouched.version).toBe(version);
      expect([...untouched.objectStoreNames]).toEqual([]);
      untouched.close();
      await removeDatabase(name);
    }
  }));

it('a connection makes way for a newer layout, and is closed from then on [REC-08]', () =>
  withName(async (name) => {
    const storage = await dexieStorage().open(name);
    const writer = await makeWriter();
    await storage.append({ expectedSize: size(0), commits: [await writer.seal()], marks: {} });
    const newer = await openNative(name, NATIVE_VERSION + 10);
    expect(newer.version).toBe(NATIVE_VERSION + 10);
    const append = storage.append({ expectedSize: size(1), commits: [await writer.seal()], marks: {} });
    expect(await settled(append)).toEqual({ code: 'storage.closed' });
    expect(await settled(storage.size())).toEqual({ code: 'storage.closed' });
    newer.close();
  }));

it('a database that is deleted under a connection does not come up again empty [REC-08]', () =>
  withName(async (name) => {
    const storage = await dexieStorage().open(name);
    const writer = await makeWriter();
    await storage.append({ expectedSize: size(0), commits: [await writer.seal()], marks: {} });
    await removeDatabase(name);
    const append = storage.append({ expectedSize: size(1), commits: [await writer.seal()], marks: {} });
    expect(await settled(append)).toEqual({ code: 'storage.closed' });
    expect(await settled(storage.readMarks())).toEqual({ code: 'storage.closed' });
    expect((await indexedDB.databases()).map((database) => database.name)).not.toContain(name);
    await storage.close();
  }));

it('a connection that dies silently fails loudly, and is not opened again behind the caller [REC-08]', () =>
  withName(async (name) => {
    const opened: IDBDatabase[] = [];
    const counting = withOpen((database, version) => {
      const request = indexedDB.open(database, version);
      request.addEventListener('success', () => opened.push(request.result));
      return request;
    });
    const storage = await dexieStorage({ indexedDB: counting }).open(name);
    const writer = await makeWriter();
    await storage.append({ expectedSize: size(0), commits: [await writer.seal()], marks: {} });
    const before = await contentOf(storage);
    opened[0]?.close();
    const append = storage.append({ expectedSize: size(1), commits: [await writer.seal()], marks: {} });
    expect(await settled(append)).toHaveProperty('code');
    expect(await settled(storage.readMarks())).toEqual({ code: 'storage.closed' });
    expect(opened).toHaveLength(1);
    const again = await dexieStorage().open(name);
    expect(await contentOf(again)).toEqual(before);
    expect(await verifyLog(again)).toBe(1);
    await again.close();
  }));
