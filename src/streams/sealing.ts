/** From drafts that were decided on to what is sealed: bodies, the context they share, and commits cut to the limits. */
import type { Actor, CommitContext, EventBody } from '../core/envelope.ts';
import type { EventType } from '../core/ids.ts';
import { sameJson } from '../core/json.ts';
import { LIMITS } from '../core/limits.ts';
import { sequence } from '../core/position.ts';
import { frameBytes } from '../crypto/commitBytes.ts';
import type { WrittenEvent } from '../crypto/eventText.ts';
import { type SealedContext, sealContext } from '../crypto/sealCommit.ts';
import type { CommitDraft } from '../crypto/sealer.ts';
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
  basis: parts.basis.told(place.state.fold.frontier),
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

/** Cuts events into commits within the limits. */
export const commitsOf = (events: readonly WrittenEvent[], context: SealedContext): readonly CommitDraft[] => {
  const commits: CommitDraft[] = [];
  let from = 0;
  let content = context.bytes.length;
  const flush = (to: number) => {
    if (to > from) commits.push({ context, events: events.slice(from, to) });
    [from, content] = [to, context.bytes.length];
  };
  for (const [at, { byteLength }] of events.entries()) {
    const count = at - from + 1;
    if (count > LIMITS.commitEventsMax || frameBytes(count) + content + byteLength > LIMITS.commitBytesMax) flush(at);
    content += byteLength;
  }
  flush(events.length);
  return commits;
};
