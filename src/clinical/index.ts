/** Signing, access and erasure in an application: enrolment, sessions, acts, keys, and what is shown of them. Names are listed by hand. */

export {
  ERASURE_GROUNDS,
  type ErasedPlace,
  type ErasureGround,
  type ErasureStep,
  type ErasureTarget,
} from '../core/erasure.ts';
export { signature64 } from '../core/ids.ts';
export { holderFingerprint } from '../crypto/holder.ts';
export { signedAtText, statementHash } from '../crypto/signedAct.ts';
export { type AccessEntry, type AccessTime, accessAt, accessNow, accessOf, FailedUnlocks } from './access.ts';
export { copyOf } from './copies.ts';
export { type EndorseOutcome, endorseSignerKey, proposeSignerKey, replaceSignerKey } from './endorsing.ts';
export {
  confirmAccountability,
  type EndorsementText,
  type Enrolment,
  endorseKey,
  enrolSigner,
} from './enrolment.ts';
export {
  type CarriedOut,
  carryOutErasure,
  type ErasingKeys,
  type ErasureFollower,
  followErasures,
  redactValue,
} from './erasing.ts';
export {
  approveErasure,
  type ErasureOutcome,
  type ErasurePolicy,
  type ErasureRejection,
  type ErasureWish,
  KEEP_TRIAL_RECORD,
  refuseErasure,
  requestErasure,
} from './erasure.ts';
export { type ErasureDevice, ErasureIndex, type ErasureShown, erasuresOf, watchErasures } from './erasures.ts';
export { type AccessFollower, type FollowKeys, followAccess } from './followAccess.ts';
export {
  type AccessKeys,
  beginAccess,
  type GrantOutcome,
  grantKeys,
  ownFingerprint,
  type Revocation,
  type RevocationOutcome,
  type Rotation,
  requestDevice,
  revokeAccess,
  rotateKeys,
} from './granting.ts';
export {
  makeRecoveryKey,
  type Recovered,
  type RecoveryKeys,
  type RecoveryMade,
  recoverKeys,
  releaseShare,
} from './recovery.ts';
export {
  type LaterEvent,
  type RecordOf,
  SignatureIndex,
  type SignatureManifest,
  signaturesOf,
  watchSignatures,
} from './signatures.ts';
export { keysToEndorse, SignerIndex, type SignerKeyShown, signerKeysOf } from './signers.ts';
export {
  type ActInput,
  type ActOutcome,
  type ActRefusal,
  type Also,
  counterSign,
  type ShownRecord,
  signRecords,
  withdrawSignature,
} from './signing.ts';
export {
  type Authenticate,
  type Components,
  openSigningSession,
  type Proven,
  type SigningHand,
  type SigningSession,
  type SigningSessionOptions,
} from './signingSession.ts';
