/** Connections that die, lie and fall silent, on a simulated IndexedDB; `test/browser/storage/connection` has a real one. */
import { Dexie } from 'dexie';
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { connectionLaws } from '../../connection/laws.ts';

Dexie.debug = false;

connectionLaws(() => ({
  name: 'trial-042',
  factory: new IDBFactory(),
  keyRange: IDBKeyRange,
  answerMs: 500,
  remove: async () => {},
}));
