/**
 * Who may end conflicts, asked where commits arrive: the server when it takes one, a device when it pulls one, by this one function.
 *
 * Invariant: what is found is pointed out and not refused. The fold leaves such an event without effect everywhere, and what its author
 * records after it is not kept back with it. Laws: `realServer.test`, `policies.test`.
 */
import type { Judgement } from '../core/aggregate.ts';
import type { Commit } from '../core/commit.ts';
import { streamParts } from '../core/ids.ts';
import type { Definitions } from './aggregateState.ts';

/** The first event of the commit that ends a conflict though its author may not; undefined if there is none that is known of. */
export const judgeResolutions = (
  definitions: Definitions,
  { context, events }: Pick<Commit, 'context' | 'events'>,
): Judgement | undefined => {
  const at = events.findIndex(
    ({ stream, resolves }) =>
      resolves !== undefined && definitions.get(streamParts(stream).type)?.mayResolve(context.actor) === false,
  );
  return at < 0 ? undefined : { code: 'conflict.not-permitted', isRefused: false, at };
};
