/** Who may use a device, through the page: setting up, unlocking, waiting, locking, changing hands on a shared tablet. */
import { readdir } from 'node:fs/promises';
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
  partsOf,
  shown,
  startWorld,
  until,
  VITALS,
  type World,
} from './appWorld.ts';
import { faultsOf } from './pageFaults.ts';

let world: World;
let page: Page;

beforeAll(async () => {
  world = await startWorld([], true);
  page = await world.context.newPage();
  await page.clock.install({ time: new Date('2026-03-02T08:00:00Z') });
  await page.goto(world.address.replace('127.0.0.1', 'localhost')); // passkeys need a name
});
afterAll(() => world.close());

const { a, dialog, take } = partsOf(() => page);
const gate = (): Locator => a().getByRole('form', { name: /^(Set up|Unlock) Device A$/ });
const typeInto = (label: string, text: string) => gate().getByLabel(label, { exact: true }).fill(text);

/** What a locked device may show: nothing that was recorded. */
const nothingOfTheStudy = async (): Promise<void> => {
  const html = await a().evaluate((section) => section.outerHTML);
  for (const word of ['Vital signs', 'Systolic', 'mmHg', '101', 'Casebook', 'replica', 'Study', 'data-form'])
    expect(html.includes(word), word).toBe(false);
  expect(await a().locator('table, dialog, .sync').count()).toBe(0);
};

it('a new device is set up with a passphrase that is hinted at, shown on demand and repeated [APP-11]', async () => {
  const submit = gate().getByRole('button', { name: 'Set up this device' });
  await submit.waitFor();
  expect(await faultsOf(page)).toEqual([]);
  await typeInto('Passphrase', 'short');
  await gate().getByText('Too short: 3 more characters.').waitFor();
  await typeInto('Passphrase', 'ada.nurse123');
  await gate().getByText(/^Weak/).waitFor();
  await typeInto('Passphrase', PASSPHRASE);
  await gate().getByText('Good.', { exact: true }).waitFor();
  await typeInto('Repeat passphrase', `${PASSPHRASE}!`);
  await gate().getByText('The two passphrases differ.').waitFor();
  expect(await submit.isDisabled()).toBe(true);
  const input = gate().getByLabel('Passphrase', { exact: true });
  expect(await input.getAttribute('type')).toBe('password');
  await gate().getByRole('button', { name: 'Show passphrase', exact: true }).click();
  expect(await input.getAttribute('type')).toBe('text');
  await take('keys-set-up');
  await typeInto('Repeat passphrase', PASSPHRASE);
  await submit.press('Enter');
  await a().getByText('This device holds no study yet.').waitFor();
  expect(await a().locator('.actor').innerText()).toMatch(/ada\.nurse, site nurse[\s\S]*Locks in 15 min/);
  await loadSample(a());
  await importSummary(a());
});

it('after Lock nothing of the study is in the page, and the same person goes on by the keyboard [APP-12]', async () => {
  await openForm(a(), VITALS);
  await a()
    .getByRole('button', { name: /^Edit Systolic/ })
    .click();
  await page.keyboard.press('Escape');
  await take('keys-open');
  await a().getByRole('button', { name: 'Lock', exact: true }).press('Enter');
  await gate().waitFor();
  await nothingOfTheStudy();
  await take('keys-locked');
  expect(await faultsOf(page)).toEqual([]);
  expect(await gate().getByLabel('User').inputValue()).toBe('ada.nurse');
  await page.keyboard.type(PASSPHRASE);
  await page.keyboard.press('Enter');
  await a().locator('.casebook').waitFor();
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Device A');
});

