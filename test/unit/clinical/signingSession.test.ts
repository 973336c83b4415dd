/** The signing session: every break at every age, and what each then asks for. */
import { expect, it } from 'vitest';
import { openSigningSession, type SigningSession } from '../../../src/clinical.ts';
import { closedSession, nextSession, type SigningSessionEvent } from '../../../src/machines/clinical/signingSession.ts';
import { type SimulatedTime, simulatedTime } from '../../../src/testing/index.ts';
import { full, IDLE_MS, makeSafe } from './bed.ts';

const open = async () => {
  const time = simulatedTime();
  const safe = makeSafe();
  await safe.add('dr-mayer');
  await safe.add('dr-weber');
  let lock: () => void = () => undefined;
  const start = () =>
    openSigningSession({
      ...{ authenticate: safe.authenticate, clock: time.clock, idleMs: IDLE_MS },
      lockedBy: {
        onLock: (listener: () => void) => {
          lock = listener;
        },
      },
    });
  return { time, safe, start, session: start(), lock: () => lock() };
};
type Made = Awaited<ReturnType<typeof open>>;

const SECRET = { secret: 'secret of dr-mayer' };
const NEEDS_ALL = { parts: 'all' };
const NEEDS_SECRET = { parts: 'secret', user: 'dr-mayer' };

/** What happens to an open session. */
const HAPPENINGS: Readonly<Record<string, { readonly breaks: boolean; readonly run: (made: Made) => unknown }>> = {
  nothing: { breaks: false, run: () => undefined },
  'another signing': { breaks: false, run: ({ session }) => session.prove(SECRET) },
  'a signing with all components': {
    breaks: false,
    run: ({ session }) => session.prove(full('dr-mayer')),
  },
  'work just within idle time': {
    breaks: false,
    run: async ({ session, time }) => {
      for (let at = 0; at < 3; at++) {
        time.advance(IDLE_MS - 1);
        session.touch();
      }
    },
  },
  'a lock': { breaks: true, run: ({ lock }) => lock() },
  'idle time': { breaks: true, run: ({ time }) => time.advance(IDLE_MS) },
  'idle time, and then a touch': {
    breaks: true,
    run: async ({ session, time }) => {
      time.advance(IDLE_MS);
      session.touch();
    },
  },
  'a sleeping device': { breaks: true, run: ({ time }) => time.stepClock(IDLE_MS) },
  'a clock set back over idle time': {
    breaks: true,
    run: ({ time }) => {
      time.stepClock(-2 * IDLE_MS);
      time.advance(IDLE_MS);
    },
  },
  'a restart': { breaks: true, run: () => undefined },
  'a user switch': { breaks: true, run: ({ session }) => session.end() },
  'a wrong secret': {
    breaks: true,
    run: async ({ session }) => {
      await expect(session.prove({ secret: 'wrong' })).rejects.toThrow('refused');
    },
  },
  'a wrong secret with all components': {
    breaks: true,
    run: async ({ session }) => {
      await expect(session.prove({ user: 'dr-mayer', secret: 'wrong' })).rejects.toThrow('refused');
    },
  },
  'a try by another user': {
    breaks: true,
    run: async ({ session }) => {
      await expect(session.prove({ user: 'dr-weber', secret: 'wrong' })).rejects.toThrow('refused');
    },
  },
};
const HISTORIES: Readonly<Record<string, (session: SigningSession<string>, time: SimulatedTime) => Promise<unknown>>> =
  {
    'one signing': async () => undefined,
    'many signings': async (session) => {
      for (let at = 0; at < 5; at++) await session.prove(SECRET);
    },
    'a long time of work': async (session, time) => {
      for (let at = 0; at < 20; at++) {
        time.advance(IDLE_MS / 2);
        session.touch();
      }
    },
  };

it.each(
  Object.keys(HISTORIES).flatMap((history) => Object.keys(HAPPENINGS).map((happening) => ({ history, happening }))),
)('asks for what the session makes it ask for: after $history, $happening [SIG-08]', async ({ history, happening }) => {
  const made = await open();
  expect((await made.session.prove(SECRET)).kind).toBe('all-needed');
  expect((await made.session.prove(full('dr-mayer'))).kind).toBe('proven');
  await HISTORIES[history]?.(made.session, made.time);
  await HAPPENINGS[happening]?.run(made);
  const session = happening === 'a restart' ? made.start() : made.session;
  const { breaks } = HAPPENINGS[happening] ?? { breaks: undefined };
  expect(session.needs()).toEqual(breaks === true ? NEEDS_ALL : NEEDS_SECRET);
  expect((await session.prove(SECRET)).kind).toBe(breaks === true ? 'all-needed' : 'proven');
  expect((await session.prove(full('dr-mayer'))).kind).toBe('proven');
  expect(session.needs()).toEqual(NEEDS_SECRET);
});

it('opens nothing by a proof that was under way when the session broke [SIG-08]', async () => {
  const made = await open();
  const late = made.session.prove(full('dr-mayer'));
  made.lock();
  expect((await late).kind).toBe('all-needed');
  expect(made.session.needs()).toEqual(NEEDS_ALL);
});

it('takes another user by all components, and gives that user the session [SIG-08]', async () => {
  const { session } = await open();
  await session.prove(full('dr-mayer'));
  const proven = await session.prove(full('dr-weber'));
  expect(proven).toMatchObject({ kind: 'proven', user: 'dr-weber' });
  expect(session.needs()).toEqual({ parts: 'secret', user: 'dr-weber' });
});

it('is open only after all components, whatever the machine is sent [SIG-08]', () => {
  const at = (ms: number) => ({ wallMs: ms, uptimeMs: ms });
  const events: readonly SigningSessionEvent[] = [
    { type: 'PROVEN', user: 'a', parts: 'all', at: at(1) },
    { type: 'PROVEN', user: 'a', parts: 'secret', at: at(1) },
    { type: 'PROVEN', user: 'b', parts: 'secret', at: at(1) },
    { type: 'SEEN', at: at(1) },
    { type: 'SEEN', at: at(2_000) },
    { type: 'ASKED', user: undefined, at: at(1) },
    { type: 'ASKED', user: 'b', at: at(1) },
    { type: 'BROKEN' },
  ];
  const visit = (path: readonly number[], depth: number): void => {
    const state = path.reduce((before, index) => {
      const event = events[index];
      return event === undefined ? before : nextSession(before, event);
    }, closedSession(1_000));
    const lastAll = path.lastIndexOf(0);
    const since = path.slice(lastAll + 1);
    const isOpen = lastAll >= 0 && since.every((index) => [1, 3, 5].includes(index));
    expect([path, state.value]).toEqual([path, isOpen ? 'open' : 'closed']);
    if (depth > 0) for (const index of events.keys()) visit([...path, index], depth - 1);
  };
  visit([], 4);
});
