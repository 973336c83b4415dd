/**
 * One import at a time on one device: read, plan, match with what is held, ask if something would change, record.
 *
 * Nothing is recorded before every file is readable to its end. What is recorded stays when the import is cancelled or the
 * page ends, and the same import again records the rest only.
 */
import { BehaviorSubject, type Observable } from 'rxjs';
import { type ImportPlan, planClinicalData, readMetadata, type StudyMetadata } from '../../src/clinical.ts';
import { type Store, StoreError } from '../../src/index.ts';
import { definitionsOf, peopleOf } from './definitions.ts';
import { type Failure, failureOf } from './failure.ts';
import { type GivenFile, sortFiles } from './files.ts';
import { noticesOf, originsOf, type StudySummary, type Summary } from './importSummary.ts';
import { type Matched, matchPlan, type Unrecorded } from './matching.ts';
import { type Pace, recordStudy, recordValues } from './recording.ts';
import { studies } from './study.ts';

export type ImportStep = 'reading' | 'planning' | 'recording';

export type ImportState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; readonly step: ImportStep; readonly done: number; readonly total: number }
  /** Values differ from what is held: a person gives one reason for all, or leaves them alone. */
  | { readonly kind: 'asking'; readonly changes: number; readonly suggestion: string }
  | { readonly kind: 'done'; readonly summary: Summary }
  | { readonly kind: 'failed'; readonly failure: Failure };

export type Importer = {
  readonly state$: Observable<ImportState>;
  readonly state: () => ImportState;
  /** Imports files; `load` gives them. A second call while one runs is ignored. */
  readonly start: (load: () => Promise<readonly GivenFile[]>) => Promise<void>;
  readonly cancel: () => void;
  /** Answers the question: a reason, or null to leave what is held as it is. */
  readonly answer: (reason: string | null) => void;
  readonly dismiss: () => void;
};

/** Lets the page paint; a hidden page paints nothing and goes on soon. */
const paint = (): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, 100);
    requestAnimationFrame(() => {
      clearTimeout(timer);
      setTimeout(resolve, 0);
    });
  });

type Run = {
  readonly store: Store;
  readonly signal: AbortSignal;
  readonly show: (step: ImportStep, done: number, total: number) => void;
  readonly ask: (changes: number, suggestion: string) => Promise<string | null>;
};

const cancelled = (): StoreError => new StoreError('import.cancelled');

const readStudy = async (run: Run, file: GivenFile | undefined): Promise<StudyMetadata | undefined> => {
  if (file === undefined) return undefined;
  const total = file.text.length;
  return readMetadata(file.text, {
    signal: run.signal,
    pause: paint,
    onProgress: ({ readChars }) => run.show('reading', readChars, total),
  });
};

const plan = async (
  run: Run,
  file: GivenFile | undefined,
  metadata: StudyMetadata | undefined,
): Promise<ImportPlan | undefined> => {
  if (file === undefined) return undefined;
  const total = file.text.length;
  return planClinicalData(file.text, {
    signal: run.signal,
    pause: paint,
    onProgress: ({ readChars }) => run.show('planning', readChars, total),
    ...(metadata === undefined ? {} : { metadata }),
  });
};

const paceOf = (run: Run): Pace => ({
  signal: run.signal,
  pause: paint,
  onProgress: (done, total) => run.show('recording', done, total),
});

/** The definitions of the metadata, and the people of both files, under the study that they belong to. */
const recordDefinitions = async (
  run: Run,
  metadata: StudyMetadata | undefined,
  planned: ImportPlan | undefined,
): Promise<StudySummary | undefined> => {
  const known = run.store.view(studies).rows();
  const id = metadata?.studyOid ?? known[0]?.id;
  if (id === undefined) return undefined;
  const people = planned === undefined ? [] : peopleOf(planned.summary.admin);
  const definitions = metadata === undefined ? people : [...withoutPeople(metadata, people.length > 0), ...people];
  const summary = await recordStudy(run.store, id, metadata?.studyName ?? id, definitions, paceOf(run));
  return metadata === undefined ? undefined : summary;
};

const withoutPeople = (metadata: StudyMetadata, drop: boolean) =>
  definitionsOf(metadata).filter(({ kind }) => !drop || (kind !== 'person' && kind !== 'place'));

