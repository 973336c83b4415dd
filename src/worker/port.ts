/**
 * The page's side of the sealing worker: starts it when there is work for it, ends it when there has been none for a
 * while, and after it has failed or been silent a few times, does without.
 */
import type { Scheduler } from '../core/ports.ts';
import type { SigningKey } from '../crypto/signer.ts';
import type { Answer, FromWorker, HandedKey, Request, ToWorker } from './messages.ts';

export type SealingPort = {
  /** Starts the worker unless it runs or cannot. */
  readonly start: () => void;
  /** True if the worker has said that it runs. */
  readonly isReady: () => boolean;
  /** True if the worker takes requests, now or as soon as it runs. */
  readonly isOpen: () => boolean;
  /** Never rejects: `failed` if the worker did not do it. `transfer`: buffers of the request that are given away. */
  readonly ask: (key: SigningKey, request: Request, transfer?: ArrayBuffer[]) => Promise<Answer>;
  readonly close: () => void;
};

/** What of a `Worker` is used. */
export type Thread = {
  readonly postMessage: (message: ToWorker, transfer: ArrayBuffer[]) => void;
  readonly terminate: () => void;
  onmessage: ((message: MessageEvent<FromWorker>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  onmessageerror: ((event: MessageEvent) => void) | null;
};

/** Work of some milliseconds: who takes this long is not coming back. */
const ANSWER_MS_MAX = 5_000;
const IDLE_MS = 10_000;
const FAILURES_MAX = 3;
const FAILED: Answer = { kind: 'failed' };

type State = 'none' | 'starting' | 'ready' | 'broken';

/** Questions that have no answer yet. `onSilence` is called when one has had none for too long. */
const openQuestions = (scheduler: Scheduler, onSilence: () => void) => {
  const waiting = new Map<number, (answer: Answer) => void>();
  let asked = 0;
  return {
    ask: (say: (id: number) => void): Promise<Answer> =>
      new Promise((resolve) => {
        const id = asked++;
        const stopWatching = scheduler.after(ANSWER_MS_MAX, onSilence);
        waiting.set(id, (answer) => {
          stopWatching();
          resolve(answer);
        });
        say(id);
      }),
    answer: (id: number, answer: Answer): void => {
      const tell = waiting.get(id);
      waiting.delete(id);
      tell?.(answer);
    },
    failAll: (): void => {
      const left = [...waiting.values()];
      waiting.clear();
      for (const tell of left) tell(FAILED);
    },
    isEmpty: () => waiting.size === 0,
  };
};

type Open = () => Thread | undefined;

const openIfAllowed = (open: Open): Thread | undefined => {
  try {
    return open();
  } catch {
    return undefined; // forbidden by the page's policy
  }
};

const listen = (thread: Thread, hear: (message: FromWorker) => void, fail: () => void): void => {
  thread.onmessage = ({ data }) => hear(data);
  thread.onerror = fail;
  thread.onmessageerror = fail;
};

const handedOf = ({ publicKey, privateKey }: SigningKey): HandedKey => ({ publicKey, privateKey });

/** @param open  starts a thread; undefined where there is none to be had */
export const sealingPort = (open: Open, scheduler: Scheduler): SealingPort => {
  let state: State = 'none';
  let thread: Thread | undefined;
  /** The key that the thread has. */
  let handed: SigningKey | undefined;
  let failures = 0;
  let stopIdling: () => void = () => undefined;

  const end = (next: State): void => {
    stopIdling();
    thread?.terminate();
    thread = undefined;
    handed = undefined;
    state = next;
    questions.failAll();
  };
  const fail = (): void => {
    failures += 1;
    end(failures < FAILURES_MAX ? 'none' : 'broken');
  };
  const questions = openQuestions(scheduler, fail);
  const idle = (): void => {
    stopIdling();
    stopIdling = scheduler.after(IDLE_MS, () => {
      if (questions.isEmpty() && state === 'ready') end('none');
    });
  };
  const hear = (message: FromWorker): void => {
    if (message.kind === 'ready') state = 'ready';
    else questions.answer(message.id, message.answer);
    if (questions.isEmpty()) idle();
  };
  const start = (): void => {
    if (state !== 'none') return;
    thread = openIfAllowed(open);
    state = thread === undefined ? 'broken' : 'starting';
    if (thread !== undefined) listen(thread, hear, fail);
  };
  const ask = (key: SigningKey, request: Request, transfer: ArrayBuffer[] = []): Promise<Answer> =>
    questions.ask((id) => {
      try {
        if (thread === undefined) {
          fail();
          return;
        }
        thread.postMessage(handed === key ? { id, request } : { id, key: handedOf(key), request }, transfer);
        handed = key;
      } catch {
        fail(); // a key that cannot be handed over
      }
    });
  return {
    start,
    isReady: () => state === 'ready',
    isOpen: () => thread !== undefined,
    ask,
    close: () => end('none'),
  };
};
