/** The page that is killed: it looks at what the kill before left, tells the test, and works until the next one. */
import { indexedDbVault } from '../../../src/keys/web/indexedDb.ts';
import { inspect } from './inspect.ts';
import { type Message, OPERATIONS, type Task } from './messages.ts';
import { WORK } from './operations.ts';
import { discarded, stopAtStep, watchDiscarding, watchSteps } from './steps.ts';

const address = `/message/${new URLSearchParams(location.search).get('run')}`;
const tell = (message: Message): Promise<unknown> => fetch(address, { method: 'POST', body: JSON.stringify(message) });

const readTask = (): Task => {
  const given = new URLSearchParams(location.search);
  const text = (name: string) => given.get(name) ?? '';
  return {
    operation: OPERATIONS.find((operation) => operation === text('operation')) ?? OPERATIONS[0],
    check: text('check'),
    use: text('use'),
    run: Number(text('run')),
    stopAt: Number(text('stopAt')),
    vault: text('vault'),
  };
};

/** Adds this run to those that the vault has kept, and tells which those were. */
const keepRun = async ({ vault, run }: Task): Promise<void> => {
  const storage = indexedDbVault(vault);
  const held = await storage.read();
  const isKept = await storage.swap(held, Uint8Array.from([...(held ?? []), run]));
  if (!isKept) throw new Error('nobody else writes to the vault');
  await tell({ kind: 'kept', runs: [...(held ?? [])] });
};

const run = async (): Promise<void> => {
  const task = readTask();
  watchSteps(address);
  watchDiscarding();
  if (task.vault !== '') await keepRun(task);
  if (task.check !== '') {
    const report = await inspect(task.operation, task.check);
    const faults = [...report.faults, ...discarded.map((why) => `the browser has begun an empty database: ${why}`)];
    await tell({ kind: 'report', report: { ...report, faults } });
  }
  if (task.use === '') return;
  // One message is under way at a time; what becomes durable meanwhile goes into the next.
  let waiting: string[] = [];
  let sending = false;
  const sendOn = async (): Promise<void> => {
    if (sending) return;
    sending = true;
    for (; waiting.length > 0; ) await tell({ kind: 'told', tags: waiting.splice(0) });
    sending = false;
  };
  let armed = false;
  await WORK[task.operation](task, {
    begun: () => void tell({ kind: 'begun' }),
    told: (tags) => {
      waiting = [...waiting, ...tags];
      void sendOn();
    },
    arm: () => {
      if (!armed) stopAtStep(task.stopAt);
      armed = true;
    },
  });
};

run().catch((error: unknown) => tell({ kind: 'failed', message: error instanceof Error ? error.message : 'failed' }));
