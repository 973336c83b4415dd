/**
 * The page's side of the sealing worker: starts it when there is work for it, ends it when there has been none for a
 * while, and after it has failed or been silent a few times, does without.
 */
import type { Scheduler } from '../core/ports.ts';
import type { SigningKey } from '../crypto/signer.ts';
import type { Answer, FromWorker, Request, ToWorker } from './messages.ts';

export type SealingPort = {
  /** Starts the worker unless it runs or cannot. */
  readonly start: () => void;
  /** True if the worker takes requests now. */
  readonly isReady: () => boolean;
  /** Never rejects: `failed` if the worker did not do it. */
  readonly ask: (key: SigningKey, request: Request) => Promise<Answer>;
  readonly close: () => void;
};

/** What of a `Worker` is used. */
export type Thread = {
  readonly postMessage: (message: ToWorker) => void;
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

/** @param open  starts a thread; undefined where there is none to be had */
export const sealingPort = (open: () => Thread | undefined, scheduler: Scheduler): SealingPort => {
  const waiting = new Map<number, (answer: Answer) => void>();
  let state: State = 'none';
  let thread: Thread | undefined;
  let asked = 0;
  let failures = 0;
  let stopIdling: () => void = () => undefined;

  const end = (next: State): void => {
    stopIdling();
    thread?.terminate();
    thread = undefined;
    state = next;
    const left = [...waiting.values()];
    waiting.clear();
    for (const tell of left) tell(FAILED);
  };
  const fail = (): void => {
    failures += 1;
    end(failures < FAILURES_MAX ? 'none' : 'broken');
  };
  const idle = (): void => {
    stopIdling();
    stopIdling = scheduler.after(IDLE_MS, () => {
      if (waiting.size === 0 && state === 'ready') end('none');
    });
  };
  const hear = (message: FromWorker): void => {
    if (message.kind === 'ready') {
      state = 'ready';
      idle();
      return;
    }
    const tell = waiting.get(message.id);
    waiting.delete(message.id);
    tell?.(message.answer);
    if (waiting.size === 0) idle();
  };
  const start = (): void => {
    if (state !== 'none') return;
    try {
      thread = open();
    } catch {
      thread = undefined; // forbidden by the page's policy
    }
    state = thread === undefined ? 'broken' : 'starting';
    if (thread === undefined) return;
    thread.onmessage = ({ data }) => hear(data);
    thread.onerror = fail;
    thread.onmessageerror = fail;
  };
  const ask = ({ publicKey, privateKey }: SigningKey, request: Request): Promise<Answer> =>
    new Promise((resolve) => {
      const id = asked++;
      const stopWatching = scheduler.after(ANSWER_MS_MAX, fail);
      waiting.set(id, (answer) => {
        stopWatching();
        resolve(answer);
      });
      try {
        if (thread === undefined) throw new Error();
        thread.postMessage({ id, key: { publicKey, privateKey }, request });
      } catch {
        fail(); // a key that cannot be handed over, or no thread
      }
    });
  return { start, isReady: () => state === 'ready', ask, close: () => end('none') };
};
