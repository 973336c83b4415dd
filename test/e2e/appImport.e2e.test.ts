/** Imports that meet real files, an end in the middle, and values that differ. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterEach, expect, it } from 'vitest';
import {
  casebookText,
  chooseFiles,
  enterDevices,
  importSummary,
  keepShot,
  loadSample,
  openForm,
  pane,
  setOnline,
  shown,
  startWorld,
  until,
  untilEqual,
  type World,
} from './appWorld.ts';

const SAMPLE = new URL('../../app/sample/', import.meta.url);
const REAL = new URL('../../../shared/data/openedc/', import.meta.url);
const SIGNATURES_BEFORE_THE_END = 3;

let world: World;
afterEach(() => world.close());

const events = async (page: Page): Promise<number> =>
  Number.parseInt(await pane(page, 'a').locator('.held').innerText(), 10);

/**
 * Runs in the page: after so many signatures the next one never ends, as if the page had stopped there. Without a worker,
 * which would sign elsewhere as soon as it runs.
 */
const stopSigningAfter = (count: number): void => {
  Reflect.deleteProperty(globalThis, 'Worker');
  const sign = SubtleCrypto.prototype.sign;
  let signed = 0;
  SubtleCrypto.prototype.sign = function (...words) {
    signed += 1;
    return signed > count ? new Promise(() => undefined) : sign.apply(this, words);
  };
};

it('an import whose page ends in the middle goes on where it ended, and records nothing twice [IMP-04]', async () => {
  world = await startWorld();
  const ending = await world.context.newPage();
  await ending.goto(world.address);
  await enterDevices(ending);
  await ending.evaluate(stopSigningAfter, SIGNATURES_BEFORE_THE_END);
  await loadSample(pane(ending, 'a'));
  await pane(ending, 'a')
    .getByText(/Recording [1-9]\d* of 700/)
    .waitFor();
  await ending.close();
  const page = await world.openPage();
  const a = pane(page, 'a');
  await a.locator('.casebook').waitFor();
  const before = await events(page);
  await loadSample(a);
  const summary = await importSummary(a);
  const [recorded, held] = [Number(summary['Recorded']), Number(summary['Recorded before, skipped'])];
  expect(recorded).toBeGreaterThan(0);
  expect(held).toBeGreaterThan(0);
  expect(recorded + held).toBe(700);
  expect(await events(page)).toBe(before + recorded);
  await untilEqual(page);
});

it('an import is cancelled at once, and goes on when it is started again [IMP-04]', async () => {
  world = await startWorld();
  const page = await world.openPage();
  const a = pane(page, 'a');
  await a.getByRole('button', { name: 'Load the sample study' }).waitFor();
  // Cancel is pressed in the turn in which it appears.
  await page.evaluate(() => {
    const observer = new MutationObserver(() => {
      const cancel = [...document.querySelectorAll('button')].find(({ textContent }) => textContent === 'Cancel');
      cancel?.click();
      if (cancel !== undefined) observer.disconnect();
    });
    observer.observe(document.body, { childList: true, subtree: true });
  });
  await loadSample(a);
  const failure = a.getByRole('alert').filter({ hasText: 'import.cancelled' });
  await failure.getByText('Import the same files again to go on').waitFor();
  await failure.getByRole('button', { name: 'Dismiss' }).click();
  await loadSample(a);
  const summary = await importSummary(a);
  expect(Number(summary['Recorded']) + Number(summary['Recorded before, skipped'])).toBe(700);
});

