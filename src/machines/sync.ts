/**
 * The sync lifecycle: one state at a time, no flags that could contradict each other. The machine decides; the runner
 * (`sync/runner.ts`) provides the actors and acts.
 *
 * offline -> connecting -> pulling -> pushing -> live -> (interval, nudge) -> pulling; failures wait with growing delay;
 * tamper evidence that repeats is a state of its own, left after the longest wait: what was damaged or held back on the way may come whole
 * by then, and nothing is sent before it has. Where the evidence is certain, only a person leaves it. Pull comes before push; a pull that finds
 * no room for what others wrote does not keep back what was recorded here.
 */
import { assign, fromPromise, setup } from 'xstate';
import { isStoreError } from '../core/errors.ts';

export const SYNC_STATES = [
  'offline',
  'connecting',
  'pulling',
  'pushing',
  'live',
  'waiting',
  'unauthorised',
  'wedged',
  'quarantined',
] as const;
export type SyncState = (typeof SYNC_STATES)[number];

/** What a pull came to: `short` is the code of what kept it from the rest, when sending may go on all the same. */
export type PullResult = { readonly short: string | undefined };

/** What a push came to: something was refused for good, or has to wait, or neither. */
export type PushResult = { readonly refused: string | undefined; readonly later: string | undefined };

export type SyncMachineEvent =
  | { readonly type: 'ONLINE' }
  | { readonly type: 'OFFLINE' }
  /** A person asks to sync now. */
  | { readonly type: 'NUDGE' }
  /** Something was recorded. It does not cut a wait short, and does not end a quarantine. */
  | { readonly type: 'RECORDED' };

export type SyncContext = {
  /** Failures since the last success. */
  readonly attempts: number;
  /** Consecutive failures that are tamper evidence. */
  readonly evidence: number;
  readonly lastError: string | undefined;
  /** Asked for while busy: pull and push once more, unless this round fails. */
  readonly nudged: boolean;
  /** Why the pull of this round was cut short, though sending went on. */
  readonly short: string | undefined;
};

/** Codes that mean that somebody or something altered a record, as far as this device can tell. */
const TAMPER_EVIDENCE: readonly string[] = [
  'chain.fork',
  'chain.gap',
  'chain.leaf-mismatch',
  'chain.link-mismatch',
  'chain.root-mismatch',
  'checkpoint.malformed',
  'commit.malformed',
  'event.duplicate-id',
  'receipt.ahead-of-log',
  'receipt.mismatch',
  'server.key-changed',
  'signature.invalid',
  'sync.wrong-tenant',
];
/** Tamper evidence that no retry can explain away: a damaged message would not look like this. */
const CERTAIN: readonly string[] = ['receipt.ahead-of-log', 'server.key-changed'];
const EVIDENCE_MAX = 3;
const STUCK: readonly string[] = ['sync.unsupported-protocol', 'commit.unsupported-format'];

/** The code of a failure; anything without one counts as the server's. */
const codeOf = (error: unknown): string => (isStoreError(error) ? error.code : 'server.internal');

type Failure = { readonly event: { readonly error: unknown } };
const code = ({ event }: Failure): { code: string } => ({ code: codeOf(event.error) });

