/**
 * Who may record what by their role, and who may end conflicts, asked where commits arrive: the server when it takes one, a device when it pulls one, by
 * this one function.
 *
 * Invariant: what is found is pointed out and not refused. The fold leaves such an event without effect everywhere, and what its author
 * records after it is not kept back with it. Laws: `realServer.test`, `policies.test`, `roles.test`.
 */
import { isForRole, type Judgement } from '../core/aggregate.ts';
import type { Commit } from '../core/commit.ts';
import { streamParts } from '../core/ids.ts';
import type { Definitions } from './aggregateState.ts';

type Sent = Pick<Commit, 'context' | 'events'>;

const faultOf = (
  definitions: Definitions,
  { actor }: Sent['context'],
  { stream, type, resolves }: Sent['events'][number],
): Judgement['code'] | undefined => {
  const definition = definitions.get(streamParts(stream).type);
  if (definition === undefined) return undefined;
  if (!isForRole(definition, type, actor)) return 'event.not-permitted';
  return resolves !== undefined && !definition.mayResolve(actor) ? 'conflict.not-permitted' : undefined;
};

/** The first event of the commit that is not for its author to record, or ends a conflict though its author may not. */
export const judgePermits = (definitions: Definitions, { context, events }: Sent): Judgement | undefined => {
  for (const [at, event] of events.entries()) {
    const code = faultOf(definitions, context, event);
    if (code !== undefined) return { code, isRefused: false, at };
  }
  return undefined;
};
