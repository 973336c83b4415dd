/** Erasure through the page: refused by default with its ground, one wrong name by two people, and who has not confirmed it. */
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  importSummary,
  loadSample,
  openForm,
  partsOf,
  saveName,
  setOnline,
  shareKey,
  startWorld,
  until,
  untilEqual,
  VITALS,
  type World,
} from './appWorld.ts';
import { faultsOf } from './pageFaults.ts';
import { indelible } from './servedApp.ts';

const WRONG = 'Rosalind Thackeray';
const RIGHT = 'Wilhelmina Quayle';

let world: World;
let page: Page;

beforeAll(async () => {
  world = await startWorld();
  page = await world.openPage();
});
afterAll(() => world.close());

const { a, b, dialog, take } = partsOf(() => page);
const erasures = (device: Locator): Locator => device.getByRole('region', { name: 'Erasures' });

const rename = async (text: string, reason = ''): Promise<void> => {
  await saveName(a(), text, reason);
  await until(async () => (await a().locator('.subject-name').innerText()).includes(text), true);
};

const ask = async (choice: RegExp, justification: string): Promise<void> => {
  await a().getByRole('button', { name: 'Erase something of subject 101' }).click();
  const submit = dialog().getByRole('button', { name: 'Ask for erasure' });
  await dialog().getByRole('radio', { name: choice }).check();
  expect(await submit.isDisabled()).toBe(true);
  await dialog().getByLabel('Justification').fill(justification);
  await submit.click();
};

it('a request for a whole subject is refused by default, on record with its ground [APP-16]', async () => {
  await loadSample(a());
  await importSummary(a());
  await untilEqual(page);
  for (const device of [a(), b()]) await openForm(device, VITALS);
  await shareKey(page);
  await rename(WRONG);
  await rename(RIGHT, 'typed into the wrong casebook');
  await ask(/^Everything/, 'letter of the subject, filed');
  const entry = erasures(a()).getByRole('listitem').first();
  await until(async () => (await entry.innerText()).includes('Refused by'), true);
  const text = await entry.innerText();
  for (const part of ['Everything sealed of subject 101', 'ada.nurse', 'letter of the subject', 'kept as the law asks'])
    expect(text).toContain(part);
  expect(await a().locator('.subject-name').innerText()).toContain(RIGHT);
});

it('a justification that tells the name is not taken, and nobody approves what they asked for [APP-16]', async () => {
  await ask(/Rosalind/, 'Thackeray is another subject, Rosalind Thackeray');
  await dialog().getByText('The justification tells the value').waitFor();
  expect(await faultsOf(page)).toEqual([]);
  await take('erase-ask');
  await dialog().getByLabel('Justification').fill('name of another person');
  await dialog().getByRole('button', { name: 'Ask for erasure' }).click();
  await until(() => erasures(a()).getByRole('listitem').count(), 2);
  expect(
    await erasures(a())
      .getByRole('button', { name: /^Approve/ })
      .count(),
  ).toBe(0);
  expect(
    await erasures(a())
      .getByRole('button', { name: /^Refuse/ })
      .count(),
  ).toBe(1);
});

it('another person approves, each device erases it and confirms, and one that is away is listed until it does [APP-16]', async () => {
  await untilEqual(page);
  await until(async () => (await b().locator('.subject-name').innerText()).includes(RIGHT), true);
  await setOnline(a(), false);
  await erasures(b()).getByRole('button', { name: 'Approve: One name of subject 101' }).click();
  await dialog().getByLabel('Justification').fill('found in order');
  await dialog().getByRole('button', { name: 'Approve' }).click();
  const atB = erasures(b()).getByRole('listitem').nth(1);
  await until(async () => (await atB.innerText()).includes('Erased'), true);
  expect(await atB.innerText()).toMatch(/Not confirmed\s+Device A/);
  await take('erase-waiting');
  await setOnline(a(), true);
  for (const device of [a(), b()]) {
    const entry = erasures(device).getByRole('listitem').nth(1);
    await until(async () => /Not confirmed\s+no device/.test(await entry.innerText()), true);
    expect(await entry.innerText()).toMatch(/Approved by\s+ben\.monitor, data manager/);
  }
  await a().getByRole('button', { name: 'Erase something of subject 101' }).click();
  await dialog().getByText(RIGHT).waitFor();
  expect(await dialog().getByRole('radio').count()).toBe(2);
  await page.keyboard.press('Escape');
  expect((await page.content()).includes(WRONG)).toBe(false);
  expect(await a().locator('.subject-name').innerText()).toContain(RIGHT);
});

it('after an erasure the device verifies, and so does its export [APP-16]', async () => {
  await untilEqual(page);
  await a().getByRole('button', { name: 'Verify', exact: true }).click();
  await a().getByText('✓ This device: nothing found').waitFor();
  const download = page.waitForEvent('download');
  await a().getByRole('button', { name: 'Export' }).click();
  const file = join(world.folder, 'erased.jsonl');
  await (await download).saveAs(file);
  const { status, stdout, stderr } = indelible('verify', file);
  expect(status, stdout + stderr).toBe(0);
});