const syncSetup = setup({
  types: { context: {} as SyncContext, events: {} as SyncMachineEvent },
  // provided by the runner
  actors: {
    hello: fromPromise<void>(async () => undefined),
    pull: fromPromise<PullResult>(async () => ({ short: undefined })),
    push: fromPromise<PushResult>(async () => ({ refused: undefined, later: undefined })),
  },
  delays: { backoff: 1_000, interval: 5_000, patience: 300_000 },
  guards: {
    isUnauthorised: (_, params: { code: string }) => params.code === 'sync.unauthorised',
    isStuck: (_, params: { code: string }) => STUCK.includes(params.code),
    isTamperEvidence: ({ context }, params: { code: string }) =>
      CERTAIN.includes(params.code) || (TAMPER_EVIDENCE.includes(params.code) && context.evidence + 1 >= EVIDENCE_MAX),
    isUncertain: ({ context }) => !CERTAIN.includes(context.lastError ?? ''),
    isNudged: ({ context }) => context.nudged,
    isShort: ({ context }) => context.short !== undefined,
    isRefused: (_, params: PushResult) => params.refused !== undefined,
    isLater: (_, params: PushResult) => params.later !== undefined,
  },
  actions: {
    noteFailure: assign(({ context }, params: { code: string }) => ({
      attempts: context.attempts + 1,
      evidence: TAMPER_EVIDENCE.includes(params.code) ? context.evidence + 1 : 0,
      lastError: params.code,
    })),
    noteShort: assign(({ context }) => ({ attempts: context.attempts + 1, lastError: context.short })),
    notePull: assign((_, params: PullResult) => ({ short: params.short })),
    noteSuccess: assign({ attempts: 0, evidence: 0, lastError: undefined }),
    remember: assign({ nudged: true }),
    forget: assign({ nudged: false }),
  },
});

/** Where a failed exchange leads. The error's code decides; the error itself goes nowhere. */
const onError = [
  {
    guard: { type: 'isUnauthorised', params: code },
    target: 'unauthorised',
    actions: { type: 'noteFailure', params: code },
  },
  { guard: { type: 'isStuck', params: code }, target: 'wedged', actions: { type: 'noteFailure', params: code } },
  {
    guard: { type: 'isTamperEvidence', params: code },
    target: 'quarantined',
    actions: { type: 'noteFailure', params: code },
  },
  { target: 'waiting', actions: { type: 'noteFailure', params: code } },
] as const;

const resultOf = ({ event }: { readonly event: { readonly output: PushResult } }): PushResult => event.output;
const refusedCode = ({ event }: { readonly event: { readonly output: PushResult } }) => ({
  code: event.output.refused ?? '',
});
const laterCode = ({ event }: { readonly event: { readonly output: PushResult } }) => ({
  code: event.output.later ?? '',
});

export const syncMachine = syncSetup.createMachine({
  id: 'sync',
  context: { attempts: 0, evidence: 0, lastError: undefined, nudged: false, short: undefined },
  initial: 'offline',
  on: { OFFLINE: '.offline', NUDGE: { actions: 'remember' }, RECORDED: { actions: 'remember' } },
  states: {
    offline: { entry: 'forget', on: { OFFLINE: {}, ONLINE: 'connecting', NUDGE: {}, RECORDED: {} } },
    connecting: { invoke: { src: 'hello', onDone: 'pulling', onError } },
    pulling: {
      entry: 'forget',
      invoke: {
        src: 'pull',
        onDone: { target: 'pushing', actions: { type: 'notePull', params: ({ event }) => event.output } },
        onError,
      },
    },
    pushing: {
      invoke: {
        src: 'push',
        onDone: [
          {
            guard: { type: 'isRefused', params: resultOf },
            target: 'wedged',
            actions: { type: 'noteFailure', params: refusedCode },
          },
          {
            guard: { type: 'isLater', params: resultOf },
            target: 'waiting',
            actions: { type: 'noteFailure', params: laterCode },
          },
          { guard: 'isShort', target: 'waiting', actions: 'noteShort' },
          { guard: 'isNudged', target: 'pulling', actions: 'noteSuccess' },
          { target: 'live', actions: 'noteSuccess' },
        ],
        onError,
      },
    },
    live: { after: { interval: 'pulling' }, on: { NUDGE: 'pulling', RECORDED: 'pulling' } },
    waiting: { entry: 'forget', after: { backoff: 'connecting' }, on: { NUDGE: 'connecting', RECORDED: {} } },
    unauthorised: { entry: 'forget', on: { NUDGE: 'connecting', RECORDED: 'connecting' } },
    wedged: { entry: 'forget', after: { interval: 'pulling' }, on: { NUDGE: 'connecting', RECORDED: {} } },
    quarantined: {
      entry: 'forget',
      after: { patience: { guard: 'isUncertain', target: 'connecting' } },
      on: { NUDGE: 'connecting', RECORDED: {} },
    },
  },
});