it('another user is enrolled and takes over the tablet, and whoever unlocks next is told of failed attempts [APP-11, APP-12]', async () => {
  await a().getByRole('button', { name: 'People' }).click();
  await dialog().getByText('ada.nurse (acting now)').waitFor();
  await dialog().getByLabel('New user').fill('dr.cole');
  await dialog().getByLabel('Role').fill('investigator');
  await dialog().getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE);
  await dialog().getByLabel('Repeat passphrase', { exact: true }).fill(PASSPHRASE);
  expect(await faultsOf(page)).toEqual([]);
  await take('keys-people');
  await dialog().getByRole('button', { name: 'Enrol this user' }).click();
  await until(() => dialog().count(), 0);
  await a().getByRole('button', { name: 'Switch user' }).click();
  expect(await gate().getByLabel('User').inputValue()).toBe('');
  await page.keyboard.type('dr.cole');
  await typeInto('Passphrase', 'not the passphrase');
  await gate().getByRole('button', { name: 'Unlock' }).click();
  const refused = gate().getByRole('alert').filter({ hasText: 'key.refused' });
  await refused.waitFor();
  expect(await refused.innerText()).toContain('Check user and passphrase');
  expect(await gate().getByLabel('Passphrase', { exact: true }).inputValue()).toBe('');
  await enterDevice(page, 'a', 'dr.cole');
  expect(await a().locator('.actor').innerText()).toContain('dr.cole, investigator');
  const told = a().getByRole('alert').filter({ hasText: '1 attempt to unlock this device failed.' });
  expect(await told.innerText()).toMatch(/2026-03-02 08:\d\d:\d\d UTC, dr\.cole, by passphrase/);
  await take('keys-failures');
});

it('a device that nobody touches says so, then locks, and a touch keeps it open [APP-12]', async () => {
  await page.clock.fastForward('13:30');
  await a().getByText('Locks in 2 min', { exact: true }).waitFor();
  await until(
    () =>
      a()
        .locator('.said')
        .innerText()
        .then((text) => text.includes('Any key or touch keeps it open')),
    true,
  );
  await a().getByRole('heading', { name: 'Device A' }).click();
  await page.clock.fastForward('10:00');
  await a().getByText('Locks in 5 min', { exact: true }).waitFor();
  await page.clock.fastForward('05:10');
  await gate().waitFor();
  await gate().getByText('nobody was seen for a while').waitFor();
  await nothingOfTheStudy();
});

it('failed attempts end in a wait that is counted down, and one who waits gets in [APP-11]', async () => {
  const tellsToWait = () => gate().getByRole('alert').getByText('key.wait').isVisible();
  // the first waits are short, and may be over before the next attempt is typed
  for (let at = 1; at < 15 && !(await tellsToWait()); at++) {
    await typeInto('User', 'ada.nurse');
    await typeInto('Passphrase', `wrong number ${at}`);
    await gate().getByRole('button', { name: 'Unlock' }).click();
    await gate().getByRole('alert').waitFor();
    await until(() => gate().getByRole('button', { name: 'Unlocking …' }).count(), 0);
  }
  expect(await tellsToWait()).toBe(true);
  await gate()
    .getByText(/^Try again at \d\d:\d\d:\d\d, in \d+ s$/)
    .waitFor();
  await typeInto('Passphrase', PASSPHRASE);
  expect(await gate().getByRole('button', { name: 'Unlock' }).isDisabled()).toBe(true);
  await take('keys-wait');
  await page.clock.fastForward('02:00');
  await gate().getByRole('button', { name: 'Unlock' }).click();
  await a().locator('.casebook').waitFor();
});

it('a page that is loaded anew without a network has every file of the build, unlocks and goes on recording [APP-12, APP-19]', async () => {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  await world.killServer();
  await a().getByRole('button', { name: 'Lock', exact: true }).click();
  await page.reload();
  const files = (await readdir('dist-app/assets')).map((name) => `assets/${name}`);
  expect(files.filter((name) => name.includes('argon2.worker'))).toHaveLength(1);
  const gone = await page.evaluate(async (names) => {
    const missing: string[] = [];
    for (const name of names) {
      const answer = await fetch(name).catch(() => undefined);
      if (answer?.ok !== true || (await answer.arrayBuffer()).byteLength === 0) missing.push(name);
    }
    return missing;
  }, files);
  expect(gone).toEqual([]);
  await enterDevice(page, 'a');
  await openForm(a(), VITALS);
  await editValue(a(), { item: PULSE, value: '66', reason: 'the server is away' });
  await until(() => shown(a(), PULSE), '66 /min');
  await world.startServer();
});

const NEXT = 'copper orbit walnut seven';

