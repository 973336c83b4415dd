/**
 * What is recorded about one event, split into what the events of a commit share (`CommitContext`) and what is each
 * event's own (`EventBody`). Both are covered by the event's leaf hash. Format 1; frozen by `test/vectors`.
 *
 * The readers accept exactly the members named here: an unknown member is refused, so nothing rides along unread.
 */
import { StoreError } from './errors.ts';
import {
  type EventId,
  type EventType,
  eventId,
  eventType,
  hasControl,
  type ReplicaId,
  readStreamId,
  replicaId,
  type StreamId,
  type TenantId,
  tenantId,
  type UserId,
  userId,
} from './ids.ts';
import { isRecord, type JsonObject } from './json.ts';
import { LIMITS } from './limits.ts';
import { type Sequence, sequence } from './position.ts';
import { readVersionVector, type VersionVector } from './versionVector.ts';

/** Who acts. `onBehalfOf` names the person for whom the actor enters. */
export type Actor = { readonly user: UserId; readonly role: string; readonly onBehalfOf?: UserId };

/** When the device says it happened. Never used for order. */
export type RecordedAt = {
  /** Device time, UTC, RFC 3339 with milliseconds. */
  readonly utc: string;
  /** Minutes east of UTC. */
  readonly offsetMin: number;
  /** IANA name of the zone. */
  readonly zone: string;
  /** Milliseconds since the program started; does not step back. */
  readonly uptimeMs: number;
};

/** The newest receipt the device had seen: a lower bound in time that does not rest on its own clock. */
export type ReceiptSeen = { readonly time: string; readonly size: number };

/** What made the record. `registry` is the fingerprint of the registered schemas. */
export type Software = { readonly store: string; readonly registry: string; readonly app?: string };

export type Trace = { readonly correlation?: string; readonly causation?: string; readonly traceparent?: string };

/** What all events of a commit share: one act, by one actor, at one time, on one replica. */
export type CommitContext = {
  readonly format: 1;
  readonly tenant: TenantId;
  readonly replica: ReplicaId;
  readonly actor: Actor;
  readonly recordedAt: RecordedAt;
  readonly receipt: ReceiptSeen | null;
  readonly software: Software;
  readonly trace?: Trace;
};

export const ORIGINATOR_KINDS = ['participant', 'staff', 'device', 'system', 'source-file'] as const;
/** Where the data came from when not from the actor. `at` is as the source says, unchecked. */
export type Originator = {
  readonly kind: (typeof ORIGINATOR_KINDS)[number];
  readonly id?: string;
  readonly location?: string;
  readonly at?: string;
};

/**
 * What was chosen for one key when a conflict ended: what one of the sides says, what was there before them (`event`, where that is one
 * event), or something new. By ids, because which side is whose depends on who reads.
 */
export type Choice = { readonly key: string } & (
  | { readonly took: 'head'; readonly event: EventId }
  | { readonly took: 'before'; readonly event?: EventId }
  | { readonly took: 'new' }
);

/** One event's own part. */
export type EventBody = {
  readonly id: EventId;
  readonly stream: StreamId;
  readonly type: EventType;
  /** Version of the payload's schema. */
  readonly schema: number;
  readonly sequence: Sequence;
  /** What the author had seen of this stream. */
  readonly basis: VersionVector;
  readonly payload: JsonObject;
  readonly reason?: string;
  readonly originator?: Originator;
  /** Ids of the conflicting heads that this event settles. */
  readonly resolves?: readonly EventId[];
  /** What was chosen for each key that it settles, as far as that was said. */
  readonly choices?: readonly Choice[];
};

const refuse = (what: string): never => {
  throw new StoreError('commit.malformed', { what });
};

type Fields = Readonly<Record<string, unknown>>;

