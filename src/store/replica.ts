/**
 * The replicas of a study as aggregates: one stream for each replica that has been closed, `replica/<its id>`. The event
 * is the new replica's, sealed, synced and exported like any other; it names the last that was known of the old chain.
 */
import { setup } from 'xstate';
import * as z from 'zod';
import type { Actor } from '../core/envelope.ts';
import { aggregateId, type ReplicaId, type StreamId, streamId, userId } from '../core/ids.ts';
import { defineEvent } from '../core/schema.ts';
import { defineAggregate } from '../machines/aggregate.ts';
import type { Identity } from '../storage/port.ts';
import type { AggregateStates } from '../streams/aggregateState.ts';
import type { Log } from '../streams/log.ts';
import type { Draft } from '../streams/writer.ts';
import { CLOSING_REASONS, type Closing } from '../sync/closings.ts';

const ReplicaClosedSchema = z.strictObject({
  reason: z.enum(CLOSING_REASONS),
  /** Last sequence that was known of the chain, and the link after it in hex. */
  sequence: z.int().min(0),
  link: z.string().max(64),
  /** Newest receipt for the replica as the server signed it; null if there was none. */
  receipt: z.string().max(4_096).nullable(),
});
type ReplicaClosed = { readonly type: 'ReplicaClosed' } & z.infer<typeof ReplicaClosedSchema>;

export type ReplicaContext = Partial<z.infer<typeof ReplicaClosedSchema>>;

const replicas = setup({ types: { context: {} as ReplicaContext, events: {} as ReplicaClosed } });

const note = replicas.assign(({ event: { reason, sequence, link, receipt } }) => ({ reason, sequence, link, receipt }));

/** A replica: open until it is closed, once and for ever. The aggregate type `replica` is the store's own. */
export const Replica = defineAggregate({
  type: 'replica',
  events: { ReplicaClosed: defineEvent({ version: 1, schema: ReplicaClosedSchema }) },
  machine: replicas.createMachine({
    context: {},
    initial: 'open',
    states: { open: { on: { ReplicaClosed: { target: 'closed', actions: note } } }, closed: {} },
  }),
});

/** Who closes a replica: the store itself, when nobody is there to act. */
export const STORE_ACTOR: Actor = { user: userId('indelible'), role: 'store' };

export const replicaStream = (replica: ReplicaId): StreamId => streamId(Replica.type, aggregateId(replica));

/** The event that closes a replica. */
export const closingDraft = ({ replica, reason, sequence, link, receipt }: Closing): Draft => ({
  stream: replicaStream(replica),
  definition: Replica,
  type: 'ReplicaClosed',
  payload: { reason, sequence, link, receipt },
});

/** The replicas that have written into a log and the one that writes here, oldest known first. */
export const knownReplicas = (session: {
  readonly log: Pick<Log, 'heads'>;
  readonly states: Pick<AggregateStates, 'get'>;
  readonly identity: Pick<Identity, 'replica'>;
}): readonly { readonly replica: ReplicaId; readonly closed: boolean }[] =>
  [...new Set([...session.log.heads().keys(), session.identity.replica])].map((replica) => ({
    replica,
    closed: session.states.get(replicaStream(replica))?.fold.state.value === 'closed',
  }));
