/** A protected value in the page: the name of a subject, for who holds the study's key, and for who does not. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  askForKey,
  enterDevice,
  importSummary,
  letBIn,
  loadSample,
  makeStudyKey,
  openForm,
  pane,
  partsOf,
  saveName,
  setOnline,
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

const { a, b, dialog, take } = partsOf(() => page);
const name = (device: Locator): Promise<string> => device.locator('.subject-name').innerText();

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
  await makeStudyKey(a());
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
  expect(text).toContain('PersonNamed');
  for (const part of NAME.split(' ')) expect(text.includes(part) || lines.join('').includes(part)).toBe(false);
});

it('another device asks for the key, and gets it from somebody who has compared the fingerprint [APP-15]', async () => {
  const own = await askForKey(b());
  expect(own).toMatch(/^([0-9a-f]{4} ){7}[0-9a-f]{4}$/);
  await letBIn(page, async (asking) => {
    expect(await asking.locator('code').innerText()).toBe(own);
    expect(await faultsOf(page)).toEqual([]);
    await take('sealed-let-in');
  });
  await until(async () => (await name(b())).includes(NAME), true);
});

it('two names recorded apart are both shown and in the inbox, until a person says which holds, with a reason [APP-06, APP-15]', async () => {
  for (const device of [a(), b()]) await setOnline(device, false);
  await saveName(a(), 'Wilma Quayle', 'as on the passport');
  await saveName(b(), 'Wilhelmina Quail', 'as on the referral');
  for (const device of [a(), b()]) await setOnline(device, true);
  for (const device of [a(), b()]) {
    const sides = device.getByRole('list', { name: 'Names in conflict for subject 101' });
    for (const part of ['Wilma Quayle', 'Wilhelmina Quail', 'as on the passport', 'as on the referral'])
      await sides.getByText(part).waitFor();
    await device
      .getByRole('alert', { name: 'Conflicts' })
      .getByRole('button', { name: 'Subject 101: the name' })
      .waitFor();
  }
  await a().getByRole('button', { name: 'Resolve the name of subject 101' }).click();
  await dialog()
    .getByRole('radio', { name: `Before, neither of these: ${NAME}` })
    .waitFor();
  await dialog()
    .getByRole('radio', { name: /Another name/ })
    .check();
  await dialog().getByLabel('Name', { exact: true }).fill(NAME);
  await dialog().getByLabel('Reason for this decision').fill('asked her');
  await take('name-conflict');
  await page.keyboard.press('Enter');
  await dialog().getByRole('region', { name: 'Your decision' }).getByText('Nothing is recorded yet').waitFor();
  await dialog().getByRole('button', { name: 'Record the decision' }).click();
  const last = page.getByRole('dialog', { name: 'Names of subject 101' }).locator('tbody tr').last();
  await until(async () => (await last.innerText()).includes('resolved a conflict'), true);
  for (const part of [NAME, 'ada.nurse', 'asked her']) expect(await last.innerText()).toContain(part);
  await take('name-trail');
  expect(await faultsOf(page)).toEqual([]);
  await page.keyboard.press('Escape');
  for (const device of [a(), b()]) await until(async () => (await name(device)).includes(NAME), true);
  await untilEqual(page);
});

it('the name is open again after unlocking, and gone from the page while locked [APP-12, APP-15]', async () => {
  await a().getByRole('button', { name: 'Lock', exact: true }).click();
  await a().getByRole('form').waitFor();
  expect(await a().evaluate((section, text) => section.outerHTML.includes(text), NAME)).toBe(false);
  await enterDevice(page, 'a');
  await openForm(a(), VITALS);
  await until(async () => (await name(a())).includes(NAME), true);
});

const act = async (button: string | RegExp, submit: string, told: string): Promise<void> => {
  await dialog().getByRole('button', { name: button }).click();
  const ready = dialog().getByRole('button', { name: submit, exact: true });
  await dialog().getByLabel('Reason').fill('as decided in the meeting');
  await ready.click();
  await dialog().getByRole('status').getByText(told).waitFor();
};
const acting = (device: Locator): Promise<string> => device.locator('.actor').innerText();
const person = (user: string): Locator =>
  dialog().getByRole('list', { name: 'People of the study' }).locator('.person').filter({ hasText: user });

it('the list of who may do what shows roles and devices, and a role is that of the list, whatever the browser keeps [APP-17]', async () => {
  await b().getByRole('button', { name: 'Access' }).click();
  for (const part of ['data manager', 'may hold the study’s key', '(this one)', 'enrolled'])
    expect(await person('ben.monitor').innerText()).toContain(part);
  await dialog().getByText('You can look at this list.').waitFor();
  expect(await person('ada.nurse').getByRole('button').count()).toBe(0);
  await page.keyboard.press('Escape');
  await a().getByRole('button', { name: 'Access' }).click();
  expect(await person('ada.nurse').getByRole('button').count()).toBe(0);
  expect(await faultsOf(page)).toEqual([]);
  await take('access');
  await dialog().getByRole('button', { name: 'Change role of ben.monitor' }).click();
  await dialog().getByLabel('Role').fill('study monitor');
  expect(await dialog().getByRole('button', { name: 'Change role', exact: true }).isDisabled()).toBe(true);
  await page.keyboard.press('Escape');
  await dialog().getByRole('button', { name: 'Change role of ben.monitor' }).click();
  await dialog().getByLabel('Role').fill('study monitor');
  await dialog().getByLabel('Reason').fill('delegation log changed');
  await dialog().getByRole('button', { name: 'Change role', exact: true }).click();
  await dialog().getByRole('status').getByText('ben.monitor is study monitor from now on.').waitFor();
  await act('Let administer ben.monitor', 'Let administer', 'ben.monitor administers the study.');
  await page.keyboard.press('Escape');
  await until(async () => (await acting(b())).includes('ben.monitor, study monitor'), true);
  await page.evaluate(() => localStorage.setItem('indelible.device-b.role.ben.monitor', 'sponsor'));
  await b().getByRole('button', { name: 'Lock', exact: true }).click();
  await enterDevice(page, 'b');
  await openForm(b(), VITALS);
  expect(await acting(b())).toContain('ben.monitor, study monitor');
  await b().getByRole('button', { name: 'Access' }).click();
  await person('ada.nurse').getByRole('button', { name: 'End administration by ada.nurse' }).waitFor();
  await page.keyboard.press('Escape');
});

it('a new device recovers the study’s key once as many custodians as are needed have released their shares to it [APP-20]', async () => {
  await a().getByRole('button', { name: 'Access' }).click();
  await dialog().getByRole('button', { name: 'Make a recovery key …' }).click();
  const make = dialog().getByRole('button', { name: 'Make the recovery key' });
  await dialog().getByRole('checkbox', { name: 'ada.nurse' }).check();
  expect(await make.isDisabled()).toBe(true);
  await dialog().getByRole('checkbox', { name: 'ben.monitor' }).check();
  expect(await faultsOf(page)).toEqual([]);
  await make.click();
  await dialog().getByText('The recovery key is made.').waitFor();
  await take('recovery-made');
  await page.keyboard.press('Escape');

  const tablet = await world.openTablet();
  const c = pane(tablet, 'a');
  await enterDevice(tablet, 'a');
  const fingerprint = await askForKey(c);
  await b().getByRole('button', { name: 'People' }).click();
  const asking = dialog().getByRole('form', { name: 'Let ada.nurse in' });
  await asking.getByText('ada.nurse is in the study as site nurse.').waitFor();
  await asking.getByRole('checkbox', { name: 'Gets the study’s key' }).uncheck();
  await asking.getByRole('button', { name: 'It is the same: let in' }).click();
  await dialog().getByText('ada.nurse is let in, without the study’s key.').waitFor();
  await page.keyboard.press('Escape');

  const told = tablet.getByRole('region', { name: 'Recovery' }).getByRole('status');
  const recover = tablet.getByRole('button', { name: 'Recover the study’s key' });
  await c.getByRole('button', { name: 'Access' }).click();
  await recover.click();
  await told.getByText('0 of 2 shares are here').waitFor();
  for (const device of [a(), b()]) {
    await device.getByRole('button', { name: 'Access' }).click();
    await dialog().getByRole('button', { name: 'Release my share …' }).click();
    await dialog().getByRole('radio', { name: fingerprint }).check();
    await dialog().getByLabel('Reason').fill('tablet lost on the ward');
    await take('recovery-release');
    await dialog().getByRole('button', { name: 'Release my share', exact: true }).click();
    await dialog().getByText('Your share is released').waitFor();
    await page.keyboard.press('Escape');
  }
  await tablet.getByText('Released to this device: 2.').waitFor();
  await recover.click();
  await told.getByText('The study’s key is here again.').waitFor();
  await tablet.keyboard.press('Escape');
  await openForm(c, VITALS);
  await until(async () => (await name(c)).includes(NAME), true);
  await tablet.context().close();

  await a().getByRole('button', { name: 'Access' }).click();
  await act(/^Revoke the recovery key /, 'Revoke', 'The recovery key is revoked.');
  await dialog().getByText('No recovery key is there').waitFor();
  await page.keyboard.press('Escape');
});

it('who is removed or whose device is revoked opens nothing that is sealed later, and the list of before is kept [APP-17]', async () => {
  const renamed = async (text: string) => {
    await saveName(a(), text, 'typing error');
    await until(async () => (await name(a())).includes(text), true);
    await untilEqual(page);
  };
  await a().getByRole('button', { name: 'Access' }).click();
  await act('Make a newer key …', 'Make a newer key', 'The study has a newer key');
  const before = await page.evaluate(() => {
    const at = new Date(Date.now() - new Date().getTimezoneOffset() * 60_000);
    return at.toISOString().slice(0, 19);
  });
  await page.keyboard.press('Escape');
  await untilEqual(page);
  await renamed('Wilhelmina Quail');
  await until(async () => (await name(b())).includes('Wilhelmina Quail'), true);

  await a().getByRole('button', { name: 'Access' }).click();
  await act('End administration by ben.monitor', 'End it', 'ben.monitor administers no more.');
  await page.keyboard.press('Escape');
  await untilEqual(page);
  await b().getByRole('button', { name: 'Access' }).click();
  await dialog().getByText('You can look at this list.').waitFor();
  await page.keyboard.press('Escape');
  await a().getByRole('button', { name: 'Access' }).click();
  await act('Remove ben.monitor', 'Remove', 'ben.monitor is removed. Who stays has a newer key.');
  await take('access-removed');
  await page.keyboard.press('Escape');
  await until(async () => (await acting(b())).includes('removed from the study'), true);
  await renamed('Wilhelmina Quaile');
  await until(async () => (await name(b())).includes('sealed: you do not hold the study’s key'), true);

  await a().getByRole('button', { name: 'Access' }).click();
  expect(await person('ben.monitor').innerText()).toContain('removed');
  await dialog().getByLabel('As of').fill(before);
  await until(async () => (await person('ben.monitor').innerText()).includes('removed'), false);
  expect(await dialog().getByRole('button', { name: 'Readmit ben.monitor' }).count()).toBe(0);
  await dialog().getByLabel('As of').fill('');
  await act('Readmit ben.monitor', 'Readmit', 'ben.monitor is study monitor from now on.');
  await page.keyboard.press('Escape');
  await until(async () => (await name(b())).includes('Wilhelmina Quaile'), true);

  await a().getByRole('button', { name: 'Access' }).click();
  await act(/^Revoke Device B .* of ben\.monitor$/, 'Revoke', 'The device of ben.monitor is revoked.');
  await page.keyboard.press('Escape');
  await untilEqual(page);
  await renamed(NAME);
  await until(async () => (await name(b())).includes('sealed: you do not hold the study’s key'), true);
});
