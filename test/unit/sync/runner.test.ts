/** When sync does what: delays, asking for it, stopping it, and never two exchanges at once. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { memoryStorage, StoreError, type SyncState } from '../../../src/index.ts';
import { exclusively } from '../../../src/store/exclusive.ts';
import { NEW_MARK } from '../../../src/sync/marks.ts';
import { startSync } from '../../../src/sync/runner.ts';
import {
  type SimulatedRequest,
  simulatedNetwork,
  simulatedServer,
  simulatedTime,
  UNDISTURBED,
} from '../../../src/testing/index.ts';
import { collect, item, openDevice, Visit } from '../store/trial.ts';
import { makeBed, online, until } from './bed.ts';

const offline = () => ({ kind: 'fail', error: new StoreError('sync.offline') }) as const;

/** The delay that a runner with this jitter waits after so many failures. */
const delayAfter = async (failures: number, jitter: number): Promise<number> => {
  const time = simulatedTime();
  const never = (): Promise<never> => Promise.reject(new StoreError('sync.offline'));
  const sync = startSync({
    ...({} as Parameters<typeof startSync>[0]),
    transport: { hello: never, pull: never, push: never },
    mark: () => NEW_MARK,
    timing: { intervalMs: 5_000, backoffMs: 1_000, backoffMsMax: 60_000 },
    scheduler: time.scheduler,
    jitter: () => jitter,
    alone: never,
    pending: () => ({ events: 0, oldest: undefined }),
    onChange: () => () => undefined,
  });
  sync.setOnline(true);
  for (let failure = 0; failure < failures; failure++) await sync.now();
  expect(sync.status().attempts).toBe(failures);
  const [delay] = time.waiting();
  sync.stop();
  return delay ?? Number.NaN;
};

it('the delay after a failure doubles with each, up to its bound, between half and all of it [SYN-06]', async () => {
  for (let failures = 1; failures <= 12; failures++) {
    const full = Math.min(60_000, 1_000 * 2 ** (failures - 1));
    expect([await delayAfter(failures, 0), await delayAfter(failures, 1)]).toEqual([full / 2, full]);
    const between = await delayAfter(failures, 0.5);
    expect(between).toBeGreaterThan(full / 2);
    expect(between).toBeLessThan(full);
  }
});

it('after a failure nothing is tried until the delay has passed, whatever is recorded; then sync goes on by itself [SYN-06]', async () => {
  const bed = await makeBed();
  bed.meet(offline);
  await online(bed);
  const tried = bed.messages.length;
  await bed.record('A', 'B');
  bed.time.advance(499);
  expect([bed.messages.length, bed.sync.status().state]).toEqual([tried, 'waiting']);
  bed.meet(() => UNDISTURBED);
  bed.time.advance(501);
  expect(await until(bed.sync, 'live')).toMatchObject({ state: 'live', pending: 0, attempts: 0 });
});

it('a person can sync at once while a delay runs [SYN-06]', async () => {
  const bed = await makeBed();
  bed.meet(offline);
  await online(bed);
  bed.meet(() => UNDISTURBED);
  expect(await bed.sync.now()).toMatchObject({ state: 'live' });
});

it('what is recorded while all is well is pushed without waiting for the interval, and the interval pulls [SYN-06, SYN-05]', async () => {
  const bed = await makeBed();
  await online(bed);
  await bed.record('A');
  expect(await until(bed.sync, 'live')).toMatchObject({ state: 'live' });
  expect(await bed.sync.now()).toMatchObject({ pending: 0 });
  const before = bed.messages.length;
  bed.time.advance(5_000);
  await until(bed.sync, 'pulling');
  await until(bed.sync, 'live');
  expect(bed.messages.slice(before)).toContain('pull');
});

it('asking to sync now resolves from every state, whatever the server does, and after the stop [SYN-06]', async () => {
  const answers = [
    'sync.offline',
    'sync.unauthorised',
    'sync.unsupported-protocol',
    'server.key-changed',
    'server.internal',
  ] as const;
  for (const code of answers) {
    const bed = await makeBed();
    expect((await bed.sync.now()).state).toBe('offline');
    await bed.record('A');
    bed.meet(() => ({ kind: 'fail', error: new StoreError(code) }));
    bed.sync.setOnline(true);
    const [first, second] = await Promise.all([bed.sync.now(), bed.sync.now()]);
    expect(first.lastError).toBe(code);
    expect(second.state).toBe(first.state);
    expect((await bed.sync.now()).lastError).toBe(code);
    const asked = bed.sync.now();
    bed.sync.setOnline(false);
    expect((await asked).state).toBe('offline');
    bed.sync.setOnline(true);
    const stopping = bed.sync.now();
    bed.sync.stop();
    await stopping;
    await bed.sync.now();
    expect(bed.store.size()).toBe(1);
  }
});

