/** A protected value in the page: the name of a subject, for who holds the study's key, and for who does not. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  enterDevice,
  importSummary,
  keepShot,
  loadSample,
  openForm,
  pane,
  startWorld,
  until,
  untilEqual,
  VITALS,
  type World,
} from './appWorld.ts';
import { faultsOf } from './pageFaults.ts';

const NAME = 'Wilhelmina Quayle';

let world: World;
let page: Page;

beforeAll(async () => {
  world = await startWorld();
  page = await world.openPage();
});
afterAll(() => world.close());

const a = (): Locator => pane(page, 'a');
const b = (): Locator => pane(page, 'b');
const dialog = (): Locator => page.getByRole('dialog');
const name = (device: Locator): Promise<string> => device.locator('.subject-name').innerText();

const take = (name: string): Promise<void> => keepShot(name, page);

const saveName = async (device: Locator, text: string, reason = ''): Promise<void> => {
  await device.getByRole('button', { name: 'Edit the name of subject 101' }).click();
  await dialog().getByLabel('Name', { exact: true }).fill(text);
  if (reason !== '') await dialog().getByLabel('Reason for change').fill(reason);
  await dialog().getByRole('button', { name: 'Save' }).click();
};

it('a name is not taken before there is a key to seal it under, and what to do is said [APP-15]', async () => {
  await loadSample(a());
  await importSummary(a());
  await untilEqual(page);
  for (const device of [a(), b()]) await openForm(device, VITALS);
  expect(await name(a())).toContain('not recorded');
  await saveName(a(), NAME);
  const failure = dialog().getByRole('alert').filter({ hasText: 'key.not-held' });
  expect(await failure.innerText()).toContain('People');
  await page.keyboard.press('Escape');
  await a().getByRole('button', { name: 'People' }).click();
  await dialog().getByRole('button', { name: 'Make the study’s key' }).click();
  await dialog().getByText('You hold the study’s key').waitFor();
  expect(await faultsOf(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await saveName(a(), NAME);
  await until(async () => (await name(a())).includes(NAME), true);
});

it('who does not hold the key sees that a name is there, and the export holds none [APP-15]', async () => {
  await until(async () => (await name(b())).includes('sealed: you do not hold the study’s key'), true);
  await take('sealed');
  await untilEqual(page);
  const download = page.waitForEvent('download');
  await a().getByRole('button', { name: 'Export' }).click();
  const file = join(world.folder, 'sealed.jsonl');
  await (await download).saveAs(file);
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  const commits = lines.map((line): { readonly bytes?: string } => JSON.parse(line));
  const text = commits.map(({ bytes = '' }) => Buffer.from(bytes, 'base64').toString('latin1')).join('');
  expect(text).toContain('SubjectNamed');
  for (const part of NAME.split(' ')) expect(text.includes(part) || lines.join('').includes(part)).toBe(false);
});

it('another device asks for the key, and gets it from somebody who has compared the fingerprint [APP-15]', async () => {
  await b().getByRole('button', { name: 'People' }).click();
  await dialog().getByRole('button', { name: 'Ask for the study’s key' }).click();
  const own = await dialog().locator('.fingerprint-own').innerText();
  expect(own).toMatch(/^([0-9a-f]{4} ){7}[0-9a-f]{4}$/);
  await page.keyboard.press('Escape');
  await untilEqual(page);
  await a().getByRole('button', { name: 'People' }).click();
  const asking = dialog().getByRole('form', { name: 'Let ben.monitor in' });
  await asking.waitFor();
  expect(await asking.locator('code').innerText()).toBe(own);
  await take('sealed-let-in');
  await asking.getByLabel('Role of ben.monitor').fill('data manager');
  await asking.getByRole('button', { name: 'It is the same: let in' }).click();
  await dialog().getByText('ben.monitor gets the study’s key at the next sync.').waitFor();
  await page.keyboard.press('Escape');
  await untilEqual(page);
  await b().getByRole('button', { name: 'People' }).click();
  await dialog().getByText('You hold the study’s key').waitFor();
  await page.keyboard.press('Escape');
  await until(async () => (await name(b())).includes(NAME), true);
});

it('the name is open again after unlocking, and gone from the page while locked [APP-12, APP-15]', async () => {
  await a().getByRole('button', { name: 'Lock', exact: true }).click();
  await a().getByRole('form').waitFor();
  expect(await a().evaluate((section, text) => section.outerHTML.includes(text), NAME)).toBe(false);
  await enterDevice(page, 'a');
  await openForm(a(), VITALS);
  await until(async () => (await name(a())).includes(NAME), true);
});
