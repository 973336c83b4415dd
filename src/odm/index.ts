/** CDISC ODM 1.3.2: reading metadata and clinical data, and planning their import. Names are listed by hand. */
export type { AdminData, MetaDataVersionRef, OdmLocation, OdmUser } from './admin.ts';
export { mergeAdmin, userName } from './admin.ts';
export { textOfBlob } from './blob.ts';
export type { ClinicalOptions, ClinicalReading } from './clinicalData.ts';
export { readClinicalData } from './clinicalData.ts';
export type {
  AuditInfo,
  AuditLevel,
  ClinicalCounts,
  ClinicalReport,
  FormKey,
  FormRecord,
  ItemValue,
  Removal,
  SubjectRecord,
  TransactionType,
} from './clinicalModel.ts';
export type { ImportDraft, ImportOriginator, ImportPlan, ImportSummary, ItemRecorded, PlannedForm } from './draft.ts';
export { toOriginator } from './draft.ts';
export { formId, parseFormId } from './formId.ts';
export { ODM_LIMITS } from './limits.ts';
export type { MetadataOptions } from './metadata.ts';
export { readMetadata } from './metadata.ts';
export type {
  CodeList,
  CodeListItem,
  DefinitionRef,
  Elsewhere,
  Expression,
  FormalExpression,
  FormDef,
  ItemDef,
  ItemGroupDef,
  ItemRef,
  MeasurementUnit,
  RangeCheck,
  StudyEventDef,
  StudyMetadata,
} from './metadataModel.ts';
export type { Problem, ProblemCode, Unrepresented } from './notices.ts';
export type { Planner } from './plan.ts';
export { createPlanner, planClinicalData } from './plan.ts';
export type { FileHeader, FileType } from './root.ts';
export type { OdmSource, Progress, ReadOptions } from './source.ts';
export type { Translations } from './text.ts';
export { translated } from './text.ts';
