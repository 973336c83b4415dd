/**
 * Says whether an act of an electronic signature holds, from events alone: the exact records, the signer's key, its force,
 * the accountability of the signer. A device and an auditor ask the same.
 *
 * Invariant: an act without fault was made with the private half of a key enrolled for its signer, over exactly the events
 * named; no database access makes one. Laws: `signatures.test` (of the verifier), `signedAct.laws`.
 */
import { isStoreError } from '../core/errors.ts';
import type { Hash32, ReplicaId, StreamId, TenantId, UserId } from '../core/ids.ts';
import { sameBytes, toBase64, toHex32 } from './bytes.ts';
import {
  ACTS,
  type Act,
  actMessage,
  readSignedAct,
  type SignedAct,
  type SignedEvent,
  type SignedStream,
  signedEvents,
} from './signedAct.ts';
import { verifySignature } from './signer.ts';
import { type HashedEvent, hasSeen } from './signerEvents.ts';
import type { SignerHistory, SignerKey } from './signerHistory.ts';

/** Something wrong with an act. `what` may name the event concerned as `replica/sequence`. */
export type ActFault = {
  readonly code:
    | 'esign.changed'
    | 'esign.invalid'
    | 'esign.key-not-in-force'
    | 'esign.key-unknown'
    | 'esign.malformed'
    | 'esign.unaccountable';
  readonly what: string;
};

/** The act of a recorded event, or what is wrong with it. */
export type ReadAct =
  | { readonly kind: 'act'; readonly event: HashedEvent; readonly act: Act; readonly content: SignedAct }
  | { readonly kind: 'fault'; readonly event: HashedEvent; readonly fault: ActFault };

/** Reads an event of a signature's stream. Never throws on hostile events. */
export const readAct = (event: HashedEvent): ReadAct => {
  const { type, schema, payload } = event.body;
  const malformed = (what: string): ReadAct => ({ kind: 'fault', event, fault: { code: 'esign.malformed', what } });
  const act = ACTS.find((known) => known === type);
  if (act === undefined) return malformed('unknown event');
  if (schema !== 1) return malformed('written by a newer version');
  try {
    return { kind: 'act', event, act, content: readSignedAct(payload) };
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return malformed(String(error.details['what'] ?? error.code));
  }
};

/** What is held beside the act itself. */
export type ActEvidence = {
  readonly tenant: TenantId;
  readonly signer: (signer: UserId) => Promise<SignerHistory>;
  /** The event held at a place. */
  readonly find: (place: {
    readonly replica: ReplicaId;
    readonly sequence: number;
  }) => { readonly leaf: Hash32; readonly stream: StreamId } | undefined;
  /** Leaf hash and signer of the signature (`Signed`) that stands in a stream. */
  readonly signed: (stream: StreamId) => readonly { readonly leaf: Hash32; readonly signer: UserId }[];
};

export type ActCheck = {
  readonly faults: readonly ActFault[];
  readonly key: SignerKey | undefined;
  /** The signer's id was enrolled at two places, so whose signature it is cannot be told. */
  readonly contested: boolean;
  /** The key's force ended on another device; whether before or after the act cannot be told. */
  readonly keyEnded: boolean;
  /** The signer proposed the key, and too few have vouched for it. */
  readonly unendorsed: boolean;
};

const checkRecords = (records: readonly SignedStream[], find: ActEvidence['find']): readonly ActFault[] => {
  for (const record of records) {
    for (const { replica, sequence, leaf } of signedEvents(record)) {
      const held = find({ replica, sequence });
      const what = `event ${replica}/${sequence}`;
      if (held === undefined) return [{ code: 'esign.changed', what: `${what} is missing` }];
      if (toBase64(held.leaf) !== leaf || held.stream !== record.stream) return [{ code: 'esign.changed', what }];
    }
  }
  return [];
};

const leavesIn = (records: readonly SignedStream[], stream: StreamId): readonly string[] =>
  records.filter((record) => record.stream === stream).flatMap(({ runs }) => runs.flatMap(({ leaves }) => leaves));

/** A first signature rests on no other act of its stream; the others name the signature that they are about. */
const checkSubject = (
  { act, event, content }: Extract<ReadAct, { readonly kind: 'act' }>,
  { signed }: ActEvidence,
): readonly ActFault[] => {
  const { stream } = event.body;
  const named = leavesIn(content.records, stream);
  if (act === 'Signed') {
    const isOnly = signed(stream).every(({ leaf }) => sameBytes(leaf, event.leaf));
    return named.length === 0 && isOnly ? [] : [{ code: 'esign.malformed', what: 'signed twice' }];
  }
  const subject = signed(stream).find(({ leaf }) => named.includes(toBase64(leaf)));
  if (subject === undefined) return [{ code: 'esign.malformed', what: 'does not name the signature' }];
  const isBySigner = subject.signer === content.signer;
  if (act === 'SignatureWithdrawn' && !isBySigner) return [{ code: 'esign.invalid', what: 'withdrawn by another' }];
  return act === 'CounterSigned' && isBySigner ? [{ code: 'esign.invalid', what: 'counter-signed by the signer' }] : [];
};

