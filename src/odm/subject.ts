/**
 * From one SubjectData element to its forms. Audit records may stand before or after what they cover (files in the wild do
 * both), so each level is looked through for its audit record first and for its data second.
 */
import type { Audited, AuditLevel, FormKey, FormRecord, Removal, SubjectRecord } from './clinicalModel.ts';
import type { PendingItem } from './item.ts';
import { isItemName, readItem } from './item.ts';
import { optional } from './optional.ts';
import type { ClinicalContext, Scope } from './scope.ts';
import { takeAudit, takeTransaction } from './scope.ts';
import type { OdmElement, ReadChild } from './tree.ts';
import { consume, placeOf, take, takeKey } from './tree.ts';

/** A form whose items may still wait for audit records that follow later in the file. */
export type PendingForm = Omit<FormRecord, 'items'> & { readonly items: readonly PendingItem[] };

/** The removal of a whole study event or subject: all its forms known so far go. */
export type WideRemoval = Audited & {
  readonly studyEventOid?: string;
  readonly studyEventRepeatKey?: string;
  readonly line: number;
  readonly path: string;
};

export type SubjectReading = {
  readonly subject: SubjectRecord;
  readonly forms: readonly PendingForm[];
  readonly removals: readonly WideRemoval[];
};

const scopeOf = (
  element: OdmElement,
  path: string,
  level: AuditLevel,
  above: Scope,
  context: ClinicalContext,
): Scope => ({
  ...takeTransaction(element, path, above, context),
  ...takeAudit(element, path, level, above, context),
});

const auditedOf = ({ audit, auditLevel }: Scope): Audited => ({
  ...optional('audit', audit),
  ...optional('auditLevel', auditLevel),
});

type FormParts = { readonly items: PendingItem[]; readonly removals: Removal[] };

const readGroup = (
  element: OdmElement,
  path: string,
  above: Scope & { readonly formOid: string },
  form: FormParts,
  context: ClinicalContext,
): void => {
  context.counts.itemGroups += 1;
  const scope = scopeOf(element, path, 'group', above, context);
  const itemGroupOid = takeKey(element, 'ItemGroupOID', path);
  const repeat = optional('itemGroupRepeatKey', take(element, 'ItemGroupRepeatKey'));
  context.conformity.itemGroup(itemGroupOid, above.formOid, placeOf(element, path));
  const readers: Record<string, ReadChild> = {};
  const firstItem = form.items.length;
  const readOne: ReadChild = (child, childPath) => {
    form.items.push(readItem(child, childPath, { ...scope, itemGroupOid, ...repeat }, context));
  };
  for (const { name } of element.children) if (isItemName(name)) readers[name] = readOne;
  consume(element, path, readers, context.notices);
  if (scope.transactionType === 'Remove') {
    const before = form.items.length;
    form.removals.push({ scope: 'group', itemGroupOid, ...repeat, before, ...auditedOf(scope), line: element.line });
  } else if (form.items.length === firstItem) {
    context.notices.unrepresented(placeOf(element, path), 'item group without items');
  }
};

const readForm = (
  element: OdmElement,
  path: string,
  above: Scope & Omit<FormKey, 'formOid'> & { readonly siteOid?: string },
  context: ClinicalContext,
): PendingForm => {
  context.counts.forms += 1;
  const scope = scopeOf(element, path, 'form', above, context);
  const formOid = takeKey(element, 'FormOID', path);
  const { transactionType: _type, audit: _audit, auditLevel: _level, ...key } = above;
  context.conformity.form(formOid, above.studyEventOid, placeOf(element, path));
  const repeat = optional('formRepeatKey', take(element, 'FormRepeatKey'));
  const parts: FormParts = { items: [], removals: [] };
  const readers: Record<string, ReadChild> = {
    ItemGroupData: (child, childPath) => readGroup(child, childPath, { ...scope, formOid }, parts, context),
  };
  const empty = !element.children.some(({ name }) => name === 'ItemGroupData');
  consume(element, path, readers, context.notices);
  if (scope.transactionType === 'Remove') {
    parts.removals.push({ scope: 'form', before: parts.items.length, ...auditedOf(scope), line: element.line });
  } else if (empty) context.notices.unrepresented(placeOf(element, path), 'form without item groups');
  const type = optional('transactionType', scope.transactionType);
  const { studyOid, metaDataVersionOid } = context;
  return { studyOid, metaDataVersionOid, ...key, formOid, ...repeat, ...type, ...parts, line: element.line };
};

