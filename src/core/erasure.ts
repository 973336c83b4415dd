/**
 * The course of an erasure, from its events alone: who asked for what to be erased, who decided and why, and which devices
 * have destroyed it. A device goes by it before it destroys anything, and an auditor reads the same from an export.
 *
 * Invariants: nothing here holds a value that is erased; an approval counts if it is of another person than the request,
 * or says that it was made alone; a refusal outweighs an approval that had not seen it; an event that is not in its form,
 * or not of the person or replica it names, counts for nothing. Laws: `erasure.laws` (the machine of the aggregate agrees).
 */
import type { CommitContext, EventBody } from './envelope.ts';
import { isStoreError, StoreError } from './errors.ts';
import { foldStream, type OpenedEvent, type Reducer } from './fold.ts';
import {
  aggregateId,
  aggregateType,
  type EventId,
  eventId,
  isReplicaId,
  type KeyId,
  keyId,
  type ReplicaId,
  readStreamId,
  type StreamId,
  streamId,
  type UserId,
  userId,
} from './ids.ts';
import { isRecord } from './json.ts';
import { LIMITS } from './limits.ts';
import { position } from './position.ts';
import { seen } from './versionVector.ts';

/** Type of the aggregate of one erasure. */
export const ERASURE_TYPE = 'erasure';

/**
 * Why something is not erased. `trial-record`: data of a trial are kept as the law asks. `legal-hold`: they are evidence.
 * `not-entitled`: whoever asks may not. `not-identified`: it is not clear whose or which data are meant.
 */
export const ERASURE_GROUNDS = ['trial-record', 'legal-hold', 'not-entitled', 'not-identified', 'other'] as const;
export type ErasureGround = (typeof ERASURE_GROUNDS)[number];

/** One sealed value: where it stands, and the data key that it is sealed under. */
export type ErasedPlace = {
  readonly stream: StreamId;
  readonly event: EventId;
  /** Inside the payload, as a JSON pointer (RFC 6901). */
  readonly path: string;
  readonly key: KeyId;
};

/** What is to be erased: everything that is sealed for a subject, also what arrives later; or single values. */
export type ErasureTarget =
  | { readonly kind: 'subject'; readonly subject: string }
  | { readonly kind: 'values'; readonly places: readonly ErasedPlace[] };

/** Who did something, when by the device's clock, and the reason given. */
export type ErasureStep = {
  readonly by: UserId;
  readonly role: string;
  /** RFC 3339 UTC. */
  readonly at: string;
  readonly reason: string;
  readonly replica: ReplicaId;
  readonly sequence: number;
};

/** A device that has destroyed what was to be erased. `keys`: those of a subject's data keys that it knew of. */
export type ErasureDone = Omit<ErasureStep, 'reason'> & { readonly keys: readonly KeyId[] };

export type ErasureState = 'unknown' | 'requested' | 'refused' | 'approved' | 'carriedOut';

export type ErasureCourse = {
  readonly state: ErasureState;
  readonly target: ErasureTarget | undefined;
  readonly requested: ErasureStep | undefined;
  readonly refused: (ErasureStep & { readonly ground: ErasureGround }) | undefined;
  /** `alone`: by whoever had asked. */
  readonly approved: (ErasureStep & { readonly alone: boolean }) | undefined;
  readonly done: readonly ErasureDone[];
};

/** An event of the log: what a device or an export holds of it. */
export type ErasureEvent = { readonly body: EventBody; readonly context: CommitContext };

const refuse = (what: string): never => {
  throw new StoreError('erasure.malformed', { what });
};

type Members = Readonly<Record<string, unknown>>;
const membersOf = (value: unknown, what: string, names: readonly string[]): Members => {
  if (!isRecord(value) || Object.keys(value).length !== names.length) return refuse(what);
  for (const name of names) if (!Object.hasOwn(value, name)) refuse(`${what}: ${name}`);
  return value;
};
const textOf = (value: unknown, what: string, lengthMax: number = LIMITS.idLengthMax): string =>
  typeof value === 'string' && value.length > 0 && value.length <= lengthMax ? value : refuse(what);
const listOf = (value: unknown, what: string, max: number): readonly unknown[] =>
  Array.isArray(value) && value.length <= max ? value : refuse(what);

const readPlace = (value: unknown): ErasedPlace => {
  const { stream, event, path, key } = membersOf(value, 'place', ['stream', 'event', 'path', 'key']);
  const pointer = textOf(path, 'path', LIMITS.erasedPathLengthMax);
  return {
    stream: readStreamId(textOf(stream, 'stream', 2 * LIMITS.idLengthMax + 1)),
    event: eventId(textOf(event, 'event')),
    path: pointer.startsWith('/') ? pointer : refuse('path'),
    key: keyId(textOf(key, 'key')),
  };
};

