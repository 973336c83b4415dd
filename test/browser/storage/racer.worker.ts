/** The racer as a worker: starts at the first message. */
import { runRacer } from './racer.ts';

addEventListener('message', (message: MessageEvent<{ readonly name: string; readonly appends: number }>) => {
  void runRacer(message.data, (told) => postMessage(told));
});