it('values of a file that differ from what is held are recorded with one reason, or left alone [IMP-04]', async () => {
  world = await startWorld();
  const page = await world.openPage();
  const a = pane(page, 'a');
  await loadSample(a);
  await importSummary(a);
  const data = await readFile(new URL('demo-clinicaldata.xml', SAMPLE), 'utf8');
  const changed = data.replace(/(ItemOID="I.PULSE" Value=")\d+"/, '$199"');
  const file = { name: 'again.xml', mimeType: 'text/xml', buffer: Buffer.from(changed) };
  await chooseFiles(a, file);
  const dialog = page.getByRole('dialog');
  await dialog.getByText('1 value differs').waitFor();
  await dialog.getByRole('button', { name: 'Keep what is held' }).click();
  expect((await importSummary(a))['Different, left alone']).toBe('1');
  await chooseFiles(a, file);
  await dialog.getByRole('button', { name: 'Record the change' }).click();
  expect((await importSummary(a))['Recorded']).toBe('1');
  await openForm(a, '101/SE.V1/F.VITALS');
  await until(() => shown(a, 'Pulse'), '99 /min');
  await a.getByRole('button', { name: 'History of Pulse' }).click();
  await dialog.getByText('Imported from the clinical data file again: value differs').waitFor();
});

it('definitions that two devices imported differently at once are told, and settled by importing again [CNF-01]', async () => {
  world = await startWorld();
  const page = await world.openPage();
  const [a, b] = [pane(page, 'a'), pane(page, 'b')];
  const text = await readFile(new URL('demo-metadata.xml', SAMPLE), 'utf8');
  const file = (content: string) => ({ name: 'm.xml', mimeType: 'text/xml', buffer: Buffer.from(content) });
  for (const device of [a, b]) await setOnline(device, false);
  await chooseFiles(a, file(text));
  await chooseFiles(b, file(text.replaceAll('Systolic blood pressure', 'Upper blood pressure')));
  for (const device of [a, b]) await importSummary(device);
  for (const device of [a, b]) await setOnline(device, true);
  const told = '1 definition of the study differs';
  for (const device of [a, b]) await device.getByText(told).waitFor();
  // of all that both imported, the inbox compares the one that differs
  const inbox = a.getByRole('alert', { name: 'Conflicts' });
  await inbox.getByText('1 other record is in conflict.').waitFor();
  await inbox.getByText('What differs').click();
  expect(await inbox.getByRole('list').nth(1).getByRole('listitem').count()).toBe(2);
  for (const question of ['Systolic', 'Upper'])
    await inbox.getByText(`definition question: ${question} blood pressure`).waitFor();
  await keepShot('conflict-study', page);
  await chooseFiles(a, file(text));
  for (const device of [a, b]) await device.getByText(told).waitFor({ state: 'detached' });
  await untilEqual(page);
});

it('a real study of 90 subjects is imported, reaches the other device and verifies [APP-02]', async () => {
  world = await startWorld();
  const page = await world.openPage();
  if (!existsSync(REAL)) {
    console.log('The real study is not on this machine: the sample study stands in for it.');
  }
  const [folder, names] = existsSync(REAL)
    ? [REAL, ['metadata.xml', 'clinicaldata.xml']]
    : [SAMPLE, ['demo-metadata.xml', 'demo-clinicaldata.xml']];
  const [a, b] = [pane(page, 'a'), pane(page, 'b')];
  await a.getByText('This device holds no study yet.').waitFor();
  const startedAt = Date.now();
  await chooseFiles(
    a,
    names.map((name) => fileURLToPath(new URL(name, folder))),
  );
  const summary = await importSummary(a);
  const importedAt = Date.now();
  await untilEqual(page);
  const caughtUpAt = Date.now();
  const subjects = existsSync(REAL) ? ['90', '1684'] : ['12', '700'];
  expect([summary['Subjects'], summary['Recorded']]).toEqual(subjects);
  expect(await casebookText(b)).toBe(await casebookText(a));
  for (const device of [a, b]) {
    await device.getByRole('button', { name: 'Verify', exact: true }).click();
    await device.getByText('✓ This device: nothing found').waitFor();
  }
  console.log(
    `${await events(page)} events (${summary['Recorded']} values, ${summary['Subjects']} subjects) recorded in ` +
      `${importedAt - startedAt} ms; equal on the second device ${caughtUpAt - importedAt} ms later; verify clean on both`,
  );
});
