/** What an opening with kept states asks of the database before it resolves, and how much of it in one moment. */
import { expect, it } from 'vitest';
import { type EventStorage, memoryStorage, type StorageAdapter } from '../../../src/index.ts';
import { item, openDevice, Visit } from '../../unit/store/trial.ts';

type Asked = { readonly call: string; readonly moment: number };

/** Notes each read, and after how many answers it was made: reads of one number wait for the same answer. */
const noting = (adapter: StorageAdapter, asked: Asked[]): StorageAdapter => ({
  open: async (name): Promise<EventStorage> => {
    const storage = await adapter.open(name);
    let answers = 0;
    const noted =
      <A extends readonly unknown[], T>(call: string, read: (...args: A) => Promise<T>) =>
      async (...args: A): Promise<T> => {
        asked.push({ call, moment: answers });
        const answer = await read(...args);
        answers += 1;
        return answer;
      };
    return {
      ...storage,
      readIdentity: noted('identity', storage.readIdentity),
      readIdentities: noted('identities', storage.readIdentities),
      readMarks: noted('marks', storage.readMarks),
      readSnapshot: noted('kept states', storage.readSnapshot),
      packedTo: noted('packed to', storage.packedTo),
      read: noted('log', storage.read),
      readAt: noted('log at', storage.readAt),
    };
  },
});

it('an opening with kept states reads each thing once, and what does not wait for another in one moment [PRJ-06]', async () => {
  const storage = memoryStorage({ recordBytesMax: 2_600 });
  let remembered: string | undefined;
  const known = {
    read: async () => remembered,
    write: async (text: string) => {
      remembered = text;
    },
  };
  const opened = { name: 'first-reads', upkeep: 'manual', known } as const;
  const { store } = await openDevice({ ...opened, storage });
  for (let at = 0; at < 40; at++) await store.aggregate(Visit, `s-${at % 3}`).send(item(`i${at}`, at));
  await store.compact();
  await store.aggregate(Visit, 's-1').send(item('after', 1));
  await store.close();

  const asked: Asked[] = [];
  expect(remembered).toBeDefined();
  const again = await openDevice({ ...opened, storage: noting(storage, asked) });
  const expected = ['identities', 'marks', 'kept states', 'packed to', 'log'];
  // the last look is for what others have committed since the first one: nobody waits for it
  expect(asked.map(({ call }) => call)).toEqual([...expected, 'log']);
  expect(asked.slice(0, 4).map(({ moment }) => moment)).toEqual([0, 0, 0, 0]);
  expect(again.store.aggregate(Visit, 's-1').state().version).toBe(14);
  await again.store.close();
});