/**
 * Events that end the force of a key: a deactivation, or what put a sound key in its place, unless the key came after it. A key
 * that was proposed and not endorsed ends none.
 */
const endsOf = (key: SignerKey, { keys, deactivations }: SignerHistory): readonly HashedEvent[] => {
  const later = keys.filter((other) => other !== key && other.sound && other.origin !== 'enrolled');
  return [...deactivations, ...later.map(({ since }) => since)].filter((end) => !hasSeen(key.event, end));
};

const isAfter = (event: HashedEvent, end: HashedEvent): boolean =>
  event.context.replica === end.context.replica && event.body.sequence > end.body.sequence;

type SignerCheck = Pick<ActCheck, 'key' | 'keyEnded' | 'faults'>;

const checkSigner = (event: HashedEvent, content: SignedAct, history: SignerHistory): SignerCheck => {
  const key = history.keys.find(({ id, event: by }) => id === content.key && toHex32(by.leaf) === content.enrolled);
  if (key === undefined || !(key.sound || key.unendorsed))
    return {
      key,
      keyEnded: false,
      faults: [{ code: 'esign.key-unknown', what: key ? 'not in force' : 'not enrolled' }],
    };
  const ends = endsOf(key, history);
  const isConfirmed = history.confirmations.some(({ leaf }) => toHex32(leaf) === content.confirmed);
  const isNamed = key.enrolled.printedName === content.printedName;
  const isEnded = ends.some((end) => isAfter(event, end));
  return {
    key,
    keyEnded: ends.some((end) => end.context.replica !== event.context.replica),
    faults: [
      ...(isNamed ? [] : [{ code: 'esign.invalid', what: 'printed name' } as const]),
      ...(isEnded ? [{ code: 'esign.key-not-in-force', what: 'ended before' } as const] : []),
      ...(isConfirmed ? [] : [{ code: 'esign.unaccountable', what: 'no confirmation' } as const]),
    ],
  };
};

/** Checks one act. A clean answer says nothing about later events: `countLater` does. */
export const checkAct = async (
  read: Extract<ReadAct, { readonly kind: 'act' }>,
  evidence: ActEvidence,
): Promise<ActCheck> => {
  const { event, act, content } = read;
  const history = await evidence.signer(content.signer);
  const { key, keyEnded, faults } = checkSigner(event, content, history);
  const place = { act, tenant: evidence.tenant, stream: event.body.stream };
  const isOwn = event.context.actor.user === content.signer;
  const isMade =
    key === undefined || (await verifySignature(key.enrolled.publicKey, content.signature, actMessage(place, content)));
  return {
    key,
    contested: key?.contested === true,
    unendorsed: key?.unendorsed === true,
    keyEnded,
    faults: [
      ...faults,
      ...(isOwn ? [] : [{ code: 'esign.invalid', what: 'recorded by another user' } as const]),
      ...(isMade ? [] : [{ code: 'esign.invalid', what: 'signature' } as const]),
      ...checkSubject(read, evidence),
      ...checkRecords(content.records, evidence.find),
    ],
  };
};

/** How many events of each type a stream has. */
export type TypeCounts = ReadonlyMap<string, number>;

/**
 * Number of events in a signed stream that the signature does not cover and that change data: whoever relies on it has to
 * look at them. Whether they came later, or were made elsewhere before and arrived later, makes no difference: the signer has
 * not seen them.
 * @param held  the events of the stream that are held
 * @param typeOf  the type of a signed event that is held; undefined for one that is not
 */
export const countLater = (
  record: SignedStream,
  held: TypeCounts,
  typeOf: (event: SignedEvent) => string | undefined,
): number => {
  const status = new Set<string>(record.statusTypes);
  let later = 0;
  for (const count of held.values()) later += count;
  for (const type of status) later -= held.get(type) ?? 0;
  for (const event of signedEvents(record)) {
    const type = typeOf(event);
    if (type !== undefined && !status.has(type)) later -= 1;
  }
  return later;
};

/** What a signature is worth now: the first of these that applies. `unendorsed`: by a key for which too few have vouched. */
export type SignatureState = 'invalid' | 'contested' | 'withdrawn' | 'unendorsed' | 'changed-since' | 'intact';

/** The state of an act from what was found of it. */
export const stateOf = (found: {
  readonly faulty: boolean;
  readonly contested: boolean;
  readonly withdrawn: boolean;
  readonly unendorsed: boolean;
  readonly later: number;
}): SignatureState => {
  if (found.faulty) return 'invalid';
  if (found.contested) return 'contested';
  if (found.withdrawn) return 'withdrawn';
  if (found.unendorsed) return 'unendorsed';
  return found.later > 0 ? 'changed-since' : 'intact';
};
