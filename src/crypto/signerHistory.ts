/**
 * What the events of one signer say: the keys that were in force, since when and until when, what was confirmed, and what
 * is wrong. It needs the events alone, so a device and an auditor come to the same.
 *
 * Invariants: a key counts if its holder signed for it and it was enrolled first, or its predecessor vouches for it, or two
 * other signers do; nobody else can put one in force, whatever they can write into a database. Laws: `signerHistory.test`.
 */
import type { CommitContext, EventBody } from '../core/envelope.ts';
import { isStoreError } from '../core/errors.ts';
import { inFoldOrder } from '../core/fold.ts';
import {
  aggregateId,
  aggregateType,
  type Hash32,
  type Hash32Hex,
  type StreamId,
  streamId,
  type TenantId,
  type UserId,
} from '../core/ids.ts';
import { position } from '../core/position.ts';
import { seen } from '../core/versionVector.ts';
import { membersOf } from './signedAct.ts';
import { verifySignature } from './signer.ts';
import {
  checkAccountability,
  type Endorsement,
  type EnrolledKey,
  endorsementMessage,
  type KeyStatement,
  possessionMessage,
  readEnrolledKey,
  signingKeyId,
} from './signerKey.ts';

/** Type of the aggregate whose id is the signer's id, and of the aggregate of one electronic signature. */
export const SIGNER_TYPE = 'signer';
export const SIGNATURE_TYPE = 'electronicSignature';

/** An event with its leaf hash: what an export or a log holds of it. */
export type HashedEvent = { readonly leaf: Hash32; readonly body: EventBody; readonly context: CommitContext };

/** A key of a signer. `sound`: somebody entitled put it in force. `contested`: another enrolment claims the same id. */
export type SignerKey = {
  readonly event: HashedEvent;
  readonly id: Hash32Hex;
  readonly enrolled: EnrolledKey;
  readonly sound: boolean;
  readonly contested: boolean;
};

/** Something wrong with an event of a signer. */
export type SignerFault = {
  readonly code: 'esign.malformed' | 'esign.signer-reused' | 'esign.key-unknown';
  readonly event: HashedEvent;
  readonly what: string;
};

export type SignerHistory = {
  readonly keys: readonly SignerKey[];
  /** Confirmations of the accountability statement by the signer. */
  readonly confirmations: readonly HashedEvent[];
  readonly deactivations: readonly HashedEvent[];
  readonly faults: readonly SignerFault[];
};

/** All events of the stream of a signer, in any order. */
export type EventsOf = (signer: UserId) => readonly HashedEvent[] | Promise<readonly HashedEvent[]>;

/** Events of one signer that are looked at: who has more has been tampered with. */
const SIGNER_EVENTS_MAX = 256;

/** The stream of a signer: user ids and aggregate ids are the same texts. */
export const signerStream = (signer: UserId): StreamId => streamId(aggregateType(SIGNER_TYPE), aggregateId(signer));

/** True if the author of `later` had seen `earlier`, which is of the same stream; its own replica's events included. */
export const hasSeen = (later: HashedEvent, earlier: HashedEvent): boolean => {
  const { replica } = earlier.context;
  const { sequence } = earlier.body;
  if (later.context.replica === replica) return later.body.sequence > sequence;
  return seen(later.body.basis, replica) >= sequence;
};

type Read =
  | { readonly kind: 'key'; readonly event: HashedEvent; readonly enrolled: EnrolledKey; readonly replaced: boolean }
  | { readonly kind: 'confirmed' | 'deactivated'; readonly event: HashedEvent }
  | { readonly kind: 'fault'; readonly fault: SignerFault };

const readEvent = (signer: UserId, event: HashedEvent): Read | undefined => {
  const { type, payload, schema } = event.body;
  const malformed = (what: string): Read => ({ kind: 'fault', fault: { code: 'esign.malformed', event, what } });
  if (schema !== 1) return malformed('written by a newer version');
  try {
    if (type === 'SignerEnrolled' || type === 'SignerKeyReplaced') {
      const replaced = type === 'SignerKeyReplaced';
      return { kind: 'key', event, enrolled: readEnrolledKey(payload, replaced), replaced };
    }
    if (type === 'AccountabilityConfirmed') {
      checkAccountability(membersOf(payload, 'confirmation', ['statement'])['statement']);
      const isOwn = event.context.actor.user === signer;
      return isOwn ? { kind: 'confirmed', event } : malformed('confirmed by another user');
    }
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return malformed(String(error.details['what'] ?? error.code));
  }
  return type === 'SignerDeactivated' ? { kind: 'deactivated', event } : malformed('unknown event');
};

/** In the order in which a fold takes them: causes first. */
const inOrder = (events: readonly HashedEvent[]): readonly HashedEvent[] => {
  const hashed = new Map(events.map((event) => [event.body, event]));
  const opened = events.map(({ body, context }) => ({ body, context, position: position(0), payload: body.payload }));
  return inFoldOrder(opened).flatMap(({ body }) => hashed.get(body) ?? []);
};

type KeyEvent = Extract<Read, { readonly kind: 'key' }>;

const statementOf = (signer: UserId, { printedName, publicKey, identity }: EnrolledKey): KeyStatement => ({
  ...{ signer, printedName, publicKey, identity },
});

