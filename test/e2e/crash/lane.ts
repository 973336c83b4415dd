/**
 * Kills one browser over and over, on one profile: each page looks at what the kill before left, works, and is killed at
 * its moment. Half of the moments are steps of IndexedDB, at which the page has stopped; half are points in time.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { seededEntropy } from '../../../src/testing/index.ts';
import { makeProfile, type Profile } from './browser.ts';
import { type Desk, openDesk } from './desk.ts';
import type { Operation, Report, Task } from './messages.ts';

/** Kills on one database before the next one begins. */
const KILLS_PER_DATABASE = 8;
const PAGE_MS_MAX = 60_000;
/** A step that an operation does not reach in this time is not waited for any longer. */
const STEP_MS_MAX = 1_500;
/** The step to stop at is drawn from so many. */
const STEPS: Readonly<Record<Operation, number>> = {
  'appends one at a time': 120,
  'appends of 100 callers': 80,
  'bulk appends': 120,
  'appends of several records': 150,
  ingest: 200,
  packing: 60,
  snapshots: 60,
  upgrade: 120,
};
/** The time of a kill is drawn from so many milliseconds after the first word of something durable. */
const DELAY_MS_MAX = 300;

export type Tally = {
  readonly operation: Operation;
  kills: number;
  /** Kills at an exact step of IndexedDB. */
  atStep: number;
  /** Events of which the page was told, before the kill, that they are durable. */
  acknowledged: number;
  lost: number;
  /** Events that are there although the page had not been told. */
  untold: number;
  readonly openMs: number[];
  readonly faults: string[];
};

/** A database under the kills: what has to be there. */
type Ledger = {
  readonly name: string;
  readonly due: Set<string>;
  replica: string;
  kills: number;
  readonly runs: number[];
};

type Run = { readonly desk: Desk; readonly profile: Profile; readonly below: (below: number) => number };
const within = async <T>(ms: number, call: Promise<T>): Promise<T | 'late'> => {
  const ended = new AbortController();
  try {
    return await Promise.race([call, pause(ms, 'late' as const, { signal: ended.signal })]);
  } finally {
    ended.abort();
  }
};

type Found = { readonly report: Report; readonly synced: ReadonlySet<string> };

const judge = (tally: Tally, ledger: Ledger, { report, synced }: Found): void => {
  const found = new Set(report.tags);
  tally.openMs.push(report.openMs);
  tally.faults.push(...report.faults);
  // What the server holds of this device has left it, so it was durable.
  const sent = [...synced].filter((tag) => ledger.runs.some((run) => tag.startsWith(`${run}.`)));
  const missing = [...new Set([...ledger.due, ...sent])].filter((tag) => !found.has(tag));
  tally.lost += missing.length;
  if (missing.length > 0) {
    const there = `${missing.length} events of ${ledger.due.size} are missing, ${found.size} are there`;
    tally.faults.push(`${there}; the store says ${report.loss || 'nothing'}; kill ${ledger.kills} on this database`);
    for (const tag of missing) ledger.due.delete(tag); // told once
  }
  for (const tag of found) {
    if (!ledger.due.has(tag)) tally.untold += 1;
    ledger.due.add(tag);
  }
  if (ledger.replica !== '' && report.replica !== ledger.replica) tally.faults.push('another replica writes');
  ledger.replica = report.replica;
};

/** Waits for the moment of the kill: the step at which the page stops, or a point in time. */
const untilKill = async (
  { below }: Run,
  { stopAt }: Task,
  { told, stopped }: { readonly told: Promise<void>; readonly stopped: Promise<void> },
): Promise<'step' | 'time'> => {
  if (stopAt === 0) {
    await within(STEP_MS_MAX, told);
    await pause(below(DELAY_MS_MAX));
    return 'time';
  }
  const reached = await within(STEP_MS_MAX, stopped);
  // What the browser does meanwhile, it does without the page.
  if (reached !== 'late') await pause(below(9));
  return reached === 'late' ? 'time' : 'step';
};

type Page = { readonly task: Task; readonly before: Ledger | undefined; readonly now: Ledger };

const signal = () => {
  let raise: () => void = () => {};
  const raised = new Promise<void>((resolve) => {
    raise = resolve;
  });
  return { raise: () => raise(), raised };
};

/** From the start of a page to its end. */
const live = async (run: Run, tally: Tally, { task, before, now }: Page): Promise<void> => {
  const [stopped, begun, told, reported] = [signal(), signal(), signal(), signal()];
  run.desk.listen(task.run, (message) => {
    if (message.kind === 'failed') tally.faults.push(message.message);
    if (message.kind === 'stopped') stopped.raise();
    if (message.kind === 'begun') begun.raise();
    if (message.kind === 'told') {
      tally.acknowledged += message.tags.filter((tag) => !now.due.has(tag)).length;
      for (const tag of message.tags) now.due.add(tag);
      told.raise();
    }
    if (message.kind !== 'report') return;
    if (before !== undefined) judge(tally, before, { report: message.report, synced: run.desk.synced() });
    reported.raise();
  });
  const browser = run.profile.start(run.desk.addressOf(task));
  try {
    const due = Promise.all([
      task.check === '' ? undefined : reported.raised,
      task.use === '' ? undefined : begun.raised,
    ]);
    if ((await within(PAGE_MS_MAX, due)) === 'late') tally.faults.push('the page after a kill did nothing');
    else if (task.use !== '') {
      const moment = await untilKill(run, task, { told: told.raised, stopped: stopped.raised });
      if (moment === 'step') tally.atStep += 1;
      tally.kills += 1;
      now.kills += 1;
    }
  } finally {
    await browser.kill();
  }
};

let databases = 0;
const makeLedger = (): Ledger => ({ name: `crash-${++databases}`, due: new Set(), replica: '', kills: 0, runs: [] });

let runs = 0;

/** Kills the browser so often under one operation, and looks at what the last kill left. */
const killUnder = async (run: Run, operation: Operation, kills: number): Promise<Tally> => {
  const tally: Tally = { operation, kills: 0, atStep: 0, acknowledged: 0, lost: 0, untold: 0, openMs: [], faults: [] };
  let before: Ledger | undefined;
  for (let kill = 0; kill <= kills; kill++) {
    const isFull = before === undefined || operation === 'upgrade' || before.kills >= KILLS_PER_DATABASE;
    const now = isFull || before === undefined ? makeLedger() : before;
    const stopAt = kill % 2 === 0 ? 1 + run.below(STEPS[operation]) : 0;
    const use = kill === kills ? '' : now.name;
    const task = { operation, check: before?.name ?? '', use, run: ++runs, stopAt, vault: '' };
    now.runs.push(task.run);
    await live(run, tally, { task, before, now });
    before = now;
  }
  return tally;
};

export type Lane = { readonly operations: readonly Operation[]; readonly kills: number; readonly seed: number };

/** Runs operations one after the other on a profile of its own, in Chromium or in whatever `make` gives. */
export const runLane = async (
  script: string,
  { operations, kills, seed }: Lane,
  make: () => Promise<Profile> = makeProfile,
): Promise<readonly Tally[]> => {
  const [desk, profile] = [await openDesk(script), await make()];
  const tallies: Tally[] = [];
  try {
    for (const operation of operations) {
      tallies.push(await killUnder({ desk, profile, below: seededEntropy(seed).below }, operation, kills));
    }
  } finally {
    await desk.close();
    await profile.remove();
  }
  return tallies;
};