/** @throws StoreError `erasure.malformed`, `id.malformed` */
export const readTarget = (value: unknown): ErasureTarget => {
  if (isRecord(value) && value['kind'] === 'subject') {
    const { subject } = membersOf(value, 'target', ['kind', 'subject']);
    return { kind: 'subject', subject: aggregateId(textOf(subject, 'subject')) };
  }
  const { kind, places } = membersOf(value, 'target', ['kind', 'places']);
  if (kind !== 'values') refuse('target');
  const read = listOf(places, 'places', LIMITS.erasedPlacesMax).map(readPlace);
  return read.length > 0 ? { kind: 'values', places: read } : refuse('places');
};

const isGround = (value: unknown): value is ErasureGround => ERASURE_GROUNDS.some((ground) => ground === value);

/** What an event of an erasure says. */
export type ReadErasure =
  | { readonly type: 'ErasureRequested'; readonly by: UserId; readonly target: ErasureTarget }
  | { readonly type: 'ErasureRefused'; readonly by: UserId; readonly ground: ErasureGround }
  | { readonly type: 'ErasureApproved'; readonly by: UserId; readonly alone: boolean }
  | {
      readonly type: 'ErasureCarriedOut' | 'ErasureConfirmed';
      readonly replica: ReplicaId;
      readonly keys: readonly KeyId[];
    };

/** Reads the payload of an event of an erasure, strictly. @throws StoreError `erasure.malformed`, `id.malformed` */
export const readErasureEvent = (type: string, payload: unknown): ReadErasure => {
  if (type === 'ErasureRequested') {
    const { by, target } = membersOf(payload, type, ['by', 'target']);
    return { type, by: userId(textOf(by, 'by')), target: readTarget(target) };
  }
  if (type === 'ErasureRefused') {
    const { by, ground } = membersOf(payload, type, ['by', 'ground']);
    return { type, by: userId(textOf(by, 'by')), ground: isGround(ground) ? ground : refuse('ground') };
  }
  if (type === 'ErasureApproved') {
    const { by, alone } = membersOf(payload, type, ['by', 'alone']);
    return { type, by: userId(textOf(by, 'by')), alone: typeof alone === 'boolean' ? alone : refuse('alone') };
  }
  if (type !== 'ErasureCarriedOut' && type !== 'ErasureConfirmed') return refuse('unknown event');
  const { replica, keys } = membersOf(payload, type, ['replica', 'keys']);
  const ids = listOf(keys, 'keys', LIMITS.erasedKeysMax).map((key) => keyId(textOf(key, 'key')));
  return { type, replica: isReplicaId(replica) ? replica : refuse('replica'), keys: ids };
};

/** What is wrong with an event of an erasure: its form, or that it is not of whom it names. */
export const erasureFault = ({ body, context }: ErasureEvent): string | undefined => {
  if (body.schema !== 1) return 'written by a newer version';
  try {
    const read = readErasureEvent(body.type, body.payload);
    if ('by' in read) {
      if (read.by !== context.actor.user) return 'not by whom it names';
      return body.reason === undefined ? 'without a justification' : undefined;
    }
    return read.replica === context.replica ? undefined : 'not of the replica it names';
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return String(error.details['what'] ?? error.code);
  }
};

const NOTHING: ErasureCourse = {
  ...{ state: 'unknown', target: undefined, requested: undefined, refused: undefined, approved: undefined },
  done: [],
};

const stepOf = ({ body, context }: ErasureEvent): ErasureStep => ({
  ...{ by: context.actor.user, role: context.actor.role, at: context.recordedAt.utc, reason: body.reason ?? '' },
  ...{ replica: context.replica, sequence: body.sequence },
});

const doneOf = (event: ErasureEvent, keys: readonly KeyId[]): ErasureDone => {
  const { reason: _, ...step } = stepOf(event);
  return { ...step, keys };
};

const isDone = (state: ErasureState): boolean => state === 'approved' || state === 'carriedOut';

/** The course after an event, or undefined where the event has no place in it. */
const next = (course: ErasureCourse, event: OpenedEvent): ErasureCourse | undefined => {
  if (erasureFault(event) !== undefined) return undefined;
  const read = readErasureEvent(event.body.type, event.body.payload);
  const { state, requested, done } = course;
  switch (read.type) {
    case 'ErasureRequested':
      if (state !== 'unknown') return undefined;
      return { ...course, state: 'requested', target: read.target, requested: stepOf(event) };
    case 'ErasureRefused':
      if (state === 'unknown' || state === 'carriedOut') return undefined;
      return { ...course, state: 'refused', refused: { ...stepOf(event), ground: read.ground } };
    case 'ErasureApproved':
      if (state !== 'requested' || (read.by === requested?.by) !== read.alone) return undefined;
      return { ...course, state: 'approved', approved: { ...stepOf(event), alone: read.alone } };
    case 'ErasureCarriedOut':
      return isDone(state) ? { ...course, state: 'carriedOut', done: [...done, doneOf(event, read.keys)] } : undefined;
    case 'ErasureConfirmed':
      return state === 'carriedOut' ? { ...course, done: [...done, doneOf(event, read.keys)] } : undefined;
  }
};

