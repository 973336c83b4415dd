/**
 * What an electronic signature covers, format 1: the bytes that a signer's key signs, and the strict reader of what is
 * recorded of it. The aggregates that record it are `machines/clinical/`; `checkAct.ts` says whether it holds.
 *
 * One form for three acts: signing, counter-signing, withdrawing. Invariants: every member but the signature itself is
 * signed, together with tenant, act and the signature's own stream, so that nothing of it can be moved, added, dropped or
 * altered; one value has one spelling (RFC 8785). Laws: `signedAct.laws`. Frozen by `test/vectors`.
 */
import { isUtc } from '../core/envelope.ts';
import { StoreError } from '../core/errors.ts';
import {
  type EventType,
  eventType,
  type Hash32,
  type Hash32Hex,
  hasControl,
  hash32,
  hash32Hex,
  type ReplicaId,
  readStreamId,
  replicaId,
  type Signature64,
  type StreamId,
  signature64,
  type TenantId,
  type UserId,
  userId,
} from '../core/ids.ts';
import { isRecord } from '../core/json.ts';
import { LIMITS } from '../core/limits.ts';
import { type Sequence, sequence } from '../core/position.ts';
import { fromBase64, utf8 } from './bytes.ts';
import { canonicalBytes } from './canonical.ts';
import { sha256 } from './sha256.ts';

const ACT_DOMAIN = utf8('indelible/v1/electronic-signature\0');
const STATEMENT_DOMAIN = utf8('indelible/v1/statement\0');

/** The event types of an electronic signature, which are also what is done by it. */
export const ACTS = ['Signed', 'CounterSigned', 'SignatureWithdrawn'] as const;
export type Act = (typeof ACTS)[number];

/** When it was signed, by the clock of the device: UTC with milliseconds, minutes east of it, IANA name of the zone. */
export type SignedAt = { readonly utc: string; readonly offsetMin: number; readonly zone: string };

const padded = (value: number): string => String(value).padStart(2, '0');

/** When it was signed, as people read it: local time, offset and zone. */
export const signedAtText = ({ utc, offsetMin, zone }: SignedAt): string => {
  const local = new Date(Date.parse(utc) + offsetMin * 60_000).toISOString();
  const minutes = Math.abs(offsetMin);
  const offset = `${offsetMin < 0 ? '-' : '+'}${padded(Math.floor(minutes / 60))}:${padded(minutes % 60)}`;
  return `${local.slice(0, 10)} ${local.slice(11, 19)} ${offset} (${zone})`;
};

/** Events of one stream that one replica wrote: their sequences, ascending, and the leaf hash of each, base64. */
export type SignedRun = {
  readonly replica: ReplicaId;
  readonly sequences: readonly Sequence[];
  readonly leaves: readonly string[];
};

/** All events of one stream that the signer saw. Later ones change what was signed, but for those of the `statusTypes`. */
export type SignedStream = {
  readonly stream: StreamId;
  readonly statusTypes: readonly EventType[];
  readonly runs: readonly SignedRun[];
};

/** What is signed, beside act, tenant and stream of the signature. */
export type ActContent = {
  readonly signer: UserId;
  /** As the key's enrolment has it. */
  readonly printedName: string;
  /** What the signature means: `authored`, `reviewed`, `approved`, `responsible`, or as configured. */
  readonly meaning: string;
  readonly at: SignedAt;
  /** Hash of the statement that was shown (`statementHash`). */
  readonly statement: Hash32Hex;
  readonly records: readonly SignedStream[];
  /** Id of the signing key, the leaf hash of the event that enrolled it, and of the signer's confirmation of accountability. */
  readonly key: Hash32Hex;
  readonly enrolled: Hash32Hex;
  readonly confirmed: Hash32Hex;
};
export type SignedAct = ActContent & { readonly signature: Signature64 };

/** Where an act belongs: what it does, and the stream of the signature in its tenant. */
export type ActPlace = { readonly act: Act; readonly tenant: TenantId; readonly stream: StreamId };

/** A domain, then the canonical JSON of a value: bytes that a signer's key signs. */
export const messageOf = (domain: Uint8Array, value: object): Uint8Array<ArrayBuffer> => {
  const rest = canonicalBytes(value);
  const message = new Uint8Array(domain.length + rest.length);
  message.set(domain);
  message.set(rest, domain.length);
  return message;
};

/** The bytes that the signer's key signs: domain, then the canonical JSON of place and content. */
export const actMessage = ({ act, tenant, stream }: ActPlace, content: ActContent): Uint8Array<ArrayBuffer> => {
  const { signer, printedName, meaning, at, statement, records, key, enrolled, confirmed } = content;
  const signed = { signer, printedName, meaning, at, statement, records, key, enrolled, confirmed };
  return messageOf(ACT_DOMAIN, { format: 1, act, tenant, stream, ...signed });
};

/** Hash of a statement as shown to the signer. Whoever has the text can show that it is the one. */
export const statementHash = (text: string): Hash32 => hash32(sha256(STATEMENT_DOMAIN, utf8(text)));

type Fields = Readonly<Record<string, unknown>>;

/** @throws StoreError `esign.malformed` */
export const refuseSigned = (what: string): never => {
  throw new StoreError('esign.malformed', { what });
};

