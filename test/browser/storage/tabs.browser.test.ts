/** Real connections of several pages and a worker, and pages that end in the middle of an append. */
import { expect, it } from 'vitest';
import { position } from '../../../src/core/position.ts';
import { dexieStorage } from '../../../src/storage/dexie/index.ts';
import { eventually } from '../../conformance/engine.ts';
import { verifyLog } from '../../conformance/sealed.ts';
import { race } from '../../conformance/writer.ts';
import { withName } from './place.ts';
import type { RacerMessage } from './racer.ts';

type Task = { readonly name: string; readonly appends: number };

const workerRacer = (task: Task): Promise<readonly number[]> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./racer.worker.ts', import.meta.url), { type: 'module' });
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data }: MessageEvent<RacerMessage>) => {
      if (data.kind !== 'done') return;
      worker.terminate();
      resolve(data.won);
    };
    worker.postMessage(task);
  });

type Frame = { readonly element: HTMLIFrameElement; readonly told: RacerMessage[]; readonly remove: () => void };

const frameRacer = ({ name, appends }: Task): Frame => {
  const element = document.createElement('iframe');
  const told: RacerMessage[] = [];
  const hear = (message: MessageEvent<{ racer?: string; told: RacerMessage }>) => {
    if (message.source === element.contentWindow && message.data.racer === name) told.push(message.data.told);
  };
  element.name = `${name} ${appends}`;
  element.srcdoc = `<script type="module" src="${new URL('./racer.frame.ts', import.meta.url).href}"></script>`;
  window.addEventListener('message', hear);
  document.body.append(element);
  return {
    element,
    told,
    remove: () => {
      window.removeEventListener('message', hear);
      element.remove();
    },
  };
};

const wonBy = ({ told }: Frame): readonly number[] =>
  told.flatMap((message) => (message.kind === 'won' ? [message.expectedSize] : []));
const isDone = ({ told }: Frame): boolean => told.some(({ kind }) => kind === 'done');

const until = async (holds: () => boolean, timeoutMs = 20_000): Promise<void> => {
  const end = Date.now() + timeoutMs;
  while (!holds() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 2));
  expect(holds()).toBe(true);
};

it('two pages, a worker and a third page race: each size is won once, and nothing is lost [REC-03]', () =>
  withName(async (name) => {
    const storage = await dexieStorage().open(name);
    const appends = 30;
    const frames = [frameRacer({ name, appends }), frameRacer({ name, appends })];
    const worker = workerRacer({ name, appends });
    await until(() => frames.every(({ told }) => told.length > 0));
    const own = await race(storage, appends);
    const theirs = await worker;
    await until(() => frames.every(isDone));
    const won = [...own, ...theirs, ...frames.flatMap(wonBy)];
    for (const frame of frames) frame.remove();
    expect(won).toHaveLength(4 * appends);
    expect(new Set(won).size).toBe(won.length);
    expect(await verifyLog(storage)).toBe(4 * 10 * (1 + 2 + 3));
    await storage.close();
  }));

it('another page hears of a commit, and reads it at once [REC-03]', () =>
  withName(async (name) => {
    const storage = await dexieStorage().open(name);
    const heard: number[] = [];
    const hear = async () => {
      const at = heard.push(0) - 1;
      heard[at] = await storage.size();
    };
    storage.onForeignCommit(() => void hear());
    await workerRacer({ name, appends: 3 });
    await eventually(() => heard.length === 3 && heard.at(-1) === 6);
    expect(heard.every((size, at) => size >= ([1, 3, 6][at] ?? 6))).toBe(true);
    await storage.close();
  }));

it('a page that reloads or goes away while it appends has lost nothing that was acknowledged [REC-02]', () =>
  withName(async (name) => {
    const acknowledged: number[] = [];
    for (let round = 0; round < 8; round++) {
      const frame = frameRacer({ name, appends: 1_000_000 });
      await until(() => wonBy(frame).length > 3 * round);
      frame.element.contentWindow?.location.reload();
      const before = frame.told.length;
      await until(() => frame.told.slice(before).filter(({ kind }) => kind === 'won').length > round);
      acknowledged.push(...wonBy(frame));
      frame.remove();
    }
    const storage = await dexieStorage().open(name);
    expect(new Set(acknowledged).size).toBe(acknowledged.length);
    const starts = await storage.readAt(acknowledged.map((at) => position(at)));
    expect(starts.map((record) => record.position)).toEqual(acknowledged);
    expect(await verifyLog(storage)).toBeGreaterThanOrEqual(acknowledged.length);
    await storage.close();
  }));
