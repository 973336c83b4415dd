/** What each level of clinical data hands down to the next: the transaction type and the audit record in force. */
import type { AuditReader } from './audit.ts';
import type { Audited, AuditLevel, TransactionType } from './clinicalModel.ts';
import { TRANSACTION_TYPES } from './clinicalModel.ts';
import type { Conformity } from './conformity.ts';
import type { Notices } from './notices.ts';
import { optional } from './optional.ts';
import type { OdmElement } from './tree.ts';
import { placeOf, takeOneOf } from './tree.ts';

/** What the levels below share. `counts` is what the report gives. */
export type ClinicalContext = {
  readonly notices: Notices;
  readonly audits: AuditReader;
  readonly conformity: Conformity;
  readonly transactional: boolean;
  readonly studyOid: string;
  readonly metaDataVersionOid: string;
  readonly counts: { studyEvents: number; forms: number; itemGroups: number; itemValues: number };
};

/** What a level hands down to the next. */
export type Scope = Audited & { readonly transactionType?: TransactionType };

/** The transaction type in force at an element: its own, or the one handed down. A Snapshot has none. */
export const takeTransaction = (
  element: OdmElement,
  path: string,
  above: Scope,
  context: ClinicalContext,
): { readonly transactionType?: TransactionType } => {
  const own = takeOneOf(element, 'TransactionType', TRANSACTION_TYPES, path, context.notices);
  if (context.transactional) return optional('transactionType', own ?? above.transactionType);
  if (own !== undefined && own !== 'Insert') {
    const what = 'TransactionType other than Insert has no effect in a Snapshot file';
    context.notices.problem('import.contradiction', placeOf(element, path), what);
  }
  return {};
};

/** Takes the element's own audit record out of its children; without one, the one above goes on. */
export const takeAudit = (
  element: OdmElement,
  path: string,
  level: AuditLevel,
  above: Audited,
  context: ClinicalContext,
): Audited => {
  const at = element.children.findIndex(({ name }) => name === 'AuditRecord');
  const [record] = at < 0 ? [] : element.children.splice(at, 1);
  if (record !== undefined) return { audit: context.audits.read(record, `${path}/AuditRecord`), auditLevel: level };
  const { audit, auditLevel } = above;
  return { ...optional('audit', audit), ...optional('auditLevel', auditLevel) };
};
