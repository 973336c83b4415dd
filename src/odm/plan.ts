/**
 * From forms as read to drafts of domain events, ready to append form by form. Pure: no clock, no storage.
 *
 * Invariants: every value that is a change becomes one draft, in the order of the file (law: “plans every value once”); what
 * a draft cannot hold is listed; a form whose id or values no event could hold is refused before anything is appended.
 */
import type { AdminData } from './admin.ts';
import { mergeAdmin, userName } from './admin.ts';
import type { ClinicalOptions } from './clinicalData.ts';
import { readClinicalData } from './clinicalData.ts';
import type { Audited, AuditInfo, ClinicalReport, FormKey, FormRecord, ItemValue, Removal } from './clinicalModel.ts';
import type { ImportDraft, ImportOriginator, ImportPlan, ImportSummary, PlannedForm } from './draft.ts';
import { checkDraft, checkFormId } from './draft.ts';
import { formId } from './formId.ts';
import type { StudyMetadata } from './metadataModel.ts';
import type { Notices } from './notices.ts';
import { createNotices, shown } from './notices.ts';
import { optional } from './optional.ts';
import type { OdmSource } from './source.ts';

const ITEM_PATH = '/ODM/ClinicalData/SubjectData/StudyEventData/FormData/ItemGroupData/ItemData';

/** Turns forms into drafts one by one. `summary` wants the report of the finished reading. */
export type Planner = {
  add(form: FormRecord): PlannedForm;
  summary(report: ClinicalReport): ImportSummary;
};

type ItemKey = { readonly group: string; readonly groupRepeat: string | null; readonly item: string };

type Totals = { plannedEvents: number; contextValues: number; withAudit: number; withoutAudit: number };

type Planning = {
  readonly metadata: StudyMetadata | undefined;
  readonly notices: Notices;
  readonly totals: Totals;
  /** Items with a value, by form and by key: what a removal has to clear, and what shows a duplicate. */
  readonly live: Map<string, Map<string, ItemKey>>;
  readonly usedAudits: Map<number, AuditInfo>;
};

const keyText = ({ group, groupRepeat, item }: ItemKey): string => JSON.stringify([group, groupRepeat, item]);

const originatorOf = ({
  audit,
  auditLevel,
}: Audited): { readonly originator?: ImportOriginator; readonly reason?: string } => {
  if (audit === undefined || auditLevel === undefined) return {};
  const originator = {
    ...optional('user', audit.userOid),
    ...optional('location', audit.locationOid),
    ...optional('at', audit.at),
    auditLevel,
  };
  return { originator, ...optional('reason', audit.reason) };
};

const noteAudit = (planning: Planning, { audit }: Audited): void => {
  if (audit === undefined) {
    planning.totals.withoutAudit += 1;
    return;
  }
  planning.totals.withAudit += 1;
  if (planning.usedAudits.has(audit.ordinal)) return;
  planning.usedAudits.set(audit.ordinal, audit);
  const list = (name: string): void =>
    planning.notices.unrepresented({ path: `//AuditRecord/${name}`, line: audit.line }, 'an event has no place for it');
  if (audit.sourceId !== undefined) list('SourceID');
  if (audit.editPoint !== undefined) list('@EditPoint');
  if (audit.usedImputationMethod !== undefined) list('@UsedImputationMethod');
};

/** A unit that the metadata do not already imply is listed: an event has no place for it. */
const noteUnit = (planning: Planning, item: ItemValue): void => {
  if (item.measurementUnitOid === undefined) return;
  const units = planning.metadata?.items.get(item.itemOid)?.measurementUnitOids ?? [];
  if (units.length === 1 && units[0] === item.measurementUnitOid) return;
  planning.notices.unrepresented(
    { path: `${ITEM_PATH}/MeasurementUnitRef`, line: item.line },
    'an event has no place for it',
  );
};

type Recorded = ItemKey & { readonly value: string | null };

const draftOf = (
  planning: Planning,
  id: string,
  recorded: Recorded,
  source: Audited & { readonly line: number },
): ImportDraft => {
  noteAudit(planning, source);
  planning.totals.plannedEvents += 1;
  const { group, groupRepeat, item, value } = recorded;
  const draft: ImportDraft = {
    formId: id,
    event: { type: 'ItemRecorded', group, groupRepeat, item, value },
    ...originatorOf(source),
    line: source.line,
  };
  checkDraft(draft);
  return draft;
};

const planRemoval = (planning: Planning, id: string, removal: Removal, live: Map<string, ItemKey>): ImportDraft[] => {
  const repeat = removal.itemGroupRepeatKey ?? null;
  const cleared = [...live].filter(
    ([, key]) => removal.scope === 'form' || (key.group === removal.itemGroupOid && key.groupRepeat === repeat),
  );
  for (const [text] of cleared) live.delete(text);
  return cleared.map(([, key]) => draftOf(planning, id, { ...key, value: null }, removal));
};

