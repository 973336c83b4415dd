/**
 * Streaming reader of ODM clinical data: subject by subject, each form with its values and their audit records.
 *
 * Invariants: every value of the file is in exactly one form, in the order of the file (law: “gives every value once”);
 * memory holds one subject, or what waits for an audit record that comes later; everything else in the file is listed.
 */
import { StoreError } from '../core/errors.ts';
import type { AdminReader } from './admin.ts';
import { createAdminReader } from './admin.ts';
import type { AuditReader } from './audit.ts';
import { createAuditReader } from './audit.ts';
import type { ClinicalReport, FormKey, FormRecord, SubjectRecord } from './clinicalModel.ts';
import type { Conformity } from './conformity.ts';
import { createConformity } from './conformity.ts';
import { createElsewhere } from './elsewhere.ts';
import { formId } from './formId.ts';
import type { StudyMetadata } from './metadataModel.ts';
import type { Notices } from './notices.ts';
import { createNotices } from './notices.ts';
import type { FileHeader } from './root.ts';
import { readRoot } from './root.ts';
import type { ClinicalContext } from './scope.ts';
import type { OdmSource, ReadOptions } from './source.ts';
import { pieces, refuseIfCancelled } from './source.ts';
import type { PendingForm, WideRemoval } from './subject.ts';
import { readSubject } from './subject.ts';
import type { OdmElement } from './tree.ts';
import { leftovers, placeOf, take, takeKey } from './tree.ts';
import type { WaitingForms } from './waiting.ts';
import { createWaitingForms } from './waiting.ts';
import type { Choice, Visitor } from './xml.ts';
import { createXmlFeed } from './xml.ts';

/** With `metadata`, references of the data into it are checked; what does not fit is a problem and is still read. */
export type ClinicalOptions = ReadOptions & { readonly metadata?: StudyMetadata };

/** A reading under way. `forms` can be walked once; `report` may be asked at any time. */
export type ClinicalReading = {
  readonly forms: AsyncGenerator<FormRecord, void>;
  readonly report: () => ClinicalReport;
};

type Reading = {
  readonly notices: Notices;
  readonly admin: AdminReader;
  readonly audits: AuditReader;
  readonly conformity: Conformity;
  readonly waiting: WaitingForms;
  readonly elsewhere: ReturnType<typeof createElsewhere>;
  readonly subjects: SubjectRecord[];
  readonly counts: ClinicalContext['counts'];
  /** Forms by subject; only of Transactional files, where a whole subject or event may be removed. */
  readonly formsOf: Map<string, Map<string, FormKey>>;
  file: FileHeader | undefined;
  data: { readonly studyOid: string; readonly metaDataVersionOid: string } | undefined;
  finished: boolean;
};

const startReading = (metadata: StudyMetadata | undefined): Reading => {
  const notices = createNotices();
  const audits = createAuditReader(notices);
  return {
    notices,
    audits,
    admin: createAdminReader(notices),
    conformity: createConformity(metadata, notices),
    waiting: createWaitingForms(audits, notices),
    elsewhere: createElsewhere(),
    subjects: [],
    counts: { studyEvents: 0, forms: 0, itemGroups: 0, itemValues: 0 },
    formsOf: new Map(),
    file: undefined,
    data: undefined,
    finished: false,
  };
};

const contextOf = (reading: Reading): ClinicalContext => {
  const { notices, audits, conformity, counts, file, data } = reading;
  if (file === undefined || data === undefined) throw new StoreError('import.not-odm', { expected: 'ClinicalData' });
  return { notices, audits, conformity, counts, transactional: file.fileType === 'Transactional', ...data };
};

const repeatOf = (key: FormKey): string => JSON.stringify([key.studyEventOid, key.studyEventRepeatKey ?? null]);

/** The removal of each form that the file has shown so far and that lies under the removed event or subject. */
const spreadRemoval = (
  removal: WideRemoval,
  known: ReadonlyMap<string, FormKey>,
  context: ClinicalContext,
): PendingForm[] => {
  const { studyEventOid, line, path, studyEventRepeatKey: _repeat, ...audited } = removal;
  const wanted =
    studyEventOid === undefined ? undefined : repeatOf({ ...removal, studyEventOid, subjectKey: '', formOid: '' });
  const keys = [...known.values()].filter((key) => wanted === undefined || repeatOf(key) === wanted);
  if (keys.length === 0) {
    context.notices.unrepresented({ path, line }, 'removal of data that the file does not hold');
  }
  const { studyOid, metaDataVersionOid } = context;
  return keys.map((key) => ({
    studyOid,
    metaDataVersionOid,
    ...key,
    transactionType: 'Remove',
    items: [],
    removals: [{ scope: 'form', before: 0, line, ...audited }],
    line,
  }));
};

