/** The main journey in the page, from the first study to a checked export, on one server and one browser. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  announced,
  casebookText,
  chooseFiles,
  editValue,
  enterDevices,
  importSummary,
  keepShot,
  loadSample,
  openForm,
  PULSE,
  pane,
  SYSTOLIC,
  setOnline,
  shown,
  startWorld,
  until,
  untilEqual,
  VITALS,
  type World,
} from './appWorld.ts';
import { faultsOf } from './pageFaults.ts';
import { indelible } from './servedApp.ts';

let world: World;
let page: Page;

beforeAll(async () => {
  world = await startWorld();
  page = await world.openPage();
});
afterAll(() => world.close());

const both = () => [pane(page, 'a'), pane(page, 'b')] as const;

const bothOnline = async (online: boolean): Promise<void> => {
  for (const device of both()) await setOnline(device, online);
};

it('two devices and the server start empty, side by side [APP-01]', async () => {
  for (const device of both()) await device.getByText('This device holds no study yet.').waitFor();
  const server = page.getByRole('region', { name: 'Server' });
  await until(() => server.locator('[data-server=events]').innerText(), '0');
  await server.getByText('Reached', { exact: true }).waitFor();
});

it('a study imported on one device fills its casebook, and then that of the other [APP-02]', async () => {
  const [a, b] = both();
  await loadSample(a);
  const summary = await importSummary(a);
  expect(summary['Recorded']).toBe(summary['Item values in the file']);
  expect(Number(summary['Recorded'])).toBeGreaterThan(500);
  await b.getByText('Study').first().waitFor();
  await untilEqual(page);
  expect(await casebookText(b)).toBe(await casebookText(a));
  expect(await b.locator('.casebook tbody').innerText()).toBe(await a.locator('.casebook tbody').innerText());
});

it('a study imported again records nothing twice [IMP-04]', async () => {
  const [a, b] = both();
  for (const device of [a, b]) {
    await loadSample(device);
    const summary = await importSummary(device);
    expect(summary['Recorded']).toBe('0');
    expect(summary['Recorded before, skipped']).toBe(summary['Item values in the file']);
  }
});

it('the casebook is filtered by subject and opens a form from the keyboard [APP-03]', async () => {
  const [a] = both();
  await a.getByLabel('Subject').fill('102');
  await until(
    () =>
      a
        .locator('.casebook tbody tr td:first-child')
        .allInnerTexts()
        .then((all) => [...new Set(all)]),
    ['102'],
  );
  await a.getByLabel('Subject').fill('');
  await a.locator(`[data-form="${VITALS}"]`).press('Enter');
  await a.getByRole('heading', { name: 'Vital signs' }).waitFor();
  expect(await shown(a, SYSTOLIC)).toContain('mmHg');
});

it('a change waits for a valid value and a reason, a first value for none [APP-04]', async () => {
  const [a] = both();
  await openForm(a, VITALS);
  await a.getByRole('button', { name: `Edit ${SYSTOLIC}` }).click();
  const dialog = page.getByRole('dialog');
  const save = dialog.getByRole('button', { name: 'Save' });
  await dialog.getByLabel(SYSTOLIC).fill('13o');
  await dialog.getByText('Enter a whole number.').waitFor();
  await dialog.getByLabel('Reason for change').fill('typing error');
  expect(await save.isDisabled()).toBe(true);
  await dialog.getByLabel(SYSTOLIC).fill('131');
  await dialog.getByLabel('Reason for change').fill('  ');
  expect(await save.isDisabled()).toBe(true);
  await dialog.getByRole('button', { name: 'Typing error' }).click();
  await save.click();
  await until(() => shown(a, SYSTOLIC), '131 mmHg');
  expect(await announced(a)).toContain('Recorded on this device');
  await openForm(a, '101/SE.V1/F.DIARY[2025-03-14]');
  await editValue(a, { item: 'Anything else?', value: 'nothing', reason: '' });
  await until(() => shown(a, 'Anything else?'), 'nothing');
});

it('edits of different fields made offline merge, and pending is shown meanwhile [APP-05]', async () => {
  const [a, b] = both();
  await untilEqual(page);
  await bothOnline(false);
  await Promise.all([a, b].map((device) => device.getByText('Offline', { exact: true }).waitFor()));
  await openForm(a, VITALS);
  await openForm(b, VITALS);
  await editValue(a, { item: SYSTOLIC, value: '128', reason: 'read again' });
  await editValue(b, { item: PULSE, value: '71', reason: 'typing error' });
  await a.getByText(/^1 event, oldest/).waitFor();
  await b.getByText(/^1 event, oldest/).waitFor();
  expect(await shown(b, SYSTOLIC)).toBe('131 mmHg');
  await bothOnline(true);
  await untilEqual(page);
  for (const device of [a, b]) {
    await until(() => shown(device, SYSTOLIC), '128 mmHg');
    await until(() => shown(device, PULSE), '71 /min');
    await device.getByText(/up to event \d+ of this device/).waitFor();
  }
});

it('edits of one field made offline are a conflict that shows both, until a person decides with a reason [APP-06]', async () => {
  const [a, b] = both();
  await bothOnline(false);
  await editValue(a, { item: SYSTOLIC, value: '140', reason: 'second reading' });
  await editValue(b, { item: SYSTOLIC, value: '150', reason: 'from the paper chart' });
  await bothOnline(true);
  for (const device of [a, b]) {
    const inbox = device.getByRole('alert', { name: 'Conflicts' });
    await inbox.getByText('1 form is in conflict.').waitFor();
    await inbox
      .getByText(`${SYSTOLIC}, by ada.nurse and ben.monitor`)
      .or(inbox.getByText(`${SYSTOLIC}, by ben.monitor and ada.nurse`))
      .waitFor();
    const sides = device.getByRole('list', { name: `Values in conflict for ${SYSTOLIC}` });
    const text = await sides.innerText();
    for (const part of [
      '140 mmHg',
      '150 mmHg',
      'ada.nurse, site nurse',
      'ben.monitor, data manager',
      'Device A',
      'Device B',
    ])
      expect(text).toContain(part);
    expect(text).toContain('Reason: second reading');
    expect(await device.getByRole('button', { name: `Edit ${SYSTOLIC}` }).count()).toBe(0);
  }
  await b.getByRole('button', { name: `Resolve ${SYSTOLIC}` }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('radio', { name: /Before: neither of these.*128/s }).waitFor();
  expect(await dialog.getByRole('radio', { checked: true }).count()).toBe(0);
  await dialog.getByRole('radio', { name: /Elsewhere.*140/s }).check();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Shift+Tab');
  for (
    let presses = 0;
    presses < 4 && !(await dialog.getByRole('radio', { name: /Here.*150/s }).isChecked());
    presses++
  )
    await page.keyboard.press('ArrowDown');
  expect(await dialog.getByRole('radio', { name: /Here.*150/s }).isChecked()).toBe(true);
  expect(await dialog.getByRole('button', { name: 'Review' }).isDisabled()).toBe(true);
  await dialog.getByLabel('Reason for this decision').fill('confirmed');
  await keepShot('conflict-compare', page);
  await page.keyboard.press('Enter');
  const decision = dialog.getByRole('region', { name: 'Your decision' });
  for (const part of ['Nothing is recorded yet', '150 mmHg', 'ben.monitor', 'confirmed'])
    await decision.getByText(part).first().waitFor();
  await keepShot('conflict-review', page);
  // nothing is recorded before the last step: back, and another reason
  await dialog.getByRole('button', { name: 'Back' }).click();
  expect(await b.getByRole('list', { name: `Values in conflict for ${SYSTOLIC}` }).count()).toBe(1);
  await dialog.getByLabel('Reason for this decision').fill('confirmed against the source');
  await page.keyboard.press('Enter');
  await decision.waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  // what has become of it is shown at once
  const trail = page.getByRole('dialog', { name: `History of “${SYSTOLIC}”` });
  await trail.getByText('resolved a conflict').waitFor();
  await until(async () => /kept ben.monitor’s 150 mmHg over ada.nurse’s 140 mmHg/.test(await trail.innerText()), true);
  await keepShot('conflict-trail', page);
  await page.keyboard.press('Escape');
  for (const device of [a, b]) await until(() => shown(device, SYSTOLIC), '150 mmHg');
  await untilEqual(page);
});

it('the history of a field tells old value, new value, who, when, where and why [APP-03]', async () => {
  const [a] = both();
  await a.getByRole('button', { name: `History of ${SYSTOLIC}` }).click();
  const dialog = page.getByRole('dialog');
  const rows = dialog.locator('tbody tr');
  await until(() => rows.count(), 6);
  const [first = '', second = ''] = await rows.allInnerTexts();
  for (const part of ['not entered', 'imported', 'as in the file: Mina Okafor (U.CRC.01)', '2025-03-13T']) {
    expect(first).toContain(part);
  }
  for (const part of ['131 mmHg', 'ada.nurse', 'Device A', 'Typing error', 'UTC+']) expect(second).toContain(part);
  const last = await rows.last().innerText();
  for (const part of ['150 mmHg', 'resolved a conflict', 'ben.monitor', 'Device B', 'confirmed against the source']) {
    expect(last).toContain(part);
  }
  await page.keyboard.press('Escape');
  await until(() => page.getByRole('dialog').count(), 0);
});

it('a form goes through its stages by keyboard, and what is not legal says where it is, or for whom; its history tells who [APP-21]', async () => {
  const [a, b] = both();
  const stage = b.locator('.form-head .stage');
  const press = (name: string, on = b) => on.getByRole('button', { name, exact: true }).press('Enter');
  await until(() => stage.innerText(), 'Draft');
  await press('Verify form');
  await press('Verify form', a);
  await a.getByText('Verify form: this is for the role data manager, monitor or investigator.').waitFor();
  await b.getByText('Verify form: the form is draft; this takes one that is entered.').waitFor();
  await press('Complete form');
  await until(() => stage.innerText(), 'Entered');
  await press('Verify form');
  await until(() => stage.innerText(), 'Verified');
  await press('Freeze form');
  await until(() => stage.innerText(), 'Frozen');
  await keepShot('form-stages', page);
  await press('Unfreeze form');
  await until(() => stage.innerText(), 'Verified');
  await press('History of the stages');
  const trail = page.getByRole('dialog', { name: 'Stages of the form' });
  await until(() => trail.locator('tbody tr').count(), 4);
  const last = await trail.locator('tbody tr').last().innerText();
  for (const part of ['Form unfrozen', 'Verified', 'ben.monitor', 'Device B']) expect(last).toContain(part);
  expect(await faultsOf(page)).toEqual([]);
  await page.keyboard.press('Escape');
});

it('a locked form refuses an edit, and unlocking asks for a reason [AGG-01]', async () => {
  const [a, b] = both();
  await b.getByRole('button', { name: 'Lock form', exact: true }).click();
  await a.locator('.form-head').getByText('Locked', { exact: true }).waitFor();
  await editValue(a, { item: PULSE, value: '99', reason: 'late' });
  await page
    .getByRole('dialog')
    .getByRole('alert')
    .getByText('the form is locked; this takes one that is empty, draft')
    .waitFor();
  await page.keyboard.press('Escape');
  expect(await shown(a, PULSE)).toBe('71 /min');
  await b.getByRole('button', { name: 'Unlock form' }).click();
  const unlock = page.getByRole('dialog').getByRole('button', { name: 'Unlock form' });
  expect(await unlock.isDisabled()).toBe(true);
  await page.getByRole('dialog').getByLabel('Reason').fill('correction needed');
  await unlock.click();
  await a.locator('.form-head').getByText('Entered', { exact: true }).waitFor();
  await untilEqual(page);
});

it('a form locked on one device and edited on the other is resolved as a whole, in words [CNF-04]', async () => {
  const [a, b] = both();
  await bothOnline(false);
  await b.getByRole('button', { name: 'Lock form', exact: true }).click();
  await editValue(a, { item: PULSE, value: '80', reason: 'second reading' });
  await bothOnline(true);
  for (const device of [a, b]) await device.getByText('This form is in conflict.').waitFor();
  await a.getByText('The form as a whole is decided in another role').waitFor();
  expect(await a.getByRole('button', { name: /^Resolve/ }).count()).toBe(0);
  await a
    .getByRole('alert', { name: 'Conflicts' })
    .getByText(/Form locked by ben.monitor/)
    .waitFor();
  await b.getByRole('button', { name: 'Resolve the form' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Form locked').waitFor();
  await dialog.getByRole('radio', { name: /71/ }).waitFor();
  await dialog.getByRole('radio', { name: /80/ }).check();
  await dialog.getByRole('radio', { name: 'Locked' }).check();
  await dialog.getByLabel('Reason for this decision').fill('the second reading counts');
  await keepShot('conflict-form', page);
  await dialog.getByRole('button', { name: 'Review' }).click();
  await dialog.getByText('The form: locked').waitFor();
  await dialog.getByRole('button', { name: 'Record the decision' }).click();
  const trail = page.getByRole('dialog', { name: 'History of the form' });
  await trail.getByText('resolved a conflict').first().waitFor();
  await trail.getByText('Pulse: 80 /min').first().waitFor();
  await keepShot('conflict-form-trail', page);
  await page.keyboard.press('Escape');
  for (const device of [a, b]) {
    await until(() => shown(device, PULSE), '80 /min');
    await device.locator('.form-head').getByText('Locked', { exact: true }).waitFor();
    await until(() => device.getByText('in conflict.').count(), 0);
  }
  await untilEqual(page);
});

it('verify finds nothing, and the exported file passes the command until one byte is changed [APP-07]', async () => {
  const [a, b] = both();
  for (const device of [a, b]) {
    await device.getByRole('button', { name: 'Verify', exact: true }).click();
    await device.getByText('✓ This device: nothing found').waitFor();
  }
  const download = page.waitForEvent('download');
  await a.getByRole('button', { name: 'Export' }).click();
  const file = join(world.folder, 'export.jsonl');
  await (await download).saveAs(file);
  await a.getByText('npx indelible verify').waitFor();
  const good = indelible('verify', file);
  expect(good.status, good.stdout + good.stderr).toBe(0);
  const bytes = await readFile(file);
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] ?? 0) === 0x41 ? 0x42 : 0x41;
  const changed = join(world.folder, 'changed.jsonl');
  await writeFile(changed, bytes);
  const bad = indelible('verify', changed);
  expect(bad.status).toBe(1);
  expect(bad.stdout).toMatch(/1\. .*\n +at replica [0-9a-f]{32}, event \d+/);
  const check = page.getByRole('region', { name: 'Check an export' });
  await check.getByLabel('Choose bundle').setInputFiles(file);
  await check.getByText('✓ export.jsonl: nothing found').waitFor();
  await check.getByLabel('Choose bundle').setInputFiles(changed);
  await check.getByText(/✗ changed.jsonl: \d+ findings/).waitFor();
});

it('a reload keeps everything, offline too [APP-05]', async () => {
  const [a] = both();
  const before = await untilEqual(page);
  await setOnline(a, false);
  await page.reload();
  await enterDevices(page);
  await pane(page, 'a').getByText('Offline', { exact: true }).waitFor();
  for (const device of both()) await until(() => device.locator('.fingerprint').innerText(), before);
  await setOnline(pane(page, 'a'), true);
});

it('a second tab shows what the first records [PRJ-01]', async () => {
  const second = await world.openPage();
  await openForm(pane(second, 'a'), '101/SE.V1/F.SPIROMETRY');
  await openForm(pane(page, 'a'), '101/SE.V1/F.SPIROMETRY');
  const [item = ''] = await pane(page, 'a').getByRole('rowheader').allInnerTexts();
  await editValue(pane(page, 'a'), { item, value: '3.33', reason: 'typing error' });
  await until(async () => (await shown(pane(second, 'a'), item)).startsWith('3.33'), true);
  await editValue(pane(second, 'a'), { item, value: '3.44', reason: 'typing error' });
  await until(async () => (await shown(pane(page, 'a'), item)).startsWith('3.44'), true);
  await second.close();
  await untilEqual(page);
});

it('a malformed file ends in a code that names the line, and records nothing [APP-08]', async () => {
  const [a] = both();
  await a.getByRole('button', { name: '← Casebook' }).click();
  const before = await casebookText(a);
  const text = '<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" ODMVersion="1.3.2">\n<ClinicalData StudyOID="S"';
  const broken = { name: 'broken.xml', mimeType: 'text/xml', buffer: Buffer.from(text) };
  await chooseFiles(a, broken);
  const failure = a.getByRole('alert').filter({ hasText: 'The import ended' });
  await failure.getByText('import.malformed-xml').waitFor();
  expect(await failure.innerText()).toMatch(/line \d/);
  await failure.getByRole('button', { name: 'Dismiss' }).click();
  await chooseFiles(a, { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('<html></html>') });
  await failure.getByText('import.not-odm').waitFor();
  await failure.getByRole('button', { name: 'Dismiss' }).click();
  expect(await casebookText(a)).toBe(before);
});

it('a server that is killed is shown as not reached, and sync goes on when it is back [SYN-04]', async () => {
  const [a] = both();
  await world.killServer();
  const server = page.getByRole('region', { name: 'Server' });
  await server.getByText('Not reached', { exact: true }).waitFor();
  await openForm(a, '102/SE.V1/F.VITALS');
  await editValue(a, { item: PULSE, value: '66', reason: 'while the server was away' });
  await a.getByText('sync.offline').waitFor();
  await a.getByText(/^1 event, oldest/).waitFor();
  await world.startServer();
  await untilEqual(page);
  await server.getByText('Reached', { exact: true }).waitFor();
  await until(() => a.getByText('sync.offline').count(), 0);
});

it('no value reaches the address, the title or the console [APP-08]', async () => {
  expect(page.url()).toBe(world.address);
  expect(await page.title()).toBe('Indelible');
  const unreachable = /Failed to load resource: net::ERR_/;
  expect(world.said.filter((line) => !unreachable.test(line))).toEqual([]);
});
