/** How connections to a real IndexedDB begin and end: missing, blocked, foreign, newer, deleted under way. */
import { Dexie } from 'dexie';
import { expect, it } from 'vitest';
import { openConnection } from '../../../src/storage/dexie/connection.ts';
import { dexieStorage } from '../../../src/storage/dexie/index.ts';
import { NATIVE_VERSION } from '../../../src/storage/dexie/layout.ts';
import { eventually, settled } from '../../conformance/engine.ts';
import { connectionLaws } from '../../connection/laws.ts';
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
      const code = version > NATIVE_VERSION ? 'storage.outdated' : 'storage.failed';
      expect(await settled(dexieStorage().open(name)), `version ${version}`).toEqual({ code });
      const untouched = await openNative(name);
      expect(untouched.version).toBe(version);
      expect([...untouched.objectStoreNames]).toEqual([]);
      untouched.close();
      await removeDatabase(name);
    }
  }));

let grounds = 0;

connectionLaws(() => {
  const name = `connection-${++grounds}`;
  return { name, factory: indexedDB, keyRange: IDBKeyRange, answerMs: 3_000, remove: () => removeDatabase(name) };
});
