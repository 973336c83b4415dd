/** Enrolling signers: the public half of a person's key, with the proof that its holder has the other half. */
import { type UserId, userId } from '../core/ids.ts';
import { toBase64 } from '../crypto/bytes.ts';
import { checkEnrolledKey } from '../crypto/signer.ts';
import {
  endorsementMessage,
  type IdentityProof,
  type KeyStatement,
  possessionMessage,
  signingKeyId,
} from '../crypto/signerKey.ts';
import { Signer, type SignerKeyReplacedPayload } from '../machines/clinical/index.ts';
import type { SendOutcome, Store } from '../store/types.ts';
import type { SigningHand } from './signingSession.ts';

/** A person to be enrolled. `id`: the user id, which nobody else may ever have. */
export type Enrolment = {
  readonly id: string;
  /** As it is to be shown beside each signature. */
  readonly printedName: string;
  /** Where the proof of identity is filed and when the person was certified to the authority; null if not kept here. */
  readonly identity: IdentityProof | null;
};

/** The word of a signer's key for another key. */
export type EndorsementText = SignerKeyReplacedPayload['endorsements'][number];

const statementOf = ({ id, printedName, identity }: Enrolment, publicKey: KeyStatement['publicKey']): KeyStatement => ({
  ...{ signer: userId(id), printedName, publicKey, identity },
});

/** What an enrolment says of a key, with the proof that whoever enrols it has it. */
export const keyPayload = async (store: Store, enrolment: Enrolment, hand: SigningHand) => ({
  printedName: enrolment.printedName,
  publicKey: toBase64(await checkEnrolledKey(hand.publicKey)),
  identity: enrolment.identity,
  possession: toBase64(await hand.sign(possessionMessage(store.tenant, statementOf(enrolment, hand.publicKey)))),
});

/**
 * Enrols a signer with their key. Refused (`illegal`) if the id was ever enrolled.
 * @throws StoreError `append.invalid` (a name or date that is none), `key.malformed`, `storage.*`, what `hand` throws
 */
export const enrolSigner = async (store: Store, enrolment: Enrolment, hand: SigningHand): Promise<SendOutcome> =>
  store.aggregate(Signer, enrolment.id).send({ type: 'SignerEnrolled', ...(await keyPayload(store, enrolment, hand)) });

/** Records that whoever acts now has confirmed the accountability statement as it was shown. */
export const confirmAccountability = (store: Store, statement: string): Promise<SendOutcome> =>
  store.aggregate(Signer, store.actor().user).send({ type: 'AccountabilityConfirmed', statement });

/** Vouches for a new key: by the signer's own key before it, or as one of two other signers. */
export const endorseKey = async (
  store: Store,
  enrolment: Enrolment & { readonly publicKey: KeyStatement['publicKey'] },
  by: { readonly user: UserId; readonly hand: SigningHand },
): Promise<EndorsementText> => {
  const statement = statementOf(enrolment, await checkEnrolledKey(enrolment.publicKey));
  return {
    signer: by.user,
    key: signingKeyId(by.hand.publicKey),
    signature: toBase64(await by.hand.sign(endorsementMessage(store.tenant, statement))),
  };
};
