/** What clinical data hold: forms with their values, who recorded them, and what the reader found besides. */
import type { AdminData } from './admin.ts';
import type { Elsewhere } from './metadataModel.ts';
import type { Problem, Unrepresented } from './notices.ts';
import type { FileHeader } from './root.ts';

/** What happens to the data an element names. Only Transactional files have it; children inherit it. */
export const TRANSACTION_TYPES = ['Insert', 'Update', 'Remove', 'Upsert', 'Context'] as const;
export type TransactionType = (typeof TRANSACTION_TYPES)[number];

/** Who recorded something, where, when and why, as in the file. */
export type AuditInfo = {
  /** The n-th audit record of the file, from 1. */
  readonly ordinal: number;
  readonly line: number;
  readonly userOid?: string;
  readonly locationOid?: string;
  /** DateTimeStamp, as in the file, unchecked. */
  readonly at?: string;
  readonly reason?: string;
  readonly sourceId?: string;
  readonly editPoint?: string;
  readonly usedImputationMethod?: boolean;
  readonly id?: string;
};

/** Which enclosing element an audit record came from: the nearest one that has one. */
export type AuditLevel = 'item' | 'group' | 'form' | 'event' | 'subject';

/** An audit record with the level it came from; both or neither. */
export type Audited = { readonly audit?: AuditInfo; readonly auditLevel?: AuditLevel };

/** One value of one item. `value` is null when the file says that there is none, or removes it. */
export type ItemValue = Audited & {
  readonly itemGroupOid: string;
  readonly itemGroupRepeatKey?: string;
  readonly itemOid: string;
  readonly value: string | null;
  /** Its own or the inherited one. `Context` is not a change. */
  readonly transactionType?: TransactionType;
  readonly measurementUnitOid?: string;
  readonly line: number;
};

/** The removal of all values of a form or of one of its item groups, before the item at index `before`. */
export type Removal = Audited & {
  readonly scope: 'form' | 'group';
  readonly itemGroupOid?: string;
  readonly itemGroupRepeatKey?: string;
  readonly before: number;
  readonly line: number;
};

/** What names one form of one subject. */
export type FormKey = {
  readonly subjectKey: string;
  readonly studyEventOid: string;
  readonly studyEventRepeatKey?: string;
  readonly formOid: string;
  readonly formRepeatKey?: string;
};

/** One FormData element, with its values in the order of the file. */
export type FormRecord = FormKey & {
  readonly studyOid: string;
  readonly metaDataVersionOid: string;
  readonly siteOid?: string;
  readonly transactionType?: TransactionType;
  readonly items: readonly ItemValue[];
  readonly removals: readonly Removal[];
  readonly line: number;
};

/** One SubjectData element, also of a subject without any form. */
export type SubjectRecord = {
  readonly studyOid: string;
  readonly subjectKey: string;
  readonly siteOid?: string;
  readonly investigatorOid?: string;
  readonly transactionType?: TransactionType;
  readonly audit?: AuditInfo;
  readonly itemValues: number;
  readonly line: number;
};

/** How often each element occurs in the file. */
export type ClinicalCounts = {
  readonly subjectData: number;
  readonly studyEvents: number;
  readonly forms: number;
  readonly itemGroups: number;
  readonly itemValues: number;
  readonly audits: number;
};

/** What a reading found so far; complete when `finished`. */
export type ClinicalReport = {
  readonly finished: boolean;
  readonly file?: FileHeader;
  readonly subjects: readonly SubjectRecord[];
  readonly counts: ClinicalCounts;
  readonly admin: AdminData;
  readonly elsewhere: readonly Elsewhere[];
  readonly unrepresented: readonly Unrepresented[];
  readonly problems: readonly Problem[];
};
