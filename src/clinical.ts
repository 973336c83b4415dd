/** Clinical data capture: the form, signers and electronic signatures, and the reader of CDISC ODM files. */
export * from './clinical/index.ts';
export * from './machines/clinical/index.ts';
export * from './odm/index.ts';
