/** The sync lifecycle: every state against every event, and where each failure leads. */
import { expect, it } from 'vitest';
import { createActor, fromPromise, type SnapshotFrom } from 'xstate';
import { ERROR_TEXT, type ErrorCode, StoreError } from '../../../src/core/errors.ts';
import {
  type PullResult,
  type PushResult,
  SYNC_STATES,
  type SyncMachineEvent,
  type SyncState,
  syncMachine,
} from '../../../src/machines/sync.ts';
import { simulatedTime } from '../../../src/testing/index.ts';

type Settle = { readonly resolve: (result: unknown) => void; readonly reject: (error: unknown) => void };
const PULLED: PullResult = { short: undefined };
const DONE: PushResult = { refused: undefined, later: undefined };

/** A machine whose exchanges end when the test says so. */
const start = () => {
  const time = simulatedTime();
  const exchanges: string[] = [];
  let under: Settle | undefined;
  const exchange = <T>(name: string) =>
    fromPromise<T>(() => {
      exchanges.push(name);
      return new Promise((resolve, reject) => {
        under = { resolve: (result) => resolve(result as T), reject };
      });
    });
  const machine = syncMachine.provide({
    actors: { hello: exchange<void>('hello'), pull: exchange<PullResult>('pull'), push: exchange<PushResult>('push') },
  });
  const clock = {
    setTimeout: (task: () => void, ms: number) => time.scheduler.after(ms, task),
    clearTimeout: (cancel: unknown) => {
      if (typeof cancel === 'function') cancel();
    },
  };
  const actor = createActor(machine, { clock });
  actor.start();
  const changed = async (act: () => void): Promise<SnapshotFrom<typeof syncMachine>> => {
    act();
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    return actor.getSnapshot();
  };
  return {
    time,
    exchanges,
    send: (type: SyncMachineEvent['type']) => changed(() => actor.send({ type })),
    ends: (result: unknown) => changed(() => under?.resolve(result)),
    fails: (code: ErrorCode) => changed(() => under?.reject(new StoreError(code))),
    state: () => actor.getSnapshot(),
  };
};
type Machine = ReturnType<typeof start>;

/** How to come to each state from the beginning. */
const REACH: Readonly<Record<SyncState, (machine: Machine) => Promise<unknown>>> = {
  offline: async () => undefined,
  connecting: (machine) => machine.send('ONLINE'),
  pulling: async (machine) => {
    await REACH.connecting(machine);
    await machine.ends(undefined);
  },
  pushing: async (machine) => {
    await REACH.pulling(machine);
    await machine.ends(PULLED);
  },
  live: async (machine) => {
    await REACH.pushing(machine);
    await machine.ends(DONE);
  },
  waiting: async (machine) => {
    await REACH.connecting(machine);
    await machine.fails('sync.offline');
  },
  unauthorised: async (machine) => {
    await REACH.connecting(machine);
    await machine.fails('sync.unauthorised');
  },
  wedged: async (machine) => {
    await REACH.pushing(machine);
    await machine.ends({ refused: 'chain.fork', later: undefined });
  },
  quarantined: async (machine) => {
    await REACH.connecting(machine);
    await machine.fails('server.key-changed');
  },
};

/** Where each event leads. `time` is the passing of ten minutes. */
const TABLE: Readonly<
  Record<SyncState, Readonly<Record<'ONLINE' | 'OFFLINE' | 'NUDGE' | 'RECORDED' | 'time', SyncState>>>
> = {
  offline: { ONLINE: 'connecting', OFFLINE: 'offline', NUDGE: 'offline', RECORDED: 'offline', time: 'offline' },
  connecting: {
    ONLINE: 'connecting',
    OFFLINE: 'offline',
    NUDGE: 'connecting',
    RECORDED: 'connecting',
    time: 'connecting',
  },
  pulling: { ONLINE: 'pulling', OFFLINE: 'offline', NUDGE: 'pulling', RECORDED: 'pulling', time: 'pulling' },
  pushing: { ONLINE: 'pushing', OFFLINE: 'offline', NUDGE: 'pushing', RECORDED: 'pushing', time: 'pushing' },
  live: { ONLINE: 'live', OFFLINE: 'offline', NUDGE: 'pulling', RECORDED: 'pulling', time: 'pulling' },
  waiting: { ONLINE: 'waiting', OFFLINE: 'offline', NUDGE: 'connecting', RECORDED: 'waiting', time: 'connecting' },
  unauthorised: {
    ONLINE: 'unauthorised',
    OFFLINE: 'offline',
    NUDGE: 'connecting',
    RECORDED: 'connecting',
    time: 'unauthorised',
  },
  wedged: { ONLINE: 'wedged', OFFLINE: 'offline', NUDGE: 'connecting', RECORDED: 'wedged', time: 'pulling' },
  quarantined: {
    ONLINE: 'quarantined',
    OFFLINE: 'offline',
    NUDGE: 'connecting',
    RECORDED: 'quarantined',
    time: 'quarantined',
  },
};

it.each(SYNC_STATES)('in state %s each event leads where the table says [SYN-01]', async (state) => {
  for (const [event, expected] of Object.entries(TABLE[state])) {
    const machine = start();
    await REACH[state](machine);
    expect(machine.state().value).toBe(state);
    if (event === 'time') machine.time.advance(600_000);
    else await machine.send(event as SyncMachineEvent['type']);
    expect(machine.state().value, `${event} in ${state}`).toBe(expected);
  }
});

