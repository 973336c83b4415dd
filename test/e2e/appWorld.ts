/** The built server as a child process, a browser with devices of its own, and how a person uses the page. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { findChromium } from '../../scripts/chromium.mjs';
import { type ServedApp, serveApp } from './servedApp.ts';

/** A form of the sample study, and two of its questions. */
export const VITALS = '101/SE.V1/F.VITALS';
export const SYSTOLIC = 'Systolic blood pressure';
export const PULSE = 'Pulse';

/** Of everybody in these tests. */
export const PASSPHRASE = 'heron lamp quarry violin';

export type World = ServedApp & {
  readonly context: BrowserContext;
  /** Everything that a page wrote to its console or threw. */
  readonly said: readonly string[];
  /** A page whose two devices are set up or unlocked. */
  readonly openPage: () => Promise<Page>;
  /** A page of another browser, in which nothing was ever set up; close its context. */
  readonly openTablet: () => Promise<Page>;
};

/** Said by the driver of the browser, not by the page, where a test keeps the app from being stored. */
const BLOCKED = 'Service Worker registration blocked by Playwright';

/**
 * A server with an empty data folder, and a browser without any data. `keepsApp`: the page may keep its own files for when the server
 * is gone.
 */
export const startWorld = async (serveWords: readonly string[] = [], keepsApp = false): Promise<World> => {
  const served = await serveApp(serveWords);
  const found = await findChromium();
  const browser: Browser = await chromium.launch({
    executablePath: found.path,
    args: [...found.args],
    env: found.env,
  });
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    acceptDownloads: true,
    serviceWorkers: keepsApp ? 'allow' : 'block',
  });
  context.setDefaultTimeout(30_000);
  const said: string[] = [];
  context.on('console', (message) => {
    if (!message.text().endsWith(BLOCKED)) said.push(`${message.type()}: ${message.text()}`);
  });
  context.on('weberror', (error) => said.push(`thrown: ${error.error().message}`));
  return {
    ...served,
    context,
    said,
    openPage: async () => {
      const page = await context.newPage();
      await page.goto(served.address);
      await enterDevices(page);
      return page;
    },
    openTablet: async () => {
      const tablet = await browser.newContext({ serviceWorkers: 'block' });
      const page = await tablet.newPage();
      await page.goto(served.address);
      return page;
    },
    close: async () => {
      await browser.close();
      await served.close();
    },
  };
};

export const pane = (page: Page, device: 'a' | 'b'): Locator => page.locator(`#device-${device}`);

/** The two devices of a page that is opened later, its dialog, and a picture of any of them. */
export const partsOf = (page: () => Page) => ({
  a: (): Locator => pane(page(), 'a'),
  b: (): Locator => pane(page(), 'b'),
  dialog: (): Locator => page().getByRole('dialog'),
  take: (name: string, what: Locator | Page = page()): Promise<void> => keepShot(name, what),
});

const USER = { a: 'ada.nurse', b: 'ben.monitor' } as const;

/** Sets a device up for the user it proposes, or unlocks it. Resolves when it is open. */
export const enterDevice = async (page: Page, name: 'a' | 'b', user: string = USER[name]): Promise<void> => {
  const device = pane(page, name);
  const gate = device.getByRole('form', { name: /^(Set up|Unlock) / });
  await gate.waitFor();
  const repeat = gate.getByLabel('Repeat passphrase', { exact: true });
  await gate.getByLabel('User').fill(user);
  await gate.getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE);
  if ((await repeat.count()) > 0) await repeat.fill(PASSPHRASE);
  await gate.getByRole('button', { name: /^(Set up this device|Unlock)$/ }).click();
  await gate.waitFor({ state: 'detached' });
};

export const enterDevices = async (page: Page): Promise<void> => {
  for (const name of ['a', 'b'] as const) await enterDevice(page, name);
};

/** Keeps a picture where `INDELIBLE_SHOTS` names a folder for them; of a page also as on a phone at night. */
export const keepShot = async (name: string, what: Locator | Page): Promise<void> => {
  const folder = process.env['INDELIBLE_SHOTS'];
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await what.screenshot({ path: join(folder, `${name}.png`) });
  if (!('viewportSize' in what)) return;
  const size = what.viewportSize();
  await what.setViewportSize({ width: 375, height: 800 });
  await what.emulateMedia({ colorScheme: 'dark' });
  await what.screenshot({ path: join(folder, `${name}-narrow.png`) });
  await what.emulateMedia({ colorScheme: null });
  if (size !== null) await what.setViewportSize(size);
};

/** Waits until something asked again and again holds. */
export const until = (ask: () => Promise<unknown> | unknown, wanted: unknown, timeout = 30_000) =>
  expect.poll(ask, { timeout, interval: 100 }).toEqual(wanted);

const fingerprint = (device: Locator): Promise<string> => device.locator('.fingerprint').innerText();
const heading = (device: Locator): Promise<string> => device.locator('.casebook h3').innerText();

/** What a device and the server show of what they hold. */
const held = async (page: Page): Promise<readonly string[]> => {
  const devices = [pane(page, 'a'), pane(page, 'b')];
  const sizes = await Promise.all(devices.map((device) => device.locator('.held').innerText()));
  return [...sizes, `${await page.locator('[data-server=events]').innerText()} events`];
};

/** Waits until devices and server hold the same events and both devices show the same state; gives its fingerprint. */
export const untilEqual = async (page: Page): Promise<string> => {
  const devices = [pane(page, 'a'), pane(page, 'b')];
  await until(async () => {
    const pending = await Promise.all(devices.map((device) => device.locator('.sync dd').first().innerText()));
    const shownBy = await Promise.all(devices.map(fingerprint));
    const equal = (all: readonly string[]) => new Set(all).size === 1 && all[0] !== '';
    return pending.every((text) => text === 'nothing') && equal(await held(page)) && equal(shownBy);
  }, true);
  return fingerprint(pane(page, 'a'));
};