it('two tabs that sync never exchange at the same time, and both learn what was acknowledged [SYN-01, SYN-05]', async () => {
  const storage = memoryStorage();
  const server = await simulatedServer({ tenant: 'acme-042' });
  let under = 0;
  let most = 0;
  const watched = {
    ...server,
    answer: async (request: SimulatedRequest) => {
      under += 1;
      most = Math.max(most, under);
      const text = await server.answer(request);
      under -= 1;
      return text;
    },
  };
  const tabs = await Promise.all(
    [1, 2, 3].map(async () => {
      const { store } = await openDevice({ storage, name: 'three-tabs' });
      const sync = store.sync({
        url: 'https://server.invalid',
        transport: simulatedNetwork(watched),
        network: 'online',
      });
      return { store, sync };
    }),
  );
  await Promise.all(tabs.map(({ store }, tab) => store.aggregate(Visit, 'v').send(item(`T${tab}`, tab))));
  for (let round = 0; round < 2; round++) await Promise.all(tabs.map(({ sync }) => sync.now()));
  expect([most, server.size()]).toEqual([1, 3]);
  expect(tabs.map(({ sync }) => [sync.status().state, sync.status().pending])).toEqual(tabs.map(() => ['live', 0]));
});

it('work that one at a time may do takes turns, in order, also after a failure and without those who gave up [SYN-01]', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom('done', 'fails', 'given up'), { maxLength: 12 }), async (kinds) => {
      const alone = exclusively(`test:${kinds.join()}`);
      const log: number[] = [];
      let under = 0;
      const turns = kinds.map((kind, at) => {
        const controller = new AbortController();
        const turn = alone(async () => {
          under += 1;
          expect(under).toBe(1);
          await Promise.resolve();
          log.push(at);
          under -= 1;
          if (kind === 'fails') throw new Error('on purpose');
        }, controller.signal);
        if (kind === 'given up') controller.abort();
        return turn.then(
          () => 'done',
          () => (kind === 'fails' ? 'fails' : 'given up'),
        );
      });
      expect(await Promise.all(turns)).toEqual(kinds);
      expect(log).toEqual(kinds.flatMap((kind, at) => (kind === 'given up' ? [] : [at])));
    }),
    { numRuns: 50 },
  );
});

it('the status says what the machine, the mark and the counts say, and nothing is claimed twice in a row [SYN-05]', async () => {
  const bed = await makeBed();
  const seen = collect(bed.sync.status$);
  await bed.record('A');
  await online(bed);
  const states = seen.seen.map(({ state }) => state).filter((state, at, all) => state !== all[at - 1]);
  expect(states).toEqual<SyncState[]>(['offline', 'connecting', 'pulling', 'pushing', 'live']);
  for (const { state, receipt, pending } of seen.seen) {
    if (state === 'live') expect([pending, receipt?.sequence]).toEqual([0, 1]);
    if (receipt === undefined) expect(pending).toBeLessThanOrEqual(1);
  }
});

it('a store that is closed in the middle of an exchange keeps what it had, and goes on when it is opened again [SYN-04]', async () => {
  for (const cutAt of ['hello', 'pull', 'push'] as const) {
    const storage = memoryStorage();
    const bed = await makeBed({ storage, name: `cut-${cutAt}` });
    await bed.record('A', 'B');
    const reached = new Promise<void>((resolve) => {
      bed.meet(({ kind }) => {
        if (kind === cutAt) resolve();
        return UNDISTURBED;
      });
    });
    bed.sync.setOnline(true);
    await reached;
    await bed.store.close();
    const again = await makeBed({ server: bed.server, storage, name: `cut-${cutAt}` });
    expect(await online(again)).toMatchObject({ state: 'live', pending: 0 });
    expect([again.server.size(), again.store.size(), await again.store.findings()]).toEqual([2, 2, []]);
  }
});
