/**
 * What an aggregate is, whatever decides for it: its event types, and a pure state that events lead from one value to
 * the next. The machines that decide are `machines/`.
 */
import type { Commit } from './commit.ts';
import type { ConflictPolicy, ConflictRule } from './conflict.ts';
import type { Actor, CommitContext } from './envelope.ts';
import type { ErrorCode } from './errors.ts';
import type { AggregateId, AggregateType, EventType } from './ids.ts';
import type { JsonObject } from './json.ts';
import type { Opened } from './protect.ts';
import type { EventDefinition, PayloadOf } from './schema.ts';

/** Where a machine stands: a state's name, or one name for each region or level. */
export type StateValue = string | { readonly [region: string]: StateValue | undefined };

/** A machine's state, without the machine. */
export type MachineState = { readonly value: StateValue; readonly context: unknown };

/** What a machine sees of an event: its type and the payload's members. */
export type MachineEvent = { readonly type: string } & JsonObject;

/** Who recorded an event, as its commit says; that the replica is this one, the commit's signature shows. */
export type Author = {
  readonly user: string;
  readonly role: string;
  readonly replica: string;
  /** Device time, RFC 3339 UTC. */
  readonly at: string;
};

export const authorOf = ({ actor, replica, recordedAt }: CommitContext): Author => ({
  ...{ user: actor.user, role: actor.role, replica, at: recordedAt.utc },
});

/** What speaks against a commit. `isRefused`: it is not to be taken, else it is taken and pointed out. `at`: which event. */
export type Judgement = { readonly code: ErrorCode; readonly isRefused: boolean; readonly at: number };

/** Whose commits are taken, given the state of the aggregate at the commit's place in the log. Pure. */
export type Judge = (state: MachineState, commit: Pick<Commit, 'context' | 'events'>) => Judgement | undefined;

/** Decide and evolve in one: the state after a legal event, undefined after an illegal one. Pure. */
export type Replay = {
  readonly initial: MachineState;
  readonly next: (state: MachineState, event: MachineEvent) => MachineState | undefined;
  /** True if replay runs on a compiled table, false if on XState's interpreter. */
  readonly compiled: boolean;
};

export type EventDefinitions = Readonly<Record<string, EventDefinition>>;

/** The members of a payload; none for one without members, which zod types as `Record<string, never>`. */
type MembersOf<P> = [P] extends [Record<string, never>] ? unknown : Readonly<P>;

/** An event as `send` takes it. */
export type SendableEvent<E extends EventDefinitions> = {
  [K in keyof E & string]: { readonly type: K } & MembersOf<PayloadOf<E[K]>>;
}[keyof E & string];

/** An event as a machine, a handler or a view reads it: a protected value, or the placeholder for it. */
export type OpenedEventOf<E extends EventDefinitions> = {
  [K in keyof E & string]: { readonly type: K } & MembersOf<Opened<PayloadOf<E[K]>>>;
}[keyof E & string];

/** `S`: what XState's tools see of a state, a snapshot of the machine. */
export type AggregateDefinition<E extends EventDefinitions = EventDefinitions, C = unknown, S = unknown> = {
  readonly type: AggregateType;
  readonly events: ReadonlyMap<EventType, EventDefinition>;
  readonly replay: Replay;
  /** Everything that the replay depends on, as text: kept states are those of this text or are folded again. */
  readonly source: () => string;
  /** Whose data an aggregate holds: the name of the subject whose key seals its protected values. */
  readonly subjectOf: (id: AggregateId) => string;
  /** True if `event` needs a reason for change in this state. */
  readonly needsReason: (event: MachineEvent, context: unknown) => boolean;
  /** How conflicts are settled without a person; every one is left to a person if absent. */
  readonly settle?: ConflictRule;
  /** The policy that `settle` is of, as it was given. */
  readonly conflicts?: ConflictPolicy;
  /** The roles that may record events of a type; everybody may record those of a type that is not in it. */
  readonly roles?: ReadonlyMap<string, readonly string[]>;
  /** True if whoever acts may end a conflict that is left to a person. */
  readonly mayResolve: (actor: Actor) => boolean;
  /**
   * The aggregate of the tenant's own name says who may do what: server and devices ask it about every commit. Its machine sees who
   * recorded an event, as its member `author`.
   */
  readonly judge?: Judge;
  /** Where authors are judged: true if the author of an event may record it in this context. */
  readonly allows?: (event: MachineEvent, context: unknown) => boolean;
  /** True if a replica may change the tenant's key sheet on the server, by the same aggregate. */
  readonly carries?: (state: MachineState, replica: string) => boolean;
  /** The states in which the event would be legal, with this context: names of states, the outer ones first, joined by dots. */
  readonly legalIn: (event: MachineEvent, context: unknown) => readonly string[];
  /** A state as XState's tools see it; the same object for the same state. */
  readonly snapshotOf: (state: MachineState) => S;
  /** Carries the types of events and context; holds nothing. */
  readonly types?: { readonly events: SendableEvent<E>; readonly context: C };
};

/** True if the role in which somebody acts lets them record events of this type. */
export const isForRole = ({ roles }: Pick<AggregateDefinition, 'roles'>, type: string, actor: Actor): boolean =>
  roles?.get(type)?.includes(actor.role) ?? true;