it('an honest round ends a quarantine by itself, another dishonest one begins it again, and nothing is sent before [SYN-01]', async () => {
  const machine = start();
  await REACH.pulling(machine);
  for (const time of ['once', 'twice', 'three times']) {
    if (time !== 'once') {
      await machine.send('NUDGE');
      await machine.ends(undefined);
    }
    await machine.fails('commit.malformed');
  }
  expect(machine.state().value).toBe('quarantined');
  machine.time.advance(600_000);
  expect(machine.state().value).toBe('connecting');
  await machine.ends(undefined);
  expect((await machine.fails('commit.malformed')).value).toBe('quarantined');
  expect(machine.exchanges).not.toContain('push');
  machine.time.advance(600_000);
  await machine.ends(undefined);
  await machine.ends(PULLED);
  expect(await machine.ends(DONE)).toMatchObject({ value: 'live', context: { evidence: 0, lastError: undefined } });
});

it('a round greets, pulls, then pushes, and never two exchanges are under way [SYN-01]', async () => {
  const machine = start();
  await REACH.live(machine);
  await machine.send('NUDGE');
  await machine.ends(PULLED);
  await machine.ends(DONE);
  expect(machine.exchanges).toEqual(['hello', 'pull', 'push', 'pull', 'push']);
});

it('what is asked for or recorded while a round runs leads to one more round, unless it fails [SYN-01]', async () => {
  for (const asked of ['NUDGE', 'RECORDED'] as const) {
    for (const busy of ['pulling', 'pushing'] as const) {
      const machine = start();
      await REACH[busy](machine);
      await machine.send(asked);
      if (busy === 'pulling') await machine.ends(PULLED);
      expect((await machine.ends(DONE)).value).toBe('pulling');
      expect((await machine.fails('sync.offline')).context.nudged).toBe(false);
      expect(machine.state().value).toBe('waiting');
    }
  }
});

const UNAUTHORISED: readonly ErrorCode[] = ['sync.unauthorised'];
const WEDGED: readonly ErrorCode[] = ['sync.unsupported-protocol', 'commit.unsupported-format'];
const CERTAIN: readonly ErrorCode[] = ['receipt.ahead-of-log', 'server.key-changed'];
const EVIDENCE: readonly ErrorCode[] = [
  'chain.fork',
  'chain.gap',
  'chain.leaf-mismatch',
  'chain.link-mismatch',
  'chain.root-mismatch',
  'checkpoint.malformed',
  'commit.malformed',
  'event.duplicate-id',
  'receipt.mismatch',
  'signature.invalid',
  'sync.wrong-tenant',
];

it('each error code leads to its state, from each exchange, and tamper evidence that repeats to quarantine [SYN-01]', async () => {
  for (const code of Object.keys(ERROR_TEXT) as ErrorCode[]) {
    for (const from of ['connecting', 'pulling', 'pushing'] as const) {
      const machine = start();
      await REACH[from](machine);
      const { value, context } = await machine.fails(code);
      const once = UNAUTHORISED.includes(code)
        ? 'unauthorised'
        : WEDGED.includes(code)
          ? 'wedged'
          : CERTAIN.includes(code)
            ? 'quarantined'
            : 'waiting';
      expect([value, context.lastError, context.attempts], `${code} while ${from}`).toEqual([once, code, 1]);
      if (once !== 'waiting') continue;
      for (const time of ['second', 'third']) {
        await machine.send('NUDGE');
        await machine.fails(code);
        const isEvidence = time === 'third' && EVIDENCE.includes(code);
        expect(machine.state().value, `${code}, ${time} time`).toBe(isEvidence ? 'quarantined' : 'waiting');
      }
    }
  }
});

it('a success forgets failures and evidence [SYN-01]', async () => {
  const machine = start();
  await REACH.connecting(machine);
  await machine.fails('chain.fork');
  await machine.send('NUDGE');
  for (const result of [undefined, PULLED, DONE]) await machine.ends(result);
  expect(machine.state().context).toEqual({
    attempts: 0,
    evidence: 0,
    lastError: undefined,
    nudged: false,
    short: undefined,
  });
});

it('a push that the server puts off waits, one that it refuses wedges, and both show the code [SYN-07]', async () => {
  const late = start();
  await REACH.pushing(late);
  const { value, context } = await late.ends({ refused: undefined, later: 'chain.gap' });
  expect([value, context.lastError]).toEqual(['waiting', 'chain.gap']);
  const wedged = start();
  await REACH.wedged(wedged);
  expect(wedged.state().context.lastError).toBe('chain.fork');
  wedged.time.advance(5_000);
  expect(wedged.state().value).toBe('pulling');
});

it('a pull that finds no room is followed by the push all the same, and then waits with its code [SYN-10]', async () => {
  const machine = start();
  await REACH.pulling(machine);
  expect((await machine.ends({ short: 'storage.quota-exceeded' })).value).toBe('pushing');
  const { value, context } = await machine.ends(DONE);
  expect([value, context.lastError, context.attempts]).toEqual(['waiting', 'storage.quota-exceeded', 1]);
  await machine.send('NUDGE');
  for (const result of [undefined, PULLED, DONE]) await machine.ends(result);
  expect(machine.state().context).toMatchObject({ attempts: 0, lastError: undefined, short: undefined });
});
