/** The sealing worker as the platform starts it. */
import { expect, it } from 'vitest';
import { makeSigningKey } from '../../../src/crypto/signer.ts';
import { openStore } from '../../../src/index.ts';
import { openThread } from '../../../src/worker/index.ts';
import { sealingPort } from '../../../src/worker/port.ts';
import { item, Visit } from '../../unit/store/trial.ts';

const scheduler = {
  after: (delayMs: number, task: () => void) => {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};

it('a real worker starts, takes a key that cannot be exported, and signs as the page does [BEN-03, FMT-07]', async () => {
  const key = await makeSigningKey();
  const port = sealingPort(openThread, scheduler);
  port.start();
  await expect.poll(port.isReady, { timeout: 20_000 }).toBe(true);
  const message = new Uint8Array(132).fill(7);
  const answer = await port.ask(key, { kind: 'sign', messages: message, count: 1 });
  const here = new Uint8Array(await crypto.subtle.sign('Ed25519', key.privateKey, message));
  expect(answer).toEqual({ kind: 'signed', signatures: here });
  port.close();
  expect(port.isReady()).toBe(false);
});

it('an import that a worker seals is sound, whole and in order, and the page goes on meanwhile [BEN-03, REC-01, IMP-04]', async () => {
  const count = 6_000;
  const started: string[] = [];
  const Original = globalThis.Worker;
  globalThis.Worker = class extends Original {
    constructor(address: string | URL, options?: WorkerOptions) {
      super(address, options);
      started.push(options?.name ?? '');
    }
  };
  const store = await openStore({
    name: crypto.randomUUID(),
    tenant: 'acme-042',
    aggregates: [Visit],
    actor: () => ({ userId: 'nurse-1', role: 'site' }),
  });
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  });
  const items = Array.from({ length: count }, (_, at) => ({ id: `v${at % 97}`, event: item(`I${at}`, at) }));
  const outcomes = await store.appendAll(Visit, items);
  clearInterval(timer);
  globalThis.Worker = Original;
  expect(started).toEqual(['indelible-sealing']);
  expect(outcomes.map((outcome) => (outcome.kind === 'committed' ? outcome.position : -1))).toEqual(
    items.map((_, at) => at),
  );
  expect(turns).toBeGreaterThan(3);
  expect(await store.verify()).toMatchObject({ ok: true, findings: [], counts: { events: count } });
  await store.close();
});