/** Keys of an erasure that an event touches: decisions that have not seen each other are a conflict, confirmations are not. */
export const erasureTouches = (type: string, replica: string | undefined): readonly string[] =>
  replica === undefined ? [type === 'ErasureRequested' ? 'request' : 'decision'] : [`done/${replica}`];

const REDUCER: Reducer<ErasureCourse> = {
  initial: NOTHING,
  next,
  touches: ({ body }) => {
    const { replica } = body.payload;
    return erasureTouches(body.type, typeof replica === 'string' ? replica : undefined);
  },
};

export type ErasureFold = {
  readonly course: ErasureCourse;
  /** True if people have decided without knowing of each other: nothing is destroyed until one of them settles it. */
  readonly contested: boolean;
  /** Events without effect: out of their form, or out of place. */
  readonly ineffective: readonly IneffectiveErasure[];
};

/** What is said of something that was destroyed under an approval, by a device that did not know of a refusal. */
export const REFUSED_MEANWHILE = 'refused meanwhile';

/** `unlawful`: it says that something was destroyed, and its author knew of no approval that counts, or of a refusal. */
export type IneffectiveErasure = { readonly event: ErasureEvent; readonly what: string; readonly unlawful: boolean };

const hasSeen = ({ body, context }: ErasureEvent, other: ErasureEvent): boolean => {
  const { replica } = other.context;
  const upTo = context.replica === replica ? body.sequence - 1 : seen(body.basis, replica);
  return upTo >= other.body.sequence;
};

/** Decisions of one erasure, of those events that are in their form. */
type Decisions = {
  /** With a request that its author knew of, and that it may decide. */
  readonly approvals: readonly ErasureEvent[];
  readonly refusals: readonly ErasureEvent[];
};

const decisionsOf = (events: readonly ErasureEvent[]): Decisions => {
  const sound = events.filter((event) => erasureFault(event) === undefined);
  const of = (type: ReadErasure['type']) => sound.filter(({ body }) => body.type === type);
  const requests = of('ErasureRequested');
  const isCounting = (approval: ErasureEvent) =>
    requests.some(
      (request) =>
        hasSeen(approval, request) &&
        (request.context.actor.user === approval.context.actor.user) === approval.body.payload['alone'],
    );
  return { approvals: of('ErasureApproved').filter(isCounting), refusals: of('ErasureRefused') };
};

const isOfDone = ({ body }: ErasureEvent): boolean =>
  body.type === 'ErasureCarriedOut' || body.type === 'ErasureConfirmed';

/** True if whoever destroyed something knew of an approval that counts, and of no refusal: nobody can go by what they do not know of. */
const wasApprovedTo = (done: ErasureEvent, { approvals, refusals }: Decisions): boolean =>
  approvals.some((approval) => hasSeen(done, approval)) && !refusals.some((refusal) => hasSeen(done, refusal));

const ineffectiveOf = (event: ErasureEvent, decisions: Decisions): IneffectiveErasure => {
  const fault = erasureFault(event);
  const wasApproved = fault === undefined && isOfDone(event) && wasApprovedTo(event, decisions);
  const what = fault ?? (wasApproved ? REFUSED_MEANWHILE : 'out of place');
  return { event, what, unlawful: isOfDone(event) && !wasApproved };
};

/** Folds the events of one erasure, in any order. Never throws on hostile events. */
export const foldErasure = (events: readonly ErasureEvent[]): ErasureFold => {
  const opened = events.map(({ body, context }) => ({ body, context, position: position(0), payload: body.payload }));
  const { state, conflicts, inapplicable } = foldStream(opened, REDUCER);
  const without = new Set<EventId>(inapplicable);
  const ineffective = events.filter(({ body }) => without.has(body.id));
  const decisions = ineffective.length === 0 ? undefined : decisionsOf(events);
  return {
    course: state,
    contested: conflicts.length > 0,
    ineffective: decisions === undefined ? [] : ineffective.map((event) => ineffectiveOf(event, decisions)),
  };
};

/** The stream of an erasure. */
export const erasureStream = (id: string): StreamId => streamId(aggregateType(ERASURE_TYPE), aggregateId(id));
