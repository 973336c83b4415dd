/**
 * What the events of one signer say: the keys that were in force, since when and until when, who vouched for them, what was
 * confirmed, and what is wrong. It needs the events alone, so a device and an auditor come to the same.
 *
 * Invariants: a key counts if its holder signed for it and it was enrolled first, or its predecessor vouches for it, or two
 * other signers do; nobody else can put one in force, whatever they can write into a database. One that its holder proposed
 * and nobody has vouched for enough is told as such, and ends no other. Laws: `signerHistory.test`, `endorsements.test`.
 */
import type { Hash32Hex, TenantId, UserId } from '../core/ids.ts';
import { verifySignature } from './signer.ts';
import {
  type HashedEvent,
  hasSeen,
  inOrder,
  type KeyEvent,
  type KeyOrigin,
  readSignerEvent,
  type SignerFault,
  type WordEvent,
} from './signerEvents.ts';
import {
  type Endorsement,
  type EnrolledKey,
  endorsementMessage,
  type KeyStatement,
  possessionMessage,
  signingKeyId,
  type WordRole,
} from './signerKey.ts';

/** Somebody whose word for a key holds, and by which key of theirs they gave it. */
export type Voucher = { readonly signer: UserId; readonly key: Hash32Hex; readonly as: WordRole };

