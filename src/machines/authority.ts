/**
 * Who may record what: an aggregate that holds it judges its own events and, under the tenant's own name, every commit. The server asks
 * before it takes a commit, a device when one arrives, by this one function: a server that lets something in is found out.
 *
 * Invariant: an event that its author may not record has no effect in any fold, wherever it came from.
 * Laws: `authority.laws` (both sides agree with a model), `accessRules.laws`.
 */
import type { Author, Judge, Judgement, MachineEvent, MachineState, Replay } from '../core/aggregate.ts';
import { authorOf } from '../core/aggregate.ts';
import type { AggregateType, EventType, StreamId } from '../core/ids.ts';
import { type EventDefinition, openPayload } from '../core/schema.ts';

/** An author and the newest receipt that their device had seen: the server's time, before which the commit was not made. */
export type CommitAuthor = Author & { readonly receiptTime: string | null };

/**
 * `gone`: was taken off before, and says so by its own times. `late`: was taken off before, and recorded this earlier, as far as its own
 * clock says.
 */
export type Standing = 'there' | 'late' | 'gone';

/** An event of another stream, as it is stored. */
export type ElsewhereEvent = {
  readonly stream: StreamId;
  readonly type: EventType;
  readonly payload: unknown;
  readonly author: Author;
};

/** The rules over one kind of event and context. */
export type Authority<E, C> = {
  readonly allows: (event: E & { readonly author: Author }, context: C) => boolean;
  /** What of other streams is a question of authority too. */
  readonly allowsElsewhere: (event: ElsewhereEvent, context: C) => boolean;
  readonly standing: (author: CommitAuthor, context: C) => Standing;
  /** True if a replica may change the key sheet. */
  readonly carries: (replica: string, context: C) => boolean;
};

/** Rules that take what the machine takes. */
export type AnyAuthority = {
  readonly allows: (event: MachineEvent & { readonly author: Author }, context: unknown) => boolean;
  readonly allowsElsewhere: (event: ElsewhereEvent, context: unknown) => boolean;
  readonly standing: (author: CommitAuthor, context: unknown) => Standing;
  readonly carries: (replica: string, context: unknown) => boolean;
};

const isAuthored = (event: MachineEvent): event is MachineEvent & { readonly author: Author } => 'author' in event;

/** True if the author of the event may record it; where no rules are, everybody may. An event without an author is nobody's. */
export const isAllowed = (authority: AnyAuthority | undefined, event: MachineEvent, context: unknown): boolean =>
  authority === undefined || (isAuthored(event) && authority.allows(event, context));

/** A replay in which nobody does what they may not. */
export const allowing = (replay: Replay, authority: AnyAuthority): Replay => ({
  ...replay,
  next: (state, event) => (isAllowed(authority, event, state.context) ? replay.next(state, event) : undefined),
});

const STANDING: Readonly<Record<Standing, Judgement | undefined>> = {
  there: undefined,
  late: { code: 'access.after-revocation', isRefused: false, at: 0 },
  gone: { code: 'access.revoked', isRefused: true, at: 0 },
};

export type Judged = {
  readonly type: AggregateType;
  readonly events: ReadonlyMap<EventType, EventDefinition>;
  /** With the rules in it. */
  readonly replay: Replay;
  readonly authority: AnyAuthority;
};

/** Judges whole commits: who wrote them, then each event of the aggregate itself on the state that those before it lead to. */
export const judging =
  ({ type, events, replay, authority }: Judged): Judge =>
  (before, { context, events: bodies }) => {
    const author = authorOf(context);
    const standing =
      STANDING[authority.standing({ ...author, receiptTime: context.receipt?.time ?? null }, before.context)];
    if (standing?.isRefused === true) return standing;
    let state: MachineState = before;
    for (const [at, body] of bodies.entries()) {
      if (body.stream !== `${type}/${context.tenant}`) {
        if (authority.allowsElsewhere({ ...body, author }, state.context)) continue;
        return { code: 'access.denied', isRefused: true, at };
      }
      const known = events.get(body.type);
      const read = known && openPayload(known, { schema: body.schema, payload: body.payload, trusted: false });
      if (read === undefined || read.kind === 'newer')
        return { code: 'commit.unsupported-format', isRefused: true, at };
      if (read.kind !== 'opened') return { code: 'access.denied', isRefused: true, at };
      const event = { ...read.payload, type: body.type, author };
      if (!authority.allows(event, state.context)) return { code: 'access.denied', isRefused: true, at };
      state = replay.next(state, event) ?? state; // out of order is no question of authority: kept, without effect
    }
    return standing;
  };