const planItem = (planning: Planning, id: string, item: ItemValue, live: Map<string, ItemKey>): ImportDraft[] => {
  const place = { path: ITEM_PATH, line: item.line };
  if (item.transactionType === 'Context') {
    planning.totals.contextValues += 1;
    planning.notices.unrepresented(place, 'value given as context, not as a change');
    return [];
  }
  const key = { group: item.itemGroupOid, groupRepeat: item.itemGroupRepeatKey ?? null, item: item.itemOid };
  const text = keyText(key);
  const isNew = item.transactionType === undefined || item.transactionType === 'Insert';
  if (isNew && live.has(text)) {
    planning.notices.problem(
      'import.duplicate',
      place,
      `item ${shown(item.itemOid)} has a second value in one form; both are kept, in order`,
    );
  }
  if (item.transactionType === 'Remove') live.delete(text);
  else live.set(text, key);
  noteUnit(planning, item);
  return [draftOf(planning, id, { ...key, value: item.value }, item)];
};

const planForm = (planning: Planning, form: FormRecord): PlannedForm => {
  const id = formId(form);
  checkFormId(id, form.line);
  const live = planning.live.get(id) ?? new Map<string, ItemKey>();
  planning.live.set(id, live);
  const drafts: ImportDraft[] = [];
  const removeBefore = (at: number): void => {
    for (const removal of form.removals) {
      if (removal.before === at) drafts.push(...planRemoval(planning, id, removal, live));
    }
  };
  for (const [at, item] of form.items.entries()) {
    removeBefore(at);
    drafts.push(...planItem(planning, id, item, live));
  }
  removeBefore(form.items.length);
  const { subjectKey, studyEventOid, formOid } = form;
  const repeats = {
    ...optional('studyEventRepeatKey', form.studyEventRepeatKey),
    ...optional('formRepeatKey', form.formRepeatKey),
  };
  const key: FormKey = { subjectKey, studyEventOid, formOid, ...repeats };
  return { formId: id, key, ...optional('siteOid', form.siteOid), drafts };
};

/** Reports each user and place of an audit record that no AdminData names. */
const noteUnknownPeople = (audits: Iterable<AuditInfo>, admin: AdminData, notices: Notices): void => {
  const check = (
    known: { has(oid: string): boolean },
    oid: string | undefined,
    name: string,
    audit: AuditInfo,
  ): void => {
    if (oid === undefined || known.has(oid)) return;
    const place = { path: `//AuditRecord/${name}Ref`, line: audit.line };
    notices.problem('import.unknown-reference', place, `${name} ${shown(oid)} is not in AdminData; the OID is kept`);
  };
  for (const audit of audits) {
    check(admin.users, audit.userOid, 'User', audit);
    check(admin.locations, audit.locationOid, 'Location', audit);
  }
};

const summarise = (planning: Planning, report: ClinicalReport): ImportSummary => {
  const { metadata, notices, totals, usedAudits } = planning;
  const admin = metadata === undefined ? report.admin : mergeAdmin(report.admin, metadata.admin);
  const late = createNotices();
  noteUnknownPeople(usedAudits.values(), admin, late);
  return {
    subjects: new Set(report.subjects.map(({ subjectKey }) => subjectKey)).size,
    studyEvents: report.counts.studyEvents,
    forms: report.counts.forms,
    itemValues: report.counts.itemValues,
    plannedEvents: totals.plannedEvents,
    contextValues: totals.contextValues,
    audits: report.counts.audits,
    auditsUsed: usedAudits.size,
    eventsWithAudit: totals.withAudit,
    eventsWithoutAudit: totals.withoutAudit,
    admin,
    userNames: new Map([...admin.users.values()].map((user) => [user.oid, userName(user)])),
    unrepresented: [...(metadata?.unrepresented ?? []), ...report.unrepresented, ...notices.listUnrepresented()],
    problems: [...(metadata?.problems ?? []), ...report.problems, ...notices.listProblems(), ...late.listProblems()],
  };
};

/** An empty plan. With `metadata`, its notices join the summary and its units and people are known. */
export const createPlanner = (metadata?: StudyMetadata): Planner => {
  const totals = { plannedEvents: 0, contextValues: 0, withAudit: 0, withoutAudit: 0 };
  const planning: Planning = { metadata, notices: createNotices(), totals, live: new Map(), usedAudits: new Map() };
  return {
    add: (form) => planForm(planning, form),
    summary: (report) => summarise(planning, report),
  };
};

/**
 * Reads clinical data to the end and plans all of it; records of one form are joined, in the order of the file.
 * Nothing is given out unless the whole file is readable, so a caller that appends afterwards never records half a file.
 * @throws StoreError as `readClinicalData`; `import.too-large` when an id, a reason or a value is more than an event holds
 */
export const planClinicalData = async (source: OdmSource, options: ClinicalOptions = {}): Promise<ImportPlan> => {
  const reading = readClinicalData(source, options);
  const planner = createPlanner(options.metadata);
  const forms = new Map<string, PlannedForm & { readonly drafts: ImportDraft[] }>();
  for await (const record of reading.forms) {
    const planned = planner.add(record);
    const known = forms.get(planned.formId);
    if (known === undefined) forms.set(planned.formId, { ...planned, drafts: [...planned.drafts] });
    else for (const draft of planned.drafts) known.drafts.push(draft);
  }
  return { forms: [...forms.values()], summary: planner.summary(reading.report()) };
};
