/**
 * A failed attempt to unlock, as an aggregate of one event, `failedUnlock/<attempt id>`: recorded once, however often a device
 * tries to record it (S-300d). Whoever wants to hear of it at once follows a view of them.
 */
import { setup } from 'xstate';
import * as z from 'zod';
import { isUtc } from '../../core/envelope.ts';
import { LIMITS } from '../../core/limits.ts';
import { defineEvent } from '../../core/schema.ts';
import { defineAggregate } from '../aggregate.ts';

const UnlockFailedSchema = z.strictObject({
  /** Device time of the attempt, UTC. */
  at: z.string().refine(isUtc, 'not a time'),
  /** Null: nobody there has the name that was given, which is not kept. */
  user: z.string().min(1).max(LIMITS.idLengthMax).nullable(),
  kind: z.enum(['passphrase', 'host', 'passkey']),
  /** Where: who writes on that device. */
  replica: z.hex().length(32),
  /** Attempts before it that were counted only. */
  uncounted: z.int().min(0),
});
export type UnlockFailedPayload = z.infer<typeof UnlockFailedSchema>;

type FailedUnlockEvent = { readonly type: 'UnlockFailed' } & UnlockFailedPayload;
export type FailedUnlockContext = { readonly failed: UnlockFailedPayload | null };

const attempts = setup({ types: { context: {} as FailedUnlockContext, events: {} as FailedUnlockEvent } });

const note = attempts.assign(({ event: { at, user, kind, replica, uncounted } }) => ({
  failed: { at, user, kind, replica, uncounted },
}));

/** One failed attempt; the aggregate's id is that of the attempt. */
export const FailedUnlock = defineAggregate({
  type: 'failedUnlock',
  events: { UnlockFailed: defineEvent({ version: 1, schema: UnlockFailedSchema }) },
  machine: attempts.createMachine({
    id: 'failedUnlock',
    context: { failed: null },
    initial: 'none',
    states: { none: { on: { UnlockFailed: { target: 'recorded', actions: note } } }, recorded: {} },
  }),
});
