/** From drafts that were decided on to commits: bodies, the context they share, and commits cut to the limits. */
import type { Actor, CommitContext, EventBody } from '../core/envelope.ts';
import type { EventType, Hash32 } from '../core/ids.ts';
import { sameJson } from '../core/json.ts';
import { LIMITS } from '../core/limits.ts';
import { sequence } from '../core/position.ts';
import { frameBytes } from '../crypto/commitBytes.ts';
import {
  type EncodedEvent,
  type PreparedCommit,
  prepareCommit,
  type SealedContext,
  sealContext,
} from '../crypto/sealCommit.ts';
import type { Draft, WriterParts } from './job.ts';
import type { StreamState } from './streamState.ts';

/** The event of a draft that was decided on. */
export const bodyOf = (
  draft: Draft,
  type: EventType,
  place: { state: StreamState; sequence: number },
  parts: WriterParts,
): EventBody => ({
  id: parts.nextId(),
  stream: draft.stream,
  type,
  schema: draft.definition.events.get(type)?.version ?? 1,
  sequence: sequence(place.sequence),
  basis: place.state.fold.frontier,
  payload: draft.payload,
  ...(draft.reason === undefined ? {} : { reason: draft.reason }),
  ...(draft.originator === undefined ? {} : { originator: draft.originator }),
  ...(draft.resolves === undefined ? {} : { resolves: draft.resolves }),
});

/**
 * What the events of a job share, sealed. Jobs of one actor in one millisecond have equal contexts: the one sealed last
 * is used again.
 */
export const contextOf = (actor: Actor, last: SealedContext | undefined, parts: WriterParts): SealedContext => {
  const { clock, identity } = parts;
  const nowMs = clock.nowMs();
  const zone = clock.zone(nowMs);
  const context: CommitContext = {
    format: 1,
    tenant: identity.tenant,
    replica: identity.replica,
    actor,
    recordedAt: {
      utc: new Date(nowMs).toISOString(),
      offsetMin: zone.offsetMin,
      zone: zone.name,
      uptimeMs: Math.floor(clock.uptimeMs()),
    },
    ...parts.provenance(),
  };
  return last !== undefined && sameJson(last.context, context) ? last : sealContext(context);
};

/** Cuts encoded events into commits within the limits, each linked to the one before; moves `place` to the last link. */
export const commitsOf = (
  events: readonly EncodedEvent[],
  context: SealedContext,
  place: { link: Hash32 },
  parts: WriterParts,
): readonly PreparedCommit[] => {
  const commits: PreparedCommit[] = [];
  let from = 0;
  let content = context.bytes.length;
  const flush = (to: number) => {
    const slice = events.slice(from, to);
    const first = slice[0]?.body.sequence;
    if (first === undefined) return;
    const commit = prepareCommit({ key: parts.identity.key, context, first, previous: place.link, events: slice });
    place.link = commit.link;
    commits.push(commit);
    [from, content] = [to, context.bytes.length];
  };
  for (const [at, { bytes }] of events.entries()) {
    const count = at - from + 1;
    if (count > LIMITS.commitEventsMax || frameBytes(count) + content + bytes.length > LIMITS.commitBytesMax) flush(at);
    content += bytes.length;
  }
  flush(events.length);
  return commits;
};