const keyOf = ({ subjectKey, studyEventOid, studyEventRepeatKey, formOid, formRepeatKey }: FormKey): FormKey => ({
  subjectKey,
  studyEventOid,
  formOid,
  ...(studyEventRepeatKey === undefined ? {} : { studyEventRepeatKey }),
  ...(formRepeatKey === undefined ? {} : { formRepeatKey }),
});

const addSubject = (reading: Reading, element: OdmElement, path: string): void => {
  const context = contextOf(reading);
  const { subject, forms, removals } = readSubject(element, path, context);
  reading.subjects.push(subject);
  for (const form of forms) reading.waiting.add(form);
  if (!context.transactional) return;
  const known = reading.formsOf.get(subject.subjectKey) ?? new Map<string, FormKey>();
  reading.formsOf.set(subject.subjectKey, known);
  for (const form of forms) known.set(formId(form), keyOf(form));
  for (const removal of removals) for (const form of spreadRemoval(removal, known, context)) reading.waiting.add(form);
};

const ENTERED = ['/ODM', '/ODM/AdminData', '/ODM/ClinicalData', '/ODM/ClinicalData/AuditRecords'];
const ENTERED_TO_COUNT = ['/ODM/ClinicalData/Signatures', '/ODM/ClinicalData/Annotations'];
const COLLECTED = ['/ODM/ClinicalData/SubjectData', '/ODM/ClinicalData/AuditRecords/AuditRecord'];

const choose = (name: string, parentPath: string): Choice => {
  const path = `${parentPath}/${name}`;
  if (parentPath === '' || ENTERED.includes(path) || ENTERED_TO_COUNT.includes(path)) return 'enter';
  return parentPath === '/ODM/AdminData' || COLLECTED.includes(path) ? 'collect' : 'skip';
};

const enter = (reading: Reading, element: OdmElement, path: string): void => {
  const { notices } = reading;
  if (reading.file === undefined) reading.file = readRoot(element, path, notices);
  else if (path === '/ODM/AdminData') take(element, 'StudyOID');
  else if (path === '/ODM/ClinicalData') {
    const studyOid = takeKey(element, 'StudyOID', path);
    reading.data = { studyOid, metaDataVersionOid: takeKey(element, 'MetaDataVersionOID', path) };
    reading.conformity.version(studyOid, reading.data.metaDataVersionOid, placeOf(element, path));
  }
  leftovers(element, path, notices);
};

const visitorOf = (reading: Reading): Visitor => ({
  choose,
  entered: (element, path) => enter(reading, element, path),
  collected: (element, path) => {
    if (path.startsWith('/ODM/AdminData/')) reading.admin.read(element, path);
    else if (element.name === 'SubjectData') addSubject(reading, element, path);
    else reading.audits.read(element, path);
  },
  skipped: (place) => {
    if (place.path === '/ODM/Study') reading.elsewhere.note(place);
    else reading.notices.unrepresented(place, 'element with everything in it');
  },
  left: () => undefined,
});

const reportOf = (reading: Reading): ClinicalReport => ({
  finished: reading.finished,
  ...(reading.file === undefined ? {} : { file: reading.file }),
  subjects: [...reading.subjects],
  counts: { subjectData: reading.subjects.length, ...reading.counts, audits: reading.audits.count() },
  admin: reading.admin.admin,
  elsewhere: reading.elsewhere.list(),
  unrepresented: reading.notices.listUnrepresented(),
  problems: reading.notices.listProblems(),
});

const walk = async function* (
  source: OdmSource,
  reading: Reading,
  options: ClinicalOptions,
): AsyncGenerator<FormRecord, void> {
  const feed = createXmlFeed(visitorOf(reading), reading.notices);
  let readChars = 0;
  const out = function* (forms: readonly FormRecord[]): Generator<FormRecord> {
    for (const form of forms) {
      refuseIfCancelled(options.signal, readChars);
      yield form;
    }
  };
  for await (const piece of pieces(source, options)) {
    readChars += piece.length;
    feed.write(piece);
    yield* out(reading.waiting.release());
  }
  feed.end();
  if (reading.data === undefined) throw new StoreError('import.not-odm', { expected: 'ClinicalData' });
  yield* out(reading.waiting.releaseAll());
  reading.audits.listUnused();
  reading.finished = true;
};

/**
 * Reads clinical data, form by form.
 * @param source  a whole file or its text by pieces; metadata in the same file are passed over
 * A failure can come after forms were given out: whoever must record all or nothing collects them first, as
 * `planClinicalData` does. The forms' generator throws StoreError `import.malformed-xml`, `import.not-odm`,
 * `import.unsupported-version`, `import.missing-attribute` (a key or OID), `import.too-large`, `import.cancelled`.
 */
export const readClinicalData = (source: OdmSource, options: ClinicalOptions = {}): ClinicalReading => {
  const reading = startReading(options.metadata);
  return { forms: walk(source, reading, options), report: () => reportOf(reading) };
};