it('a person changes their passphrase: the new one unlocks, the one before does not [APP-11]', async () => {
  await a().getByRole('button', { name: 'People' }).click();
  await dialog().getByText('Change my passphrase').click();
  const form = dialog().getByRole('form', { name: 'Change my passphrase' });
  const change = form.getByRole('button', { name: 'Change passphrase' });
  await form.getByLabel('Present passphrase', { exact: true }).fill('not the present one');
  await form.getByLabel('New passphrase', { exact: true }).fill(NEXT);
  await form.getByLabel('Repeat new passphrase', { exact: true }).fill(NEXT);
  expect(await faultsOf(page)).toEqual([]);
  await change.click();
  await form.getByText('key.refused').waitFor();
  await form.getByLabel('Present passphrase', { exact: true }).fill(PASSPHRASE);
  await change.click();
  await until(() => dialog().count(), 0);
  await a().getByRole('button', { name: 'Lock', exact: true }).click();
  await typeInto('Passphrase', PASSPHRASE);
  await gate().getByRole('button', { name: 'Unlock' }).click();
  await gate().getByText('key.refused').waitFor();
  await typeInto('Passphrase', NEXT);
  await gate().getByRole('button', { name: 'Unlock' }).click();
  await a().locator('.casebook').waitFor();
});

const lock = () => a().getByRole('button', { name: 'Lock', exact: true }).click();
const unlock = () => gate().getByRole('button', { name: 'Unlock' }).click();

it('a passkey unlocks beside the passphrase, which is kept as the last way back, also when the passkey is gone [APP-18]', async () => {
  const protocol = await world.context.newCDPSession(page);
  await protocol.send('WebAuthn.enable', { enableUI: false });
  const { authenticatorId } = await protocol.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', ctap2Version: 'ctap2_1', transport: 'internal', hasResidentKey: true, hasPrf: true },
      ...{ hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
    },
  });
  const openWays = async () => {
    await a().getByRole('button', { name: 'People' }).click();
    await dialog().getByText('How I unlock this device').click();
  };
  const ways = dialog().getByRole('list', { name: 'My ways to unlock' });
  await openWays();
  await until(() => ways.getByRole('listitem').count(), 1);
  const add = dialog().getByRole('form', { name: 'Add a passkey' });
  await add.getByLabel('Your passphrase', { exact: true }).fill(NEXT);
  await add.getByRole('button', { name: 'Add a passkey' }).click();
  await until(() => ways.getByRole('listitem').count(), 2);
  await ways.getByRole('button', { name: /^Remove: Passphrase/ }).click();
  await ways.getByRole('button', { name: 'Remove it' }).click();
  await ways.getByText('Kept: only passkeys would be left').waitFor();
  expect(await faultsOf(page)).toEqual([]);
  await take('keys-ways');
  await page.keyboard.press('Escape');
  await lock();
  await gate().getByRole('button', { name: 'Use a passkey' }).click();
  await a().locator('.casebook').waitFor();
  await protocol.send('WebAuthn.clearCredentials', { authenticatorId });
  await lock();
  await gate().getByRole('button', { name: 'Use a passkey' }).click();
  await gate().getByText('key.passkey-unavailable').waitFor();
  await typeInto('Passphrase', NEXT);
  await unlock();
  await openWays();
  await ways.getByRole('button', { name: /^Remove: Passkey/ }).click();
  await ways.getByRole('button', { name: 'Remove it' }).click();
  await until(() => ways.getByRole('listitem').count(), 1);
  await page.keyboard.press('Escape');
});

it('a passphrase older than 90 days unlocks together with a new one only [APP-18]', async () => {
  await lock();
  await page.clock.fastForward(91 * 24 * 3_600_000);
  await typeInto('Passphrase', NEXT);
  await unlock();
  await gate().getByText('key.renewal-due').waitFor();
  await typeInto('Passphrase', NEXT);
  expect(await gate().getByRole('button', { name: 'Unlock' }).isDisabled()).toBe(true);
  await typeInto('New passphrase', PASSPHRASE);
  await typeInto('Repeat new passphrase', PASSPHRASE);
  expect(await faultsOf(page)).toEqual([]);
  await take('keys-renewal');
  await unlock();
  await a().locator('.casebook').waitFor();
  await lock();
  await typeInto('Passphrase', PASSPHRASE);
  await unlock();
  await a().locator('.casebook').waitFor();
});
