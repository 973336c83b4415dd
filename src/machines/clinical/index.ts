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
  type DiaryContext,
  type DiaryCorrectionPayload,
  type DiaryEndPayload,
  DiaryEntry,
  type DiaryItemPayload,
  type DiaryMomentPayload,
  type DiaryWindow,
} from './diary.ts';
export {
  type ActPayload,
  ElectronicSignature,
  MEANINGS,
  type ShownAct,
  type SignatureContext,
} from './electronicSignature.ts';
export { Erasure, type ErasureContext, type ErasureDonePayload, type ErasureRequestedPayload } from './erasure.ts';
export { FailedUnlock, type FailedUnlockContext, type UnlockFailedPayload } from './failedUnlock.ts';
export {
  FORM_STATUS_EVENTS,
  Form,
  type FormContext,
  type FormSignedPayload,
  type FormStage,
  type ItemRecordedPayload,
  itemKey,
} from './form.ts';
export {
  Query,
  type QueryContext,
  type QueryEntry,
  type QueryOpenedPayload,
  type QueryTextPayload,
} from './query.ts';
export {
  type AccountabilityConfirmedPayload,
  Signer,
  type SignerContext,
  type SignerEnrolledPayload,
  type SignerKeyReplacedPayload,
} from './signer.ts';
export {
  Subject,
  type SubjectContext,
  type SubjectCorrectedPayload,
  type SubjectScreenedPayload,
  type SubjectStepPayload,
} from './subject.ts';
export { Visit, type VisitContext, type VisitDayPayload, type VisitPlannedPayload } from './visit.ts';
