/** Electronic signatures, through the page: enrolment, signing, counter-signing, "changed since", withdrawal, paper. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  editValue,
  enterDevice,
  importSummary,
  loadSample,
  openForm,
  PASSPHRASE,
  PULSE,
  pane,
  partsOf,
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

const { a, b, dialog, take } = partsOf(() => page);
const signatures = (device: Locator): Locator => device.getByRole('region', { name: 'Signatures' });

const press = (name: string) => dialog().getByRole('button', { name, exact: true }).click();

/** Enrols whoever acts as a signer, from the dialog that asks for it. */
const becomeSigner = async (printedName: string): Promise<void> => {
  await dialog().getByLabel('Printed name').fill(printedName);
  await dialog().getByLabel('Proof of identity').fill('delegation log 4, line 2');
  await dialog().getByLabel('Certified to the authority on').fill('2026-01-15');
  await dialog().getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE);
  await press('Enrol as signer');
  const confirm = dialog().getByRole('button', { name: 'Confirm and go on' });
  await confirm.waitFor();
  expect(await confirm.isDisabled()).toBe(true);
  expect(await signatures(a()).getByRole('listitem').count()).toBeLessThan(3);
  await dialog().getByRole('checkbox').check();
  await confirm.click();
  await dialog().getByLabel('Meaning').waitFor();
};

const stateOf = (device: Locator): Promise<string> => signatures(device).locator('.signature .tag').first().innerText();

const stage = (device: Locator): Promise<string> => device.locator('.form-head .stage').innerText();

it('the first signature takes enrolment, the accountability statement, user and passphrase, in this order [APP-13]', async () => {
  await loadSample(a());
  await importSummary(a());
  await untilEqual(page);
  for (const device of [a(), b()]) await openForm(device, VITALS);
  await signatures(a()).getByText('Not signed.').waitFor();
  await a().getByRole('button', { name: 'Complete form' }).click();
  await until(() => stage(b()), 'Entered');
  await b().getByRole('button', { name: 'Verify form' }).click();
  await until(() => stage(a()), 'Verified');
  await signatures(a()).getByRole('button', { name: 'Sign form' }).press('Enter');
  await dialog().getByLabel('Printed name').waitFor();
  expect(await faultsOf(page)).toEqual([]);
  await becomeSigner('Ada Okoye, RN');
  expect(await dialog().locator('.statement').innerText()).toContain('I have reviewed this form and approve it.');
  await dialog().getByLabel('Meaning').selectOption('authored');
  expect(await dialog().locator('.statement').innerText()).toContain('what I observed');
  const sign = dialog().getByRole('button', { name: 'Sign', exact: true });
  await dialog().getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE);
  expect(await sign.isDisabled()).toBe(true);
  await dialog().getByLabel('User').fill('ben.monitor');
  await sign.click();
  await dialog().getByText('Only whoever acts on this device may sign here.').waitFor();
  await dialog().getByLabel('User').fill('ada.nurse');
  await dialog().getByLabel('Passphrase', { exact: true }).fill('something else');
  await sign.click();
  await dialog().getByText('key.refused').waitFor();
  await dialog().getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE);
  await take('sign-dialog');
  await dialog().getByLabel('Passphrase', { exact: true }).press('Enter');
  await until(() => dialog().count(), 0);
  await until(() => stateOf(a()), 'Valid');
  await until(() => stage(a()), 'Signed');
});

it('the manifest shows printed name, meaning, date and time with zone, on every device, and in the casebook [APP-13]', async () => {
  for (const device of [a(), b()]) {
    await until(() => signatures(device).getByRole('listitem').count(), 1);
    const text = await signatures(device).innerText();
    for (const part of ['Ada Okoye, RN', '(ada.nurse)', 'authored', 'Valid']) expect(text).toContain(part);
    expect(text).toMatch(/Date and time\s+\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d \([\w/]+\)/);
  }
  await b().getByRole('button', { name: '← Casebook' }).click();
  const row = b()
    .getByRole('row')
    .filter({ has: page.locator(`[data-form="${VITALS}"]`) });
  await row.getByText('Signed', { exact: true }).waitFor();
  await openForm(b(), VITALS);
});

it('another person counter-signs, and is not asked to withdraw what is not theirs [APP-13]', async () => {
  expect(
    await signatures(b())
      .getByRole('button', { name: /^Withdraw/ })
      .count(),
  ).toBe(0);
  await signatures(b()).getByRole('button', { name: 'Counter-sign the signature of Ada Okoye, RN' }).click();
  await becomeSigner('Ben Sato');
  await dialog().getByLabel('User').fill('ben.monitor');
  await dialog().getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE);
  await press('Counter-sign');
  for (const device of [a(), b()]) {
    await until(() => signatures(device).getByRole('listitem').count(), 2);
    const second = await signatures(device).getByRole('listitem').nth(1).innerText();
    for (const part of ['Ben Sato', 'Counter-signed', 'reviewed', 'Valid']) expect(second).toContain(part);
  }
  await untilEqual(page);
});