const record = (value: unknown, what: string, names: readonly string[]): Fields => {
  if (!isRecord(value)) return refuse(what);
  for (const name of Object.keys(value)) if (!names.includes(name)) refuse(`${what}: unknown member`);
  return value;
};
const text = (value: unknown, what: string, lengthMax: number = LIMITS.idLengthMax): string =>
  typeof value === 'string' && value.length > 0 && value.length <= lengthMax && !hasControl(value)
    ? value
    : refuse(what);
/** People write reasons in lines: line ends and tabs are text there. */
const reasonText = (value: unknown): string => {
  const isReason = typeof value === 'string' && value.length > 0 && value.length <= LIMITS.reasonLengthMax;
  return isReason && !hasControl(value, '\n\t') ? value : refuse('event.reason');
};
const whole = (value: unknown, what: string): number =>
  typeof value === 'number' && Number.isSafeInteger(value) ? value : refuse(what);
const optional = <K extends string, T>(
  name: K,
  value: unknown,
  read: (value: unknown) => T,
): { [P in K]?: T } | object => (value === undefined ? {} : { [name]: read(value) });

const UTC_PATTERN = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
/** RFC 3339 in UTC with milliseconds, and a real date: platforms that would move 30 February to March do not decide. */
export const isUtc = (value: string): boolean => {
  const atMs = UTC_PATTERN.test(value) ? Date.parse(value) : Number.NaN;
  return !Number.isNaN(atMs) && new Date(atMs).toISOString() === value;
};
const utc = (value: unknown, what: string): string => {
  const read = text(value, what, 24);
  return isUtc(read) ? read : refuse(what);
};

const readActor = (value: unknown): Actor => {
  const { user, role, onBehalfOf } = record(value, 'actor', ['user', 'role', 'onBehalfOf']);
  return {
    user: userId(text(user, 'actor.user')),
    role: text(role, 'actor.role'),
    ...optional('onBehalfOf', onBehalfOf, (name) => userId(text(name, 'actor.onBehalfOf'))),
  };
};

const readRecordedAt = (value: unknown): RecordedAt => {
  const at = record(value, 'recordedAt', ['utc', 'offsetMin', 'zone', 'uptimeMs']);
  const offsetMin = whole(at['offsetMin'], 'recordedAt.offsetMin');
  const uptimeMs = whole(at['uptimeMs'], 'recordedAt.uptimeMs');
  if (Math.abs(offsetMin) > 1_440 || uptimeMs < 0) refuse('recordedAt');
  return { utc: utc(at['utc'], 'recordedAt.utc'), offsetMin, zone: text(at['zone'], 'recordedAt.zone'), uptimeMs };
};

const readReceiptSeen = (value: unknown): ReceiptSeen | null => {
  if (value === null) return null;
  const { time, size } = record(value, 'receipt', ['time', 'size']);
  const held = whole(size, 'receipt.size');
  return { time: utc(time, 'receipt.time'), size: held >= 0 ? held : refuse('receipt.size') };
};

const readSoftware = (value: unknown): Software => {
  const { store, registry, app } = record(value, 'software', ['store', 'registry', 'app']);
  return {
    store: text(store, 'software.store'),
    registry: text(registry, 'software.registry'),
    ...optional('app', app, (name) => text(name, 'software.app')),
  };
};

const readTrace = (value: unknown): Trace => {
  const names = ['correlation', 'causation', 'traceparent'];
  const trace = record(value, 'trace', names);
  for (const name of names) if (trace[name] !== undefined) text(trace[name], `trace.${name}`);
  return trace;
};

const CONTEXT_MEMBERS = ['format', 'tenant', 'replica', 'actor', 'recordedAt', 'receipt', 'software', 'trace'];

