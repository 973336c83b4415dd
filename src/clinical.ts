/** Clinical data capture: the form aggregate and the reader of CDISC ODM files. Names are listed by hand. */
export { Form, type FormContext, type ItemRecordedPayload, itemKey } from './machines/clinical/form.ts';
export * from './odm/index.ts';