/** True if a sound key of `signer` made the endorsement. */
const vouchesFor = (
  endorsement: Endorsement,
  keys: readonly SignerKey[],
  message: Uint8Array<ArrayBuffer>,
): Promise<boolean> => {
  const key = keys.find(({ id, sound }) => sound && id === endorsement.key);
  return key === undefined
    ? Promise.resolve(false)
    : verifySignature(key.enrolled.publicKey, endorsement.signature, message);
};

type Signer = {
  readonly tenant: TenantId;
  readonly signer: UserId;
  /** Keys of another signer; none where the word of others does not count. */
  readonly keysOf: (signer: UserId) => Promise<readonly SignerKey[]>;
};

/** True if the signer's key before it vouches for a new key, or two other signers do. */
const isEndorsed = async (of: Signer, found: KeyEvent, before: readonly SignerKey[]): Promise<boolean> => {
  const message = endorsementMessage(of.tenant, statementOf(of.signer, found.enrolled));
  const vouched = new Set<UserId>();
  for (const endorsement of found.enrolled.endorsements) {
    const isOwn = endorsement.signer === of.signer;
    const keys = isOwn
      ? before.filter(({ event }) => hasSeen(found.event, event))
      : await of.keysOf(endorsement.signer);
    if (!(await vouchesFor(endorsement, keys, message))) continue;
    if (isOwn) return true;
    vouched.add(endorsement.signer);
  }
  return vouched.size >= VOUCHERS;
};

/** Signers who have to vouch for the key of somebody who has lost theirs. */
const VOUCHERS = 2;

const refusalOf = async (
  of: Signer,
  found: KeyEvent,
  known: { readonly keys: readonly SignerKey[]; readonly deactivations: readonly HashedEvent[] },
): Promise<SignerFault | undefined> => {
  const { event, enrolled, replaced } = found;
  const unknown = (what: string): SignerFault => ({ code: 'esign.key-unknown', event, what });
  const message = possessionMessage(of.tenant, statementOf(of.signer, enrolled));
  const others = known.keys.filter((key) => key.event !== event);
  if (!replaced && others.some((key) => key.enrolled.endorsements.length === 0 && hasSeen(event, key.event)))
    return { code: 'esign.signer-reused', event, what: 'enrolled before' };
  if (known.deactivations.some((end) => hasSeen(event, end))) return unknown('the signer had been deactivated');
  if (!(await verifySignature(enrolled.publicKey, enrolled.possession, message))) return unknown('possession');
  if (replaced && !(await isEndorsed(of, found, others))) return unknown('endorsements');
  return undefined;
};

const isConcurrent = (a: HashedEvent, b: HashedEvent): boolean => a !== b && !hasSeen(a, b) && !hasSeen(b, a);

const weigh = async (of: Signer, events: readonly HashedEvent[]): Promise<SignerHistory> => {
  const ordered = inOrder(events);
  const read = ordered.slice(0, SIGNER_EVENTS_MAX).flatMap((event) => readEvent(of.signer, event) ?? []);
  const faults = read.flatMap((each) => (each.kind === 'fault' ? [each.fault] : []));
  for (const event of ordered.slice(SIGNER_EVENTS_MAX, SIGNER_EVENTS_MAX + 1))
    faults.push({ code: 'esign.malformed', event, what: 'too many events of one signer' });
  const eventsOf = (kind: 'confirmed' | 'deactivated') =>
    read.flatMap((each) => (each.kind === kind ? [each.event] : []));
  const deactivations = eventsOf('deactivated');
  const keyEvents = read.flatMap((each) => (each.kind === 'key' ? [each] : []));
  const first = keyEvents.filter(({ replaced }) => !replaced);
  const keys: SignerKey[] = [];
  for (const found of keyEvents) {
    const { event, enrolled, replaced } = found;
    const fault = await refusalOf(of, found, { keys, deactivations });
    const contested = replaced
      ? keys.some((key) => key.contested && hasSeen(event, key.event))
      : first.some((other) => isConcurrent(other.event, event));
    if (fault !== undefined) faults.push(fault);
    else if (contested && !replaced)
      faults.push({ code: 'esign.signer-reused', event, what: 'enrolled at two places' });
    keys.push({ event, id: signingKeyId(enrolled.publicKey), enrolled, sound: fault === undefined, contested });
  }
  return { keys, confirmations: eventsOf('confirmed'), deactivations, faults };
};

const remembered = <K, V>(make: (key: K) => Promise<V>): ((key: K) => Promise<V>) => {
  const made = new Map<K, Promise<V>>();
  return (key) => {
    const value = made.get(key) ?? make(key);
    made.set(key, value);
    return value;
  };
};

/**
 * Reads what is held of signers, each once. Never throws on hostile events: what is not in its form is a fault, and counts
 * for nothing. Of those who vouch, only keys count that they enrolled or replaced themselves.
 */
export const readSigners = (tenant: TenantId, eventsOf: EventsOf): ((signer: UserId) => Promise<SignerHistory>) => {
  const keysOf = remembered(async (signer: UserId) => {
    const alone = { tenant, signer, keysOf: () => Promise.resolve([]) };
    const { keys } = await weigh(alone, await eventsOf(signer));
    return keys.filter(({ contested }) => !contested);
  });
  return remembered(async (signer) => weigh({ tenant, signer, keysOf }, await eventsOf(signer)));
};