/** Waits for an import to end and gives its summary by name. */
export const importSummary = async (device: Locator): Promise<Readonly<Record<string, string>>> => {
  const summary = device.getByRole('region', { name: 'Import summary' });
  await summary.waitFor();
  const rows = await summary.locator('.figures > div').all();
  const pairs = await Promise.all(
    rows.map(async (row) => [await row.locator('dt').innerText(), await row.locator('dd').innerText()]),
  );
  await device.getByRole('button', { name: 'Close summary' }).click();
  return Object.fromEntries(pairs);
};

/** Opens what is folded away once a device holds a study. */
const unfoldImport = async (device: Locator): Promise<void> => {
  const more = device.getByText('Import more');
  if ((await more.count()) > 0 && !(await device.getByText('Load the sample study').isVisible())) await more.click();
};

export const loadSample = async (device: Locator): Promise<void> => {
  await device.getByRole('region', { name: 'Import a study' }).waitFor();
  await unfoldImport(device);
  await device.getByRole('button', { name: 'Load the sample study' }).click();
};

export type Chosen = Parameters<Locator['setInputFiles']>[0];

export const chooseFiles = async (device: Locator, files: Chosen): Promise<void> => {
  await unfoldImport(device);
  await device.getByLabel('Choose files').setInputFiles(files);
};

export const casebookText = heading;

/** Opens a form from the first page of the casebook. */
export const openForm = async (device: Locator, form: string): Promise<void> => {
  if ((await device.getByRole('button', { name: '← Casebook' }).count()) > 0)
    await device.getByRole('button', { name: '← Casebook' }).click();
  await device.locator(`[data-form="${form}"]`).click();
  await device.getByRole('region', { name: 'Form' }).waitFor();
};

/** What a device shows for one item of the opened form. */
export const shown = (device: Locator, item: string): Promise<string> =>
  device
    .getByRole('row')
    .filter({ has: device.page().getByRole('rowheader', { name: item, exact: true }) })
    .locator('td')
    .first()
    .innerText();

export const editValue = async (
  device: Locator,
  change: { readonly item: string; readonly value: string; readonly reason: string },
): Promise<void> => {
  await device.getByRole('button', { name: `Edit ${change.item}` }).click();
  const dialog = device.page().getByRole('dialog');
  const input = dialog.getByLabel(change.item);
  const isChoice = await input.evaluate((element) => element instanceof HTMLSelectElement);
  if (isChoice) await input.selectOption({ label: change.value });
  else await input.fill(change.value);
  if (change.reason !== '') await dialog.getByLabel('Reason for change').fill(change.reason);
  await dialog.getByRole('button', { name: 'Save' }).click();
};

/** Saves a name of subject 101, of whom a form is open. */
export const saveName = async (device: Locator, text: string, reason = ''): Promise<void> => {
  const dialog = device.page().getByRole('dialog');
  await device.getByRole('button', { name: 'Edit the name of subject 101' }).click();
  await dialog.getByLabel('Name', { exact: true }).fill(text);
  if (reason !== '') await dialog.getByLabel('Reason for change').fill(reason);
  await dialog.getByRole('button', { name: 'Save' }).click();
};

const openPeople = (device: Locator) => device.getByRole('button', { name: 'People' }).click();

/** Asks for the study's key on a device; gives the fingerprint that it shows. */
export const askForKey = async (device: Locator): Promise<string> => {
  const page = device.page();
  await openPeople(device);
  await page.getByRole('button', { name: 'Ask for the study’s key' }).click();
  const own = await page.locator('.fingerprint-own').innerText();
  await page.keyboard.press('Escape');
  return own;
};

/** Makes the study's key on a device of a page. */
export const makeStudyKey = async (device: Locator): Promise<void> => {
  const page = device.page();
  await openPeople(device);
  await page.getByRole('button', { name: 'Make the study’s key' }).click();
  await page.getByText('You hold the study’s key').waitFor();
  await page.keyboard.press('Escape');
};

/** Lets Device B in that has asked for the key, on A, and waits until it holds it. `look` at the form that does it. */
export const letBIn = async (page: Page, look: (asking: Locator) => Promise<void> = async () => {}): Promise<void> => {
  await untilEqual(page);
  await openPeople(pane(page, 'a'));
  const asking = page.getByRole('form', { name: 'Let ben.monitor in' });
  await asking.waitFor();
  await look(asking);
  await asking.getByLabel('Role of ben.monitor').fill('data manager');
  await asking.getByRole('button', { name: 'It is the same: let in' }).click();
  await page.getByText('ben.monitor gets the study’s key at the next sync.').waitFor();
  await page.keyboard.press('Escape');
  await untilEqual(page);
  await openPeople(pane(page, 'b'));
  await page.getByText('You hold the study’s key').waitFor();
  await page.keyboard.press('Escape');
};

/** Makes the study's key on A, and grants it to B. */
export const shareKey = async (page: Page): Promise<void> => {
  await makeStudyKey(pane(page, 'a'));
  await untilEqual(page);
  await askForKey(pane(page, 'b'));
  await letBIn(page);
};

export const setOnline = async (device: Locator, online: boolean): Promise<void> => {
  await device.getByRole('switch', { name: 'Online' }).setChecked(online);
};

export const announced = (device: Locator): Promise<string> => device.locator('.said').innerText();
