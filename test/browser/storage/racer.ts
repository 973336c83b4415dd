/** Another page or worker that appends against the test: a real connection of its own. Talks by messages. */
import { dexieStorage } from '../../../src/storage/dexie/index.ts';
import { race } from '../../conformance/writer.ts';

export type RacerMessage =
  | { readonly kind: 'started' }
  | { readonly kind: 'won'; readonly expectedSize: number }
  | { readonly kind: 'done'; readonly won: readonly number[] };

/** Appends so many commits to the database; tells when it starts, at each append that was acknowledged, and at the end. */
export const runRacer = async (
  task: { readonly name: string; readonly appends: number },
  tell: (message: RacerMessage) => void,
): Promise<void> => {
  const storage = await dexieStorage().open(task.name);
  tell({ kind: 'started' });
  const won = await race(storage, task.appends, (expectedSize) => tell({ kind: 'won', expectedSize }));
  await storage.close();
  tell({ kind: 'done', won });
};
