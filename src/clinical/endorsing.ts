/**
 * A new signing key for somebody whose old one is gone or lies on another device: its holder proposes it, and it is the holder's by
 * their own word alone until the key before it vouches, or two other signers do, one of whom administers the study. Nothing of the
 * old key is needed or recovered. Laws: `endorsing.test`.
 */
import { isStoreError } from '../core/errors.ts';
import { eventType, userId } from '../core/ids.ts';
import { signerStream } from '../crypto/signerEvents.ts';
import type { SignerKey } from '../crypto/signerHistory.ts';
import { signingKeyId, type WordRole } from '../crypto/signerKey.ts';
import { mayRecordElsewhere } from '../machines/clinical/accessRules.ts';
import { type AccessContext, isAdministrator, Signer } from '../machines/clinical/index.ts';
import type { SendOutcome, Store } from '../store/types.ts';
import { accessOf } from './access.ts';
import { type EndorsementText, type Enrolment, endorseKey, keyPayload } from './enrolment.ts';
import { signersOf } from './signers.ts';
import type { SigningHand } from './signingSession.ts';

/** Who may do what; `undefined` where the store has no list, or nobody is in it: then nothing is judged. */
const listOf = (store: Store): AccessContext | undefined => {
  try {
    const { context } = accessOf(store).state();
    return Object.keys(context.users).length === 0 ? undefined : context;
  } catch (error) {
    if (isStoreError(error, 'aggregate.unknown-type')) return undefined;
    throw error;
  }
};

const whoActs = (store: Store) => ({ user: store.actor().user, replica: store.replica });

type SignerSent = Extract<
  Parameters<ReturnType<typeof signerOf>['send']>[0],
  { readonly type: 'SignerKeyProposed' | 'SignerKeyEndorsed' | 'SignerKeyReplaced' }
>;
const signerOf = (store: Store, signer: string) => store.aggregate(Signer, signer);

/** Records it, unless the server would refuse it of whoever acts here. */
const sendIfPermitted = async (
  store: Store,
  signer: string,
  event: SignerSent,
  reason: string,
): Promise<SendOutcome> => {
  const handle = signerOf(store, signer);
  const context = listOf(store);
  const { type, ...payload } = event;
  const judged = { stream: signerStream(userId(signer)), type: eventType(type), payload, author: whoActs(store) };
  if (context !== undefined && !mayRecordElsewhere(judged, context))
    return { kind: 'refused', why: 'not-permitted', state: JSON.stringify(handle.state().value) };
  return handle.send(event, { reason });
};

/**
 * Proposes a new key for whoever acts here, who is a signer already. From then on they can sign with it, and what they sign is marked until
 * others have vouched for it; then it takes the place of the one before. `not-permitted`: this device was not let in for them.
 * @throws StoreError as `enrolSigner`
 */
export const proposeSignerKey = async (
  store: Store,
  proposal: Omit<Enrolment, 'id'> & { readonly reason: string },
  hand: SigningHand,
): Promise<SendOutcome> => {
  const { reason, printedName, identity } = proposal;
  const id = store.actor().user;
  const payload = await keyPayload(store, { id, printedName, identity }, hand);
  return sendIfPermitted(store, id, { type: 'SignerKeyProposed', ...payload }, reason);
};

export type EndorseOutcome =
  | SendOutcome
  /** `no-proposal`: nobody proposed this key, or enough have vouched. `no-voucher`: the key given is none whose word counts. */
  | { readonly kind: 'no-word'; readonly why: 'no-proposal' | 'no-voucher' };

/** Keys whose word counts: in force, and not by the word of others. */
const isVoucher = ({ sound, contested, origin, vouchers }: SignerKey): boolean =>
  sound && !contested && (origin === 'enrolled' || vouchers.some(({ as }) => as === 'self'));

const roleOf = (store: Store, signer: string): WordRole => {
  if (store.actor().user === signer) return 'self';
  const context = listOf(store);
  return context === undefined || isAdministrator(context, whoActs(store)) ? 'administrator' : 'signer';
};

/**
 * Vouches, as whoever acts here, for a key that was proposed: compare its id with the person first, who sees it on their device.
 * `not-permitted`: this device was not let in for whoever acts.
 * @param hand  of a signing key of whoever acts, in force by its own enrolment
 * @throws StoreError `append.invalid`, `storage.*`, what `hand` throws
 */
export const endorseSignerKey = async (
  store: Store,
  proposed: { readonly signer: string; readonly key: string; readonly reason: string },
  hand: SigningHand,
): Promise<EndorseOutcome> => {
  const { signer, key, reason } = proposed;
  const { user } = store.actor();
  const historyOf = await signersOf(store);
  const found = (await historyOf(userId(signer))).keys.find(({ id, unendorsed }) => unendorsed && id === key);
  if (found === undefined) return { kind: 'no-word', why: 'no-proposal' };
  const own = signingKeyId(hand.publicKey);
  if (!(await historyOf(user)).keys.some((each) => each.id === own && isVoucher(each)))
    return { kind: 'no-word', why: 'no-voucher' };
  const word = await endorseKey(store, { id: signer, ...found.enrolled }, { user, hand });
  return sendIfPermitted(
    store,
    signer,
    { type: 'SignerKeyEndorsed', ...word, proposed: key, as: roleOf(store, signer) },
    reason,
  );
};

/**
 * Puts a new key in the place of a signer's, with words that were gathered elsewhere. Without the word of those entitled it is recorded
 * and counts for nothing. `not-permitted`: where there is an access list, words of others are recorded by who administers the study.
 */
export const replaceSignerKey = async (
  store: Store,
  enrolment: Enrolment & { readonly endorsements: readonly EndorsementText[]; readonly reason: string },
  hand: SigningHand,
): Promise<SendOutcome> => {
  const { endorsements, reason } = enrolment;
  const payload = { ...(await keyPayload(store, enrolment, hand)), endorsements: [...endorsements] };
  return sendIfPermitted(store, enrolment.id, { type: 'SignerKeyReplaced', ...payload }, reason);
};
