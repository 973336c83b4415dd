/** From drafts that were decided on to what is sealed: bodies, the context they share, and commits cut to the limits. */
import type { Actor, CommitContext, EventBody } from '../core/envelope.ts';
import type { EventType } from '../core/ids.ts';
import { sameJson } from '../core/json.ts';
import { LIMITS } from '../core/limits.ts';
import { sequence } from '../core/position.ts';
import { frameBytes } from '../crypto/commitBytes.ts';
import type { WrittenEvents } from '../crypto/eventText.ts';
import { type SealedContext, sealContext } from '../crypto/sealCommit.ts';
import type { CommitDraft } from '../crypto/sealer.ts';
import type { Draft, WriterParts } from './job.ts';
import type { StreamState } from './streamState.ts';

/** Members of an event that are not always there. */
const extrasOf = (draft: Draft): Pick<EventBody, 'reason' | 'originator' | 'resolves' | 'choices'> => {
  const { reason, originator, resolves, choices } = draft;
  if (originator === undefined && resolves === undefined) return reason === undefined ? {} : { reason };
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(originator === undefined ? {} : { originator }),
    ...(resolves === undefined ? {} : { resolves }),
    ...(choices === undefined ? {} : { choices }),
  };
};

/** The event of a draft that was decided on. */
export const bodyOf = (
  draft: Draft,
  type: EventType,
  place: { state: StreamState; sequence: number },
  parts: WriterParts,
): EventBody => ({
  id: draft.sealed?.id ?? parts.nextId(),
  stream: draft.stream,
  type,
  schema: draft.definition.events.get(type)?.version ?? 1,
  sequence: sequence(place.sequence),
  basis: parts.basis.told(place.state.fold.frontier),
  payload: draft.sealed?.payload ?? draft.payload,
  ...extrasOf(draft),
});

/** What the commits of one batch share, whoever acts: they are decided at one moment. */
export type Moment = Omit<CommitContext, 'actor'>;

export const momentOf = ({ clock, identity, provenance }: WriterParts): Moment => {
  const nowMs = clock.nowMs();
  const zone = clock.zone(nowMs);
  return {
    format: 1,
    tenant: identity.tenant,
    replica: identity.replica,
    recordedAt: {
      utc: new Date(nowMs).toISOString(),
      offsetMin: zone.offsetMin,
      zone: zone.name,
      uptimeMs: Math.floor(clock.uptimeMs()),
    },
    ...provenance(),
  };
};

/**
 * What the events of a job share, sealed.
 * @param last  the context of the job before, of the same moment: used again if it is the same actor's
 */
export const contextOf = (actor: Actor, moment: Moment, last: SealedContext | undefined): SealedContext =>
  last !== undefined && sameJson(last.context.actor, actor) ? last : sealContext({ ...moment, actor });

/** Cuts events into commits within the limits. */
export const commitsOf = (
  { bodies, bytes, lengths }: WrittenEvents,
  context: SealedContext,
): readonly CommitDraft[] => {
  const commits: CommitDraft[] = [];
  const { length: shared } = context.bytes;
  let [from, start, end] = [0, 0, 0];
  const flush = (to: number) => {
    if (to === from) return;
    const events = {
      bodies: bodies.slice(from, to),
      bytes: bytes.subarray(start, end),
      lengths: lengths.slice(from, to),
    };
    commits.push({ context, events });
    [from, start] = [to, end];
  };
  for (const [at, length] of lengths.entries()) {
    const count = at - from + 1;
    const isFull = frameBytes(count) + shared + end - start + length > LIMITS.commitBytesMax;
    if (count > LIMITS.commitEventsMax || isFull) flush(at);
    end += length;
  }
  flush(lengths.length);
  return commits;
};