/** A key of a signer. `contested`: another enrolment claims the same id. */
export type SignerKey = {
  readonly event: HashedEvent;
  readonly id: Hash32Hex;
  readonly enrolled: EnrolledKey;
  readonly origin: KeyOrigin;
  /** Somebody entitled put it in force. */
  readonly sound: boolean;
  /** Its holder proposed it, and too few have vouched for it: what it signs is the holder's by their own word alone. */
  readonly unendorsed: boolean;
  /** Whose word for it holds, in the order of their words. */
  readonly vouchers: readonly Voucher[];
  /** The event that put it in force. */
  readonly since: HashedEvent;
  readonly contested: boolean;
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

/** What was read of a signer, and what was made of it so far. */
type Known = {
  readonly keys: readonly SignerKey[];
  readonly words: readonly WordEvent[];
  readonly deactivations: readonly HashedEvent[];
};

type Given = { readonly endorsement: Endorsement; readonly as: WordRole; readonly event: HashedEvent };

/** The words for a key, as they were given: in its own event, or in events that had not seen the signer's end. */
const givenFor = ({ signer }: Signer, found: KeyEvent, { words, deactivations }: Known): readonly Given[] => {
  const { event, enrolled, origin } = found;
  if (origin !== 'proposed')
    return enrolled.endorsements.map((endorsement) => ({
      ...{ endorsement, event, as: endorsement.signer === signer ? ('self' as const) : ('signer' as const) },
    }));
  const id = signingKeyId(enrolled.publicKey);
  const counts = ({ event: by, word }: WordEvent) =>
    word.proposed === id && hasSeen(by, event) && !deactivations.some((end) => hasSeen(by, end));
  return words.filter(counts).map(({ event: by, word }) => ({ endorsement: word, as: word.as, event: by }));
};

/** Signers who have to vouch for the key of somebody who has lost theirs. */
const VOUCHERS = 2;

/** The signer's own word suffices, or two others'; of those for a proposed key one has to administer the study. */
const suffices = (vouchers: readonly Voucher[], origin: KeyOrigin): boolean => {
  if (vouchers.some(({ as }) => as === 'self')) return true;
  const isLed = origin === 'replaced' || vouchers.some(({ as }) => as === 'administrator');
  return isLed && new Set(vouchers.map(({ signer }) => signer)).size >= VOUCHERS;
};

type Weighed = { readonly vouchers: readonly Voucher[]; readonly since: HashedEvent | undefined };

/** Whose words for a key hold, and the event with which they sufficed. */
const weighWords = async (of: Signer, found: KeyEvent, known: Known): Promise<Weighed> => {
  const message = endorsementMessage(of.tenant, statementOf(of.signer, found.enrolled));
  const vouchers: Voucher[] = [];
  let since: HashedEvent | undefined;
  for (const { endorsement, as, event } of givenFor(of, found, known)) {
    const { signer, key } = endorsement;
    const keys =
      as === 'self'
        ? known.keys.filter((before) => before.event !== found.event && hasSeen(found.event, before.event))
        : await of.keysOf(signer);
    if (!(await vouchesFor(endorsement, keys, message))) continue;
    vouchers.push({ signer, key, as });
    if (since === undefined && suffices(vouchers, found.origin)) since = event;
  }
  return { vouchers, since };
};

const refusalOf = async (of: Signer, found: KeyEvent, known: Known): Promise<SignerFault | undefined> => {
  const { event, enrolled, origin } = found;
  const unknown = (what: string): SignerFault => ({ code: 'esign.key-unknown', event, what });
  const isFirst = (key: SignerKey) => key.origin === 'enrolled' && key.event !== event;
  if (origin === 'enrolled' && known.keys.some((key) => isFirst(key) && hasSeen(event, key.event)))
    return { code: 'esign.signer-reused', event, what: 'enrolled before' };
  if (known.deactivations.some((end) => hasSeen(event, end))) return unknown('the signer had been deactivated');
  const message = possessionMessage(of.tenant, statementOf(of.signer, enrolled));
  if (!(await verifySignature(enrolled.publicKey, enrolled.possession, message))) return unknown('possession');
  return undefined;
};

const isConcurrent = (a: HashedEvent, b: HashedEvent): boolean => a !== b && !hasSeen(a, b) && !hasSeen(b, a);

/** A key by what was read so far, and what is wrong with its event. */
const weighKey = async (
  of: Signer,
  found: KeyEvent,
  known: Known,
  first: readonly KeyEvent[],
): Promise<{ readonly key: SignerKey; readonly fault: SignerFault | undefined }> => {
  const { event, enrolled, origin } = found;
  const isFirst = origin === 'enrolled';
  const contested = isFirst
    ? first.some((other) => isConcurrent(other.event, event))
    : known.keys.some((key) => key.contested && hasSeen(event, key.event));
  const refusal = await refusalOf(of, found, known);
  const { vouchers, since } =
    refusal === undefined && !isFirst ? await weighWords(of, found, known) : { vouchers: [], since: event };
  const isWordless = refusal === undefined && since === undefined;
  const unheard: SignerFault = { code: 'esign.key-unknown', event, what: 'endorsements' };
  const twice: SignerFault = { code: 'esign.signer-reused', event, what: 'enrolled at two places' };
  const own = isWordless && origin === 'replaced' ? unheard : contested && isFirst ? twice : undefined;
  const key = {
    ...{ event, id: signingKeyId(enrolled.publicKey), enrolled, origin, vouchers, since: since ?? event, contested },
    sound: refusal === undefined && since !== undefined,
    unendorsed: isWordless && origin === 'proposed',
  };
  return { key, fault: refusal ?? own };
};

const weigh = async (of: Signer, events: readonly HashedEvent[]): Promise<SignerHistory> => {
  const ordered = inOrder(events);
  const read = ordered.slice(0, SIGNER_EVENTS_MAX).map((event) => readSignerEvent(of.signer, event));
  const faults = read.flatMap((each) => (each.kind === 'fault' ? [each.fault] : []));
  for (const event of ordered.slice(SIGNER_EVENTS_MAX, SIGNER_EVENTS_MAX + 1))
    faults.push({ code: 'esign.malformed', event, what: 'too many events of one signer' });
  const eventsOf = (kind: 'confirmed' | 'deactivated') =>
    read.flatMap((each) => (each.kind === kind ? [each.event] : []));
  const deactivations = eventsOf('deactivated');
  const words = read.flatMap((each) => (each.kind === 'word' ? [each] : []));
  const keyEvents = read.flatMap((each) => (each.kind === 'key' ? [each] : []));
  const first = keyEvents.filter(({ origin }) => origin === 'enrolled');
  const keys: SignerKey[] = [];
  for (const found of keyEvents) {
    const { key, fault } = await weighKey(of, found, { keys, words, deactivations }, first);
    if (fault !== undefined) faults.push(fault);
    keys.push(key);
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
