/** The sealing worker: hashes and signs for the page that started it, one request after the other. */
import { loadFastSha256 } from '../crypto/sha256.ts';
import { answerer } from './answer.ts';
import type { FromWorker, HandedKey, ToWorker } from './messages.ts';

const say = (message: FromWorker, transfer: Transferable[] = []): void => self.postMessage(message, { transfer });

const answer = answerer();
let handed: HandedKey | undefined;
let before: Promise<void> = Promise.resolve();
self.onmessage = ({ data: { id, key, request } }: MessageEvent<ToWorker>) => {
  if (key !== undefined) handed = key;
  const current = handed;
  before = before.then(async () => {
    const found = await answer(current, request);
    say(
      { id, kind: 'answer', answer: found },
      found.kind === 'sealed' ? found.commits.map(({ buffer }) => buffer) : [],
    );
  });
};
void loadFastSha256().then(() => say({ kind: 'ready' }));