it('a later change marks the signature in form and casebook, is shown, and is signed again by the passphrase alone [APP-13]', async () => {
  await editValue(b(), { item: PULSE, value: '77', reason: 'read again' });
  for (const device of [a(), b()]) await until(() => stateOf(device), 'Data changed since');
  await a().getByRole('button', { name: '← Casebook' }).click();
  const row = a()
    .getByRole('row')
    .filter({ has: page.locator(`[data-form="${VITALS}"]`) });
  await row.getByText('Signature: data changed since').waitFor();
  await take('sign-casebook');
  await openForm(a(), VITALS);
  await signatures(a())
    .getByRole('button', { name: 'Look at what changed since the signature of Ada Okoye, RN' })
    .click();
  const line = dialog().getByRole('row').filter({ hasText: PULSE });
  for (const part of ['77 /min', 'ben.monitor', 'read again']) expect(await line.innerText()).toContain(part);
  expect(await dialog().locator('tbody tr').count()).toBe(1);
  expect(await faultsOf(page)).toEqual([]);
  await take('sign-since');
  await press('Sign again');
  await dialog().getByText('Signing as').waitFor();
  expect(await dialog().getByLabel('User').count()).toBe(0);
  await dialog().getByLabel('Meaning').selectOption('authored');
  await dialog().getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE);
  await press('Sign');
  await until(() => signatures(a()).getByRole('listitem').count(), 3);
  const third = signatures(a()).getByRole('listitem').nth(2);
  await until(async () => (await third.innerText()).includes('Valid'), true);
  expect(await stateOf(a())).toBe('Data changed since');
});

it('a form that changed while somebody was about to sign it is not signed [APP-13]', async () => {
  await signatures(a()).getByRole('button', { name: 'Sign form' }).click();
  await dialog().getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE);
  const second = await world.context.newPage();
  await second.goto(world.address);
  await enterDevice(second, 'b');
  await openForm(pane(second, 'b'), VITALS);
  await editValue(pane(second, 'b'), { item: PULSE, value: '78', reason: 'typing error' });
  await until(() => a().getByText('78 /min').count(), 1);
  await second.close();
  await press('Sign');
  await dialog().getByText('The form has changed since you opened this.').waitFor();
  await page.keyboard.press('Escape');
  await until(() => dialog().count(), 0);
  expect(await signatures(a()).getByRole('listitem').count()).toBe(3);
});

it('a withdrawal takes a reason and stays beside the signature; unlocking anew asks for all components again [APP-13]', async () => {
  await a().getByRole('button', { name: 'Lock', exact: true }).click();
  await enterDevice(page, 'a');
  await openForm(a(), VITALS);
  const own = signatures(a()).getByRole('button', { name: 'Withdraw the signature of Ada Okoye, RN' });
  await own.nth(1).click();
  const withdraw = dialog().getByRole('button', { name: 'Withdraw', exact: true });
  await dialog().getByLabel('User').fill('ada.nurse');
  await dialog().getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE);
  expect(await withdraw.isDisabled()).toBe(true);
  await dialog().getByRole('button', { name: 'Signed in error' }).click();
  await withdraw.click();
  await until(() => signatures(a()).getByRole('listitem').count(), 4);
  const texts = await signatures(a()).getByRole('listitem').allInnerTexts();
  expect(texts[2]).toContain('Withdrawn');
  expect(texts[3]).toMatch(/Withdrew the signature[\s\S]*Signed in error/);
});

it('the printed form carries every manifest, where it came from, and nothing to press [APP-14]', async () => {
  await b().getByRole('button', { name: '← Casebook' }).click();
  await page.emulateMedia({ media: 'print' });
  const paper = await page.locator('body').innerText();
  for (const part of [
    'Ada Okoye, RN',
    'Ben Sato',
    'authored',
    'reviewed',
    'Data changed since',
    'Withdrawn',
    'Signed in error',
  ])
    expect(paper, part).toContain(part);
  expect(paper.match(/Date and time\s+\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d \([\w/]+\)/g)).toHaveLength(4);
  for (const part of [
    'Vital signs',
    'Subject 101',
    'Systolic blood pressure',
    '78 /min',
    'Printed by ada.nurse, site nurse',
  ])
    expect(paper, part).toContain(part);
  for (const part of ['Casebook', 'Sync now', 'Device B', 'Edit', 'Withdraw\n', 'Locks in'])
    expect(paper, part).not.toContain(part);
  await take('sign-print');
  await page.emulateMedia({ media: null });
  const pdf = await page.pdf({ format: 'A4' });
  expect(pdf.toString('latin1').match(/\/Type \/Page\b/g)?.length).toBeLessThan(4);
  const folder = process.env['INDELIBLE_SHOTS'];
  if (folder !== undefined) await writeFile(join(folder, 'sign-print.pdf'), pdf);
  await openForm(b(), VITALS);
});

