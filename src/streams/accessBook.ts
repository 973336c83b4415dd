/**
 * Who may do what, at one place of a tenant's log: what server and devices judge commits by. It is the fold of the events before that
 * place and of nothing else. Law: `authority.laws`.
 */
import type { AggregateDefinition, Judgement } from '../core/aggregate.ts';
import type { Commit, RecordedEvent } from '../core/commit.ts';
import { aggregateId, type ReplicaId, replicaId, type StreamId, streamId, type TenantId } from '../core/ids.ts';
import { position } from '../core/position.ts';
import { PLAIN_BASIS } from './basis.ts';
import { advanceState, emptyState, readerOf, rebuildState, type StreamState } from './streamState.ts';

export type Judged = Pick<Commit, 'context' | 'events'>;

export type AccessBook = {
  /** True if a replica may change the key sheet. */
  readonly carries: (replica: ReplicaId) => boolean;
  /** What speaks against a commit at this place. */
  readonly judge: (commit: Judged) => Judgement | undefined;
  /** The book after a commit. */
  readonly after: (commit: Judged) => AccessBook;
};

/** Nobody: what it wrote itself a device had checked, a server checks everything. */
export const NOBODY: ReplicaId = replicaId('0'.repeat(32));

/** The stream that says who may do what in a tenant. */
export const bookStream = ({ type }: Pick<AggregateDefinition, 'type'>, tenant: TenantId): StreamId =>
  streamId(type, aggregateId(tenant));

const eventsIn = ({ context, events }: Judged, stream: StreamId): readonly RecordedEvent[] =>
  events.filter((body) => body.stream === stream).map((body) => ({ body, context, position: position(0) }));

/** The book after these commits, in any order. */
export const accessBook = (
  definition: AggregateDefinition,
  tenant: TenantId,
  commits: readonly Judged[] = [],
): AccessBook => {
  const reader = readerOf(definition, NOBODY, PLAIN_BASIS);
  const stream = bookStream(definition, tenant);
  const bookOf = (events: readonly RecordedEvent[], state: StreamState): AccessBook => ({
    carries: (replica) => definition.carries?.(state.fold.state, replica) === true,
    judge: (commit) => definition.judge?.(state.fold.state, commit),
    after: (commit) => {
      const more = eventsIn(commit, stream);
      if (more.length === 0) return bookOf(events, state);
      const all = [...events, ...more];
      const [only] = more;
      const next = more.length === 1 && only !== undefined ? advanceState(state, only, reader) : undefined;
      return bookOf(all, next ?? rebuildState(all, reader));
    },
  });
  const events = commits.flatMap((commit) => eventsIn(commit, stream));
  return bookOf(events, events.length === 0 ? emptyState(reader) : rebuildState(events, reader));
};
