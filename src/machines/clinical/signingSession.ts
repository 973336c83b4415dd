/**
 * The signing session of a device, as a pure machine: whether the next signing needs all components of a signature (id and
 * secret) or the secret alone.
 *
 * ```
 * closed --PROVEN (all components)--> open --PROVEN (secret), SEEN--> open
 * open --BROKEN (lock, wrong secret, user switch), idle time, another user--> closed
 * ```
 * A restart begins closed: nothing of a session is kept. Idle time is the longer of what the wall clock and the uptime say, so
 * neither a device that slept nor a clock set back prolongs it. Law: `signingSession.test` (every break, at every age).
 */
import { initialTransition, setup, transition } from 'xstate';

export type Moment = { readonly wallMs: number; readonly uptimeMs: number };

export type SigningSessionEvent =
  /** Components were given and found right. */
  | { readonly type: 'PROVEN'; readonly user: string; readonly parts: 'all' | 'secret'; readonly at: Moment }
  /** The user is there. */
  | { readonly type: 'SEEN'; readonly at: Moment }
  /** A user, or whoever is there, is about to sign. */
  | { readonly type: 'ASKED'; readonly user: string | undefined; readonly at: Moment }
  | { readonly type: 'BROKEN' };

export type SigningSessionContext = { readonly user: string; readonly seen: Moment; readonly idleMs: number };

/** Where a session stands. */
export type SigningSessionState = { readonly value: 'closed' | 'open'; readonly context: SigningSessionContext };

const sessions = setup({
  types: {
    context: {} as SigningSessionContext,
    events: {} as SigningSessionEvent,
    input: {} as { readonly idleMs: number },
  },
  guards: {
    isAll: ({ event }) => event.type === 'PROVEN' && event.parts === 'all',
    isOver: ({ context, event }) => {
      if (event.type === 'BROKEN') return true;
      const { wallMs, uptimeMs } = context.seen;
      const isIdle = Math.max(event.at.wallMs - wallMs, event.at.uptimeMs - uptimeMs) >= context.idleMs;
      const isOther = event.type !== 'SEEN' && event.user !== undefined && event.user !== context.user;
      return isIdle || isOther;
    },
  },
});

const begin = sessions.assign(({ context, event }) =>
  event.type === 'PROVEN' ? { user: event.user, seen: event.at } : context,
);
const note = sessions.assign(({ context, event }) => (event.type === 'BROKEN' ? context : { seen: event.at }));
const forget = sessions.assign({ user: '' });

const machine = sessions.createMachine({
  id: 'signingSession',
  context: ({ input }) => ({ user: '', seen: { wallMs: 0, uptimeMs: 0 }, idleMs: input.idleMs }),
  initial: 'closed',
  states: {
    closed: { on: { PROVEN: { guard: 'isAll', target: 'open', actions: begin } } },
    open: {
      on: {
        PROVEN: [
          { guard: 'isAll', actions: begin },
          { guard: 'isOver', target: 'closed', actions: forget },
          { actions: note },
        ],
        SEEN: [{ guard: 'isOver', target: 'closed', actions: forget }, { actions: note }],
        ASKED: [{ guard: 'isOver', target: 'closed', actions: forget }],
        BROKEN: { target: 'closed', actions: forget },
      },
    },
  },
});

type Snapshot = ReturnType<typeof initialTransition<typeof machine>>[0];

const stateOf = ({ value, context }: Snapshot): SigningSessionState => ({ value, context });

/** A session as it begins: closed. @param idleMs  milliseconds without a sign of the user after which it ends */
export const closedSession = (idleMs: number): SigningSessionState =>
  stateOf(initialTransition(machine, { idleMs })[0]);

/** The session after an event. Pure. */
export const nextSession = (state: SigningSessionState, event: SigningSessionEvent): SigningSessionState =>
  stateOf(transition(machine, machine.resolveState(state), event)[0]);
