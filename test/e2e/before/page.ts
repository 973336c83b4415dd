/** Leaves the diary of an example as another version of it would: many weights, and states that are kept under other rules than its own. */
import { openStore } from 'indelible';
import { Diary, weight } from '../../../examples/diary.ts';

const WEIGHTS = 600;

const store = await openStore({
  ...{ name: 'diary', tenant: 'example', app: 'before', aggregates: [Diary], upkeep: 'manual' },
  actor: () => ({ userId: 'subject-1', role: 'subject' }),
});
const { send } = store.aggregate(Diary, 'weights');
await Promise.all(Array.from({ length: WEIGHTS }, (_, at) => send(weight(60 + (at % 20)))));
await store.compact();
await store.close();
document.body.textContent = 'filled';