type EventReading = { readonly forms: PendingForm[]; readonly removals: WideRemoval[] };

const readStudyEvent = (
  element: OdmElement,
  path: string,
  above: Scope & { readonly subjectKey: string; readonly siteOid?: string },
  into: EventReading,
  context: ClinicalContext,
): void => {
  context.counts.studyEvents += 1;
  const scope = scopeOf(element, path, 'event', above, context);
  const studyEventOid = takeKey(element, 'StudyEventOID', path);
  const event = { studyEventOid, ...optional('studyEventRepeatKey', take(element, 'StudyEventRepeatKey')) };
  context.conformity.studyEvent(studyEventOid, placeOf(element, path));
  const key = { subjectKey: above.subjectKey, ...optional('siteOid', above.siteOid), ...event };
  const empty = !element.children.some(({ name }) => name === 'FormData');
  const readers: Record<string, ReadChild> = {
    FormData: (child, childPath) => {
      into.forms.push(readForm(child, childPath, { ...scope, ...key }, context));
    },
  };
  consume(element, path, readers, context.notices);
  if (scope.transactionType === 'Remove') {
    into.removals.push({ ...event, ...auditedOf(scope), line: element.line, path });
  } else if (empty) context.notices.unrepresented(placeOf(element, path), 'study event without forms');
};

/** SiteRef or InvestigatorRef of a subject, wherever among the children they stand. */
const takePointer = (element: OdmElement, name: string, attribute: string, path: string, context: ClinicalContext) => {
  const at = element.children.findIndex((child) => child.name === name);
  const [pointer] = at < 0 ? [] : element.children.splice(at, 1);
  if (pointer === undefined) return undefined;
  const oid = takeKey(pointer, attribute, `${path}/${name}`);
  consume(pointer, `${path}/${name}`, {}, context.notices);
  return oid;
};

/**
 * Reads one SubjectData element.
 * @throws StoreError `import.missing-attribute` when a key or OID is absent
 */
export const readSubject = (element: OdmElement, path: string, context: ClinicalContext): SubjectReading => {
  const scope = scopeOf(element, path, 'subject', {}, context);
  const subjectKey = takeKey(element, 'SubjectKey', path);
  const site = optional('siteOid', takePointer(element, 'SiteRef', 'LocationOID', path, context));
  const investigator = optional('investigatorOid', takePointer(element, 'InvestigatorRef', 'UserOID', path, context));
  const reading: EventReading = { forms: [], removals: [] };
  const above = { ...scope, subjectKey, ...site };
  const before = context.counts.itemValues;
  const readers: Record<string, ReadChild> = {
    StudyEventData: (child, childPath) => readStudyEvent(child, childPath, above, reading, context),
  };
  consume(element, path, readers, context.notices);
  const itemValues = context.counts.itemValues - before;
  if (scope.transactionType === 'Remove') reading.removals.push({ ...auditedOf(scope), line: element.line, path });
  else if (itemValues === 0) context.notices.unrepresented(placeOf(element, path), 'subject without values');
  const type = optional('transactionType', scope.transactionType);
  const own = optional('audit', scope.audit);
  const { studyOid } = context;
  const subject = { studyOid, subjectKey, ...site, ...investigator, ...type, ...own, itemValues, line: element.line };
  return { subject, ...reading };
};
