/**
 * WebKit keeps databases in a process of their own. Killed under an open page, that page gets no working connection any more: the store
 * says so with a code, reports nothing as saved that is not, and after a reload all that it had acknowledged is there.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../scripts/engines/programs.mjs';
import { pageScript } from '../../scripts/page-script.mjs';
import { openDesk } from './crash/desk.ts';
import { type EnginePage, engineUnderTest } from './enginesDriver.ts';

const BEFORE = 12;
const AFTER = 3;
/** What the store may say of an append without its database: here always the first. */
const FAILURES = ['storage.connection-lost', 'storage.unresponsive'];

/** Processes of the browser on this folder that hold its databases. */
const databaseProcesses = (profile: string): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const isOwn = readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`XDG_DATA_HOME=${join(profile, 'data')}`);
        return isOwn && readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('WebKitNetworkPr');
      } catch {
        return false; // it has ended, or is somebody else's
      }
    });

const place = async () => {
  const engine = await engineUnderTest();
  const desk = await openDesk(await pageScript('test/e2e/process/page.ts'));
  const profile = await mkdtemp(join(tmpdir(), 'indelible-engine-'));
  const address = desk.addressOf({ operation: 'ingest', check: '', use: '', run: 1, stopAt: 0, vault: '' });
  const browser = await engine.start({ profile, address });
  onTestFinished(async () => {
    await browser.kill();
    await engine.end();
    await desk.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  return { profile, page: browser.page };
};

const ready = (page: EnginePage) => eventually('the page', () => page.evaluate('globalThis.trial !== undefined'));
const open = (page: EnginePage) => page.evaluate('trial.open()');
const send = (page: EnginePage, tag: string) => page.evaluate(`trial.send(${JSON.stringify(tag)})`);

it('a killed database process: nothing is reported saved that is not, the failure has a code, and a reload finds everything acknowledged [REC-18]', async () => {
  const { page, profile } = await place();
  await ready(page);
  expect(await open(page)).toBe('open');
  const acknowledged: string[] = [];
  for (let at = 0; at < BEFORE; at++) {
    expect(await send(page, `before ${at}`)).toBe('committed');
    acknowledged.push(`before ${at}`);
  }
  const [pid, ...others] = databaseProcesses(profile);
  expect(others).toEqual([]);
  if (pid === undefined) throw new Error('WebKit has a process for its databases');
  process.kill(pid, 'SIGKILL');
  const answers: unknown[] = [];
  for (let at = 0; at < AFTER; at++) answers.push(await send(page, `after ${at}`));
  for (const [at, answer] of answers.entries()) {
    if (answer === 'committed') acknowledged.push(`after ${at}`);
    else expect(FAILURES).toContain(answer);
  }
  await page.reload();
  await ready(page);
  expect(await open(page)).toBe('open');
  expect(await send(page, 'again')).toBe('committed');
  const found = await page.evaluate('trial.found()');
  expect(found).toMatchObject({ faults: [], loss: '', tags: expect.arrayContaining([...acknowledged, 'again']) });
});