it('one of two open forms is printed where it says Print [APP-14]', async () => {
  await page.evaluate(() => {
    Object.assign(globalThis, {
      print: () => Object.assign(globalThis, { marked: document.querySelectorAll('.form-panel.printing').length }),
    });
  });
  await b().getByRole('button', { name: 'Print' }).click();
  expect(await page.evaluate('marked')).toBe(1);
  await page.emulateMedia({ media: 'print' });
  expect(await b().locator('.form-panel').isVisible()).toBe(true);
  expect(await a().locator('.form-panel').isVisible()).toBe(false);
  await page.emulateMedia({ media: null });
  await page.evaluate(() => dispatchEvent(new Event('afterprint')));
  await until(() => page.locator('.printing').count(), 0);
});

it('a signing key on a new device is proposed there, and what it signs is marked until people vouch for it [APP-13, SIG-11]', async () => {
  const tablet = await world.openTablet();
  const device = pane(tablet, 'a');
  const sheet = tablet.getByRole('dialog');
  await enterDevice(tablet, 'a');
  await openForm(device, VITALS);
  await until(() => signatures(device).getByRole('listitem').count(), 4);
  await signatures(device).getByRole('button', { name: 'Sign form' }).click();
  await sheet.getByText('Your signing key on this device is new.').waitFor();
  expect(await sheet.getByLabel('Printed name').inputValue()).toBe('Ada Okoye, RN');
  await sheet.getByRole('button', { name: 'Device lost' }).click();
  await sheet.getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE);
  expect(await faultsOf(tablet)).toEqual([]);
  await take('sign-propose', tablet);
  await sheet.getByRole('button', { name: 'Propose this key' }).click();
  await sheet.getByRole('checkbox').check();
  await sheet.getByRole('button', { name: 'Confirm and go on' }).click();
  await sheet.getByText('what you sign is marked until it is endorsed').waitFor();
  await sheet.getByLabel('User').fill('ada.nurse');
  await sheet.getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE);
  await sheet.getByRole('button', { name: 'Sign', exact: true }).click();
  const latest = (on: Locator) => signatures(on).getByRole('listitem').last().innerText();
  const endorse = async (on: Locator, reason: string): Promise<void> => {
    await on.getByRole('button', { name: 'Access', exact: true }).click();
    await dialog().getByRole('button', { name: 'Endorse the signing key of ada.nurse' }).click();
    await dialog().getByRole('button', { name: reason }).click();
    await dialog().getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE);
    expect(await faultsOf(page)).toEqual([]);
    await take('sign-endorse');
    await press('Endorse this key');
    await dialog().getByText('You have vouched for the signing key of ada.nurse.').waitFor();
    await page.keyboard.press('Escape');
  };
  for (const on of [device, b()]) await until(async () => (await latest(on)).includes('New key, not endorsed'), true);
  await endorse(b(), 'Seen in person, ids compared');
  await until(async () => (await latest(device)).includes('ben.monitor, administrator'), true);
  expect(await latest(device)).toContain('New key, not endorsed');
  await endorse(a(), 'My own new device');
  for (const on of [device, b()]) await until(async () => (await latest(on)).includes('Valid'), true);
  expect(await latest(device)).toContain('ada.nurse with the key before');
  await tablet.context().close();
});

it('the export carries the signatures to the command, which finds them intact [APP-13]', async () => {
  await untilEqual(page);
  const download = page.waitForEvent('download');
  await a().getByRole('button', { name: 'Export' }).click();
  const file = join(world.folder, 'signed.jsonl');
  await (await download).saveAs(file);
  const { status, stdout, stderr } = indelible('verify', file);
  expect(status, stdout + stderr).toBe(0);
  expect(stdout).toContain('Ada Okoye, RN (ada.nurse), authored');
  expect(stdout).toContain('Ben Sato (ben.monitor), reviewed');
  expect(stdout).toContain('endorsed by ada.nurse, with the key before it');
});
