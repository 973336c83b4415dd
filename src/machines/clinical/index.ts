/** The shipped aggregates of clinical data capture. Names are listed by hand. */
export { Access, grantsOwed, type OwedGrant, rotationsDue } from './access.ts';
export type { DeviceRequestedPayload, KeyGrantedPayload, MemberPayload } from './accessEvents.ts';
export {
  type AccessContext,
  type DeviceHolder,
  entryOf,
  isEntitled,
  type MadeKey,
  type Member,
  RECOVERY_USER,
  type RecoveryKey,
} from './accessList.ts';
export { ADMINISTRATION, isAdministrator, isLetIn } from './accessRules.ts';
export {
  type ActPayload,
  ElectronicSignature,
  MEANINGS,
  type ShownAct,
  type SignatureContext,
} from './electronicSignature.ts';
export { Erasure, type ErasureContext, type ErasureDonePayload, type ErasureRequestedPayload } from './erasure.ts';
export { FailedUnlock, type FailedUnlockContext, type UnlockFailedPayload } from './failedUnlock.ts';
export { Form, type FormContext, type ItemRecordedPayload, itemKey } from './form.ts';
export {
  type AccountabilityConfirmedPayload,
  Signer,
  type SignerContext,
  type SignerEnrolledPayload,
  type SignerKeyReplacedPayload,
} from './signer.ts';
