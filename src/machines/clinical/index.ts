/** The shipped aggregates of clinical data capture. Names are listed by hand. */
export {
  type ActPayload,
  ElectronicSignature,
  MEANINGS,
  type ShownAct,
  type SignatureContext,
} from './electronicSignature.ts';
export { Form, type FormContext, type ItemRecordedPayload, itemKey } from './form.ts';
export {
  type AccountabilityConfirmedPayload,
  Signer,
  type SignerContext,
  type SignerEnrolledPayload,
  type SignerKeyReplacedPayload,
} from './signer.ts';
