/** The events of one signer as they are recorded: read strictly, each by itself. What they add up to is `signerHistory.ts`. */
import type { CommitContext, EventBody } from '../core/envelope.ts';
import { isStoreError } from '../core/errors.ts';
import { inFoldOrder } from '../core/fold.ts';
import { aggregateId, aggregateType, type Hash32, type StreamId, streamId, type UserId } from '../core/ids.ts';
import { position } from '../core/position.ts';
import { seen } from '../core/versionVector.ts';
import { membersOf } from './signedAct.ts';
import { checkAccountability, type EnrolledKey, type KeyWord, readEnrolledKey, readKeyWord } from './signerKey.ts';

/** Type of the aggregate whose id is the signer's id, and of the aggregate of one electronic signature. */
export const SIGNER_TYPE = 'signer';
export const SIGNATURE_TYPE = 'electronicSignature';

/** An event with its leaf hash: what an export or a log holds of it. */
export type HashedEvent = { readonly leaf: Hash32; readonly body: EventBody; readonly context: CommitContext };

/** Something wrong with an event of a signer. */
export type SignerFault = {
  readonly code: 'esign.malformed' | 'esign.signer-reused' | 'esign.key-unknown';
  readonly event: HashedEvent;
  readonly what: string;
};

/** The stream of a signer: user ids and aggregate ids are the same texts. */
export const signerStream = (signer: UserId): StreamId => streamId(aggregateType(SIGNER_TYPE), aggregateId(signer));

/** True if the author of `later` had seen `earlier`, which is of the same stream; its own replica's events included. */
export const hasSeen = (later: HashedEvent, earlier: HashedEvent): boolean => {
  const { replica } = earlier.context;
  const { sequence } = earlier.body;
  if (later.context.replica === replica) return later.body.sequence > sequence;
  return seen(later.body.basis, replica) >= sequence;
};

/**
 * How a key came: first under its id, with the words for it in the same event, or proposed by its holder, with words that
 * follow as events of their own.
 */
export type KeyOrigin = 'enrolled' | 'replaced' | 'proposed';

const ORIGINS: Readonly<Record<string, KeyOrigin | undefined>> = {
  SignerEnrolled: 'enrolled',
  SignerKeyReplaced: 'replaced',
  SignerKeyProposed: 'proposed',
};

export type ReadSignerEvent =
  | { readonly kind: 'key'; readonly event: HashedEvent; readonly enrolled: EnrolledKey; readonly origin: KeyOrigin }
  | { readonly kind: 'word'; readonly event: HashedEvent; readonly word: KeyWord }
  | { readonly kind: 'confirmed' | 'deactivated'; readonly event: HashedEvent }
  | { readonly kind: 'fault'; readonly fault: SignerFault };

export type KeyEvent = Extract<ReadSignerEvent, { readonly kind: 'key' }>;
export type WordEvent = Extract<ReadSignerEvent, { readonly kind: 'word' }>;

const readKnown = (signer: UserId, event: HashedEvent): ReadSignerEvent | string => {
  const { type, payload } = event.body;
  const { user } = event.context.actor;
  const origin = ORIGINS[type];
  if (origin !== undefined) {
    const enrolled = readEnrolledKey(payload, origin === 'replaced');
    if (origin === 'proposed' && user !== signer) return 'proposed by another user';
    return { kind: 'key', event, enrolled, origin };
  }
  if (type === 'SignerKeyEndorsed') {
    const word = readKeyWord(payload, signer);
    return user === word.signer ? { kind: 'word', event, word } : 'the word of another user';
  }
  if (type === 'AccountabilityConfirmed') {
    checkAccountability(membersOf(payload, 'confirmation', ['statement'])['statement']);
    return user === signer ? { kind: 'confirmed', event } : 'confirmed by another user';
  }
  return type === 'SignerDeactivated' ? { kind: 'deactivated', event } : 'unknown event';
};

/** What an event of a signer says. Never throws on a hostile one: what is not in its form is a fault. */
export const readSignerEvent = (signer: UserId, event: HashedEvent): ReadSignerEvent => {
  const malformed = (what: string): ReadSignerEvent => ({
    kind: 'fault',
    fault: { code: 'esign.malformed', event, what },
  });
  if (event.body.schema !== 1) return malformed('written by a newer version');
  try {
    const read = readKnown(signer, event);
    return typeof read === 'string' ? malformed(read) : read;
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return malformed(String(error.details['what'] ?? error.code));
  }
};

/** In the order in which a fold takes them: causes first. */
export const inOrder = (events: readonly HashedEvent[]): readonly HashedEvent[] => {
  const hashed = new Map(events.map((event) => [event.body, event]));
  const opened = events.map(({ body, context }) => ({ body, context, position: position(0), payload: body.payload }));
  return inFoldOrder(opened).flatMap(({ body }) => hashed.get(body) ?? []);
};
