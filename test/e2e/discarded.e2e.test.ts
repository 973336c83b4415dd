/**
 * A Chromium that is killed in the middle of a write, and one that finds its database files damaged: that one deletes them and begins empty ones, without an error. The store says so:
 * what it knew of them lies beside them, from the first event on.
 */
import { appendFileSync, readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { pageScript } from '../../scripts/page-script.mjs';
import { makeProfile } from './crash/browser.ts';
import { openDesk } from './crash/desk.ts';
import { type Message, PAGE, type Report, type Task } from './crash/messages.ts';

const TOLD_MS_MAX = 60_000;
/** The marker follows the first event at once, into a file that a page of a fresh browser takes a moment to open. */
const FOLLOWED_MS = 2_000;
/** Some hundred appends, fewer on a busy machine. */
const WORKED_MS = 500;

const isOf = <K extends Message['kind']>(message: Message, kind: K): message is Extract<Message, { kind: K }> =>
  message.kind === kind;

const damageDatabases = (profile: string): number => {
  const root = join(profile, 'Default', 'IndexedDB');
  const manifests = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /MANIFEST-\d+$/.test(name),
  );
  for (const name of manifests) truncateSync(join(root, name), 0);
  return manifests.length;
};

/** The head of a record of 1,000 bytes, and the first of them: what a browser leaves that is killed in the middle of a write. */
const TORN = Buffer.concat([Buffer.from([1, 2, 3, 4, 1_000 & 0xff, 1_000 >> 8, 1]), Buffer.alloc(100, 7)]);

const tearLogs = (profile: string): number => {
  const root = join(profile, 'Default', 'IndexedDB');
  const logs = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => /\d+\.log$/.test(name));
  for (const name of logs) appendFileSync(join(root, name), TORN);
  return logs.length;
};

const place = async () => {
  const [desk, profile] = [await openDesk(await pageScript(PAGE)), await makeProfile()];
  onTestFinished(async () => {
    await desk.close();
    await profile.remove();
  });
  /** Starts the browser for one page, and ends it `afterMs` after the message that is waited for, and after the first work it was to do. */
  const page = async <M extends Message['kind']>(task: Partial<Task>, kind: M, afterMs: number) => {
    const whole: Task = {
      operation: 'appends one at a time',
      check: '',
      use: '',
      run: 1,
      stopAt: 0,
      vault: '',
      ...task,
    };
    const messageOf = <K extends Message['kind']>(wanted: K) =>
      new Promise<Extract<Message, { kind: K }>>((resolve, reject) => {
        setTimeout(() => reject(new Error(`no word of ${wanted}`)), TOLD_MS_MAX).unref();
        listeners.add((message) => {
          if (isOf(message, wanted)) resolve(message);
        });
      });
    const listeners = new Set<(message: Message) => void>();
    desk.listen(whole.run, (message) => {
      for (const listener of listeners) listener(message);
    });
    const heard = messageOf(kind);
    const worked = whole.use === '' ? undefined : messageOf('told');
    const browser = profile.start(desk.addressOf(whole));
    try {
      const message = await heard;
      await worked;
      return message;
    } finally {
      await pause(afterMs);
      await browser.kill();
    }
  };
  return { profile, page };
};

it('a log that a kill has torn costs nothing, neither at the next start nor at those after it [REC-13]', async () => {
  const { page, profile } = await place();
  const { tags } = await page({ use: 'trial' }, 'told', WORKED_MS);
  let held: readonly string[] = tags;
  for (let run = 2; run < 6; run++) {
    expect(tearLogs(profile.folder)).toBeGreaterThan(0);
    const { report } = await page({ check: 'trial', use: 'trial', run }, 'report', WORKED_MS);
    expect([report.faults, report.loss]).toEqual([[], '']);
    expect(report.tags).toEqual(expect.arrayContaining([...held]));
    expect(report.tags.length).toBeGreaterThan(held.length);
    held = report.tags;
  }
});

it('a log that a kill has torn costs a vault nothing that is opened before any store [REC-13, KEY-05]', async () => {
  const { page, profile } = await place();
  const vault = 'trial';
  await page({ vault }, 'kept', 0);
  for (let run = 2; run < 5; run++) {
    expect(tearLogs(profile.folder)).toBeGreaterThan(0);
    const { runs } = await page({ vault, run }, 'kept', 0);
    expect(runs).toEqual(Array.from({ length: run - 1 }, (_, at) => at + 1));
  }
});

it('a database that the browser threw away is told as lost, with what it had held and why [REC-10]', async () => {
  const { page, profile } = await place();
  const { tags } = await page({ use: 'trial' }, 'told', FOLLOWED_MS);
  expect(tags.length).toBeGreaterThan(0);
  expect(damageDatabases(profile.folder)).toBeGreaterThan(0);
  // the vault is opened first, and hears of it
  const { report }: { report: Report } = await page({ vault: 'trial', check: 'trial', run: 2 }, 'report', 0);
  expect(report.remembered).toBeGreaterThan(0);
  expect(report.loss).toMatch(/^lost: \d+ events before, 0 now$/);
  expect(report.faults.filter((fault) => fault === 'finding storage.lost')).toHaveLength(2);
  expect(report.faults.some((fault) => fault.startsWith('the browser has begun an empty database'))).toBe(true);
});