/** The members of an object that has exactly these. @throws StoreError `esign.malformed` */
export const membersOf = (value: unknown, what: string, names: readonly string[]): Fields => {
  if (!isRecord(value)) return refuseSigned(what);
  if (Object.keys(value).some((name) => !names.includes(name))) refuseSigned(`${what}: unknown member`);
  if (names.some((name) => value[name] === undefined)) refuseSigned(`${what}: missing member`);
  return value;
};

/** Text without control characters, bounded. @throws StoreError `esign.malformed` */
export const shortText = (value: unknown, what: string): string => {
  if (typeof value !== 'string' || value.length < 1 || value.length > LIMITS.signedTextLengthMax)
    return refuseSigned(what);
  return hasControl(value) || !value.isWellFormed() || value.trim() !== value ? refuseSigned(what) : value;
};

const text = (value: unknown, what: string): string => (typeof value === 'string' ? value : refuseSigned(what));

const list = (value: unknown, what: string, max: number): readonly unknown[] =>
  Array.isArray(value) && value.length <= max ? value : refuseSigned(what);

const ascending = <T extends string | number>(items: readonly T[], what: string): readonly T[] => {
  for (let at = 1; at < items.length; at++) {
    const [before, item] = [items[at - 1], items[at]];
    if (before === undefined || item === undefined || before >= item) refuseSigned(`${what}: order`);
  }
  return items;
};

/** Bytes of a known length as base64. @throws StoreError `esign.malformed`, `id.malformed` */
export const bytesText = (value: unknown, what: string, length: number): Uint8Array<ArrayBuffer> => {
  const bytes = fromBase64(text(value, what));
  return bytes.length === length ? bytes : refuseSigned(what);
};

const readAt = (value: unknown): SignedAt => {
  const { utc, offsetMin, zone } = membersOf(value, 'at', ['utc', 'offsetMin', 'zone']);
  const isOffset = typeof offsetMin === 'number' && Number.isInteger(offsetMin) && Math.abs(offsetMin) <= 1_440;
  if (!isUtc(text(utc, 'at.utc')) || !isOffset || Object.is(offsetMin, -0)) return refuseSigned('at');
  return { utc: text(utc, 'at.utc'), offsetMin, zone: shortText(zone, 'at.zone') };
};

const readRun = (value: unknown): SignedRun => {
  const { replica, sequences, leaves } = membersOf(value, 'run', ['replica', 'sequences', 'leaves']);
  const places = list(sequences, 'run.sequences', LIMITS.signedEventsMax).map((each) =>
    sequence(typeof each === 'number' ? each : Number.NaN),
  );
  const hashes = list(leaves, 'run.leaves', LIMITS.signedEventsMax).map((each) => {
    bytesText(each, 'run.leaf', 32);
    return text(each, 'run.leaf');
  });
  if (places.length < 1 || places.length !== hashes.length) refuseSigned('run');
  return {
    replica: replicaId(text(replica, 'run.replica')),
    sequences: ascending(places, 'run.sequences'),
    leaves: hashes,
  };
};

const readSignedStream = (value: unknown): SignedStream => {
  const { stream, statusTypes, runs } = membersOf(value, 'record', ['stream', 'statusTypes', 'runs']);
  const read = list(runs, 'record.runs', LIMITS.signedEventsMax).map(readRun);
  ascending(
    read.map(({ replica }) => replica),
    'record.runs',
  );
  if (read.length < 1) refuseSigned('record.runs');
  const types = list(statusTypes, 'record.statusTypes', LIMITS.touchesMax).map((type) =>
    eventType(text(type, 'record.statusTypes')),
  );
  return {
    stream: readStreamId(text(stream, 'record.stream')),
    statusTypes: ascending(types, 'record.statusTypes'),
    runs: read,
  };
};

const readRecords = (value: unknown): readonly SignedStream[] => {
  const records = list(value, 'records', LIMITS.signedStreamsMax).map(readSignedStream);
  ascending(
    records.map(({ stream }) => stream),
    'records',
  );
  const events = records.flatMap(({ runs }) => runs).reduce((total, { leaves }) => total + leaves.length, 0);
  return events < 1 || events > LIMITS.signedEventsMax ? refuseSigned('records: count') : records;
};

const MEMBERS = ['signer', 'printedName', 'meaning', 'at', 'statement', 'records', 'key', 'enrolled', 'confirmed'];

/** Reads what is recorded of an act. @throws StoreError `esign.malformed`, `id.malformed` */
export const readSignedAct = (payload: unknown): SignedAct => {
  const fields = membersOf(payload, 'act', [...MEMBERS, 'signature']);
  const hashOf = (name: string) => hash32Hex(text(fields[name], name));
  return {
    signer: userId(text(fields['signer'], 'signer')),
    printedName: shortText(fields['printedName'], 'printedName'),
    meaning: shortText(fields['meaning'], 'meaning'),
    at: readAt(fields['at']),
    statement: hashOf('statement'),
    records: readRecords(fields['records']),
    key: hashOf('key'),
    enrolled: hashOf('enrolled'),
    confirmed: hashOf('confirmed'),
    signature: signature64(bytesText(fields['signature'], 'signature', 64)),
  };
};

/** One signed event: its place and its hash. */
export type SignedEvent = { readonly replica: ReplicaId; readonly sequence: Sequence; readonly leaf: string };

/** The events of a stream that were signed. */
export const signedEvents = ({ runs }: SignedStream): readonly SignedEvent[] =>
  runs.flatMap(({ replica, sequences, leaves }) =>
    sequences.map((at, index) => ({ replica, sequence: at, leaf: leaves[index] ?? '' })),
  );