const notesOf = (run: Run, metadata: StudyMetadata | undefined, planned: ImportPlan | undefined): readonly string[] => {
  const known = run.store.view(studies).rows();
  const others = known.filter(({ id }) => metadata !== undefined && id !== metadata.studyOid);
  return [
    ...(others.length > 0 ? ['This device holds another study too. Forms of both are in one casebook.'] : []),
    ...(planned !== undefined && metadata === undefined && known.length === 0
      ? ['No metadata were given: forms and items are shown by their identifiers until a metadata file is imported.']
      : []),
  ];
};

/** Leaves out the values that a person wants to leave alone, with all that would follow them. */
const withoutChanges = (unrecorded: readonly Unrecorded[]): readonly Unrecorded[] => {
  const place = ({ draft, key }: Unrecorded) => `${draft.formId} ${key}`;
  const changed = new Set(unrecorded.filter(({ kind }) => kind === 'change').map(place));
  return unrecorded.filter((one) => !changed.has(place(one)));
};

const askAboutChanges = async (
  run: Run,
  matched: Matched,
): Promise<{ unrecorded: readonly Unrecorded[]; reason: string }> => {
  const changes = matched.unrecorded.filter(({ kind, draft }) => kind === 'change' && draft.reason === undefined);
  if (changes.length === 0) return { unrecorded: matched.unrecorded, reason: '' };
  const reason = await run.ask(changes.length, 'Imported from the clinical data file again: value differs');
  return reason === null
    ? { unrecorded: withoutChanges(matched.unrecorded), reason: '' }
    : { unrecorded: matched.unrecorded, reason };
};

const runImport = async (run: Run, files: readonly GivenFile[]): Promise<Summary> => {
  const startedAt = performance.now();
  const { metadata: metadataFile, clinicalData } = sortFiles(files);
  const metadata = await readStudy(run, metadataFile);
  const planned = await plan(run, clinicalData, metadata);
  const notes = notesOf(run, metadata, planned);
  const study = await recordDefinitions(run, metadata, planned);
  const notices = { ...noticesOf(metadata, planned?.summary), notes, study };
  if (planned === undefined) return { ...notices, data: undefined, tookMs: performance.now() - startedAt };
  const matched = await matchPlan(run.store, planned, { signal: run.signal, pause: paint });
  const { unrecorded, reason } = await askAboutChanges(run, matched);
  run.show('recording', 0, unrecorded.length);
  const result = await recordValues(run.store, unrecorded, reason, paceOf(run));
  if (result.cancelled) throw new StoreError('import.cancelled', { done: result.recorded, total: unrecorded.length });
  const { subjects, itemValues, audits, auditsUsed } = planned.summary;
  const forms = planned.forms.filter(({ drafts }) => drafts.length > 0).length;
  const emptyForms = planned.forms.length - forms;
  const origins = originsOf(
    planned.summary,
    planned.forms.flatMap(({ drafts }) => drafts),
  );
  const counts = {
    recorded: result.recorded,
    held: matched.held,
    leftAlone: matched.unrecorded.length - unrecorded.length,
  };
  const data = {
    subjects,
    forms,
    emptyForms,
    itemValues,
    audits,
    auditsUsed,
    ...origins,
    ...counts,
    refused: result.refused,
  };
  return { ...notices, data, tookMs: performance.now() - startedAt };
};

export const createImporter = (store: Store): Importer => {
  const state = new BehaviorSubject<ImportState>({ kind: 'idle' });
  let running: AbortController | undefined;
  let answerTo: ((reason: string | null) => void) | undefined;

  const ask = (changes: number, suggestion: string, signal: AbortSignal): Promise<string | null> =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(cancelled()), { once: true });
      answerTo = resolve;
      state.next({ kind: 'asking', changes, suggestion });
    });

  const start: Importer['start'] = async (load) => {
    if (running !== undefined) return;
    running = new AbortController();
    const { signal } = running;
    const show: Run['show'] = (step, done, total) => state.next({ kind: 'running', step, done, total });
    show('reading', 0, 0);
    try {
      const run = { store, signal, show, ask: (changes: number, text: string) => ask(changes, text, signal) };
      state.next({ kind: 'done', summary: await runImport(run, await load()) });
    } catch (error) {
      const failure = signal.aborted && !(error instanceof StoreError) ? cancelled() : error;
      state.next({ kind: 'failed', failure: failureOf(failure) });
    } finally {
      running = undefined;
    }
  };

  return {
    state$: state.asObservable(),
    state: () => state.value,
    start,
    cancel: () => running?.abort(),
    answer: (reason) => answerTo?.(reason),
    dismiss: () => state.next({ kind: 'idle' }),
  };
};