/** Reads a context from parsed JSON. @throws StoreError `commit.malformed`, `commit.unsupported-format`, `id.malformed` */
export const readContext = (value: unknown): CommitContext => {
  if (isRecord(value) && typeof value['format'] === 'number' && value['format'] > 1) {
    throw new StoreError('commit.unsupported-format', { format: value['format'] });
  }
  const fields = record(value, 'context', CONTEXT_MEMBERS);
  if (fields['format'] !== 1) refuse('context.format');
  return {
    format: 1,
    tenant: tenantId(text(fields['tenant'], 'context.tenant')),
    replica: replicaId(text(fields['replica'], 'context.replica')),
    actor: readActor(fields['actor']),
    recordedAt: readRecordedAt(fields['recordedAt']),
    receipt: readReceiptSeen(fields['receipt']),
    software: readSoftware(fields['software']),
    ...optional('trace', fields['trace'], readTrace),
  };
};

const readOriginator = (value: unknown): Originator => {
  const fields = record(value, 'originator', ['kind', 'id', 'location', 'at']);
  const kind = ORIGINATOR_KINDS.find((known) => known === fields['kind']) ?? refuse('originator.kind');
  return {
    kind,
    ...optional('id', fields['id'], (id) => text(id, 'originator.id')),
    ...optional('location', fields['location'], (place) => text(place, 'originator.location')),
    ...optional('at', fields['at'], (at) => text(at, 'originator.at')),
  };
};

const readResolves = (value: unknown): readonly EventId[] => {
  if (!Array.isArray(value) || value.length < 1 || value.length > LIMITS.resolvesMax) return refuse('resolves');
  const ids = value.map((id) => eventId(text(id, 'resolves')));
  return new Set(ids).size === ids.length ? ids : refuse('resolves');
};

const readChoice = (value: unknown, resolves: readonly EventId[]): Choice => {
  const { key, took, event } = record(value, 'choice', ['key', 'took', 'event']);
  if (typeof key !== 'string' || key.length > LIMITS.choiceKeyLengthMax) return refuse('choice.key');
  const taken = event === undefined ? undefined : eventId(text(event, 'choice.event'));
  if (took === 'head' && taken !== undefined && resolves.includes(taken)) return { key, took, event: taken };
  if (took === 'before') return { key, took, ...(taken === undefined ? {} : { event: taken }) };
  return took === 'new' && taken === undefined ? { key, took } : refuse('choice.took');
};

const readChoices = (value: unknown, resolves: readonly EventId[]): readonly Choice[] => {
  if (!Array.isArray(value) || value.length < 1 || value.length > LIMITS.choicesMax) return refuse('choices');
  const choices = value.map((each) => readChoice(each, resolves));
  return new Set(choices.map(({ key }) => key)).size === choices.length ? choices : refuse('choices');
};

/** True for plain JSON data with members. The canonical reader has already refused everything else. */
const isJsonObject = (value: unknown): value is JsonObject => isRecord(value);

const BODY_MEMBERS = [
  'id',
  'stream',
  'type',
  'schema',
  'sequence',
  'basis',
  'payload',
  'reason',
  'originator',
  'resolves',
  'choices',
];

/** Reads an event's own part from parsed JSON. @throws StoreError `commit.malformed`, `id.malformed` */
export const readBody = (value: unknown): EventBody => {
  const fields = record(value, 'event', BODY_MEMBERS);
  const schema = whole(fields['schema'], 'event.schema');
  const payload = fields['payload'];
  if (schema < 1 || !isJsonObject(payload)) return refuse('event');
  return {
    id: eventId(text(fields['id'], 'event.id')),
    stream: readStreamId(text(fields['stream'], 'event.stream', 2 * LIMITS.idLengthMax + 1)),
    type: eventType(text(fields['type'], 'event.type')),
    schema,
    sequence: sequence(whole(fields['sequence'], 'event.sequence')),
    basis: readVersionVector(fields['basis']),
    payload,
    ...optional('reason', fields['reason'], reasonText),
    ...optional('originator', fields['originator'], readOriginator),
    ...optional('resolves', fields['resolves'], readResolves),
    ...optional('choices', fields['choices'], (choices) => readChoices(choices, readResolves(fields['resolves']))),
  };
};
