/** What a person sees of a device's health, and of a database that was lost behind the page. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  editValue,
  enterDevices,
  importSummary,
  loadSample,
  openForm,
  PULSE,
  pane,
  setOnline,
  startWorld,
  until,
  untilEqual,
  VITALS,
  type World,
} from './appWorld.ts';

/** Pictures for people, if a folder is named for them. */
const PICTURES = process.env['HEALTH_PICTURES'];

let world: World;
let page: Page;

beforeAll(async () => {
  world = await startWorld();
  page = await world.openPage();
});
afterAll(() => world.close());

const take = async (name: string, part?: Locator): Promise<void> => {
  if (PICTURES === undefined) return;
  await mkdir(PICTURES, { recursive: true });
  for (const scheme of ['light', 'dark'] as const) {
    for (const [width, height] of [
      [1440, 900],
      [420, 900],
    ] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height });
      await part?.scrollIntoViewIfNeeded();
      const path = join(PICTURES, `${name}-${width}-${scheme}.png`);
      if (part === undefined) await page.screenshot({ path });
      else await part.screenshot({ path });
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.emulateMedia({ colorScheme: 'light' });
};

const health = (device: Locator): Locator => device.getByRole('region', { name: 'Health' });

it('a device shows its room, and every check when asked from the keyboard [APP-09, HLT-01]', async () => {
  await loadSample(pane(page, 'a'));
  await importSummary(pane(page, 'a'));
  await untilEqual(page);
  const a = health(pane(page, 'a'));
  await a.getByText('Room used').waitFor();
  await a.getByText(/The browser (keeps|may delete|does not say)/).waitFor();
  const button = a.getByRole('button', { name: 'Check now' });
  await button.focus();
  await page.keyboard.press('Enter');
  await a.getByText(/^Checked .* 9 checks/).waitFor();
  const checks = await a.getByRole('listitem').allInnerTexts();
  expect(checks).toHaveLength(9);
  for (const name of [
    'Chains',
    'Receipts',
    'Writing',
    'Waiting to be sent',
    'Clock',
    'Room',
    'Database',
    'Server',
    'Losses and findings',
  ])
    expect(
      checks.some((text) => text.includes(name)),
      name,
    ).toBe(true);
  expect(
    checks.filter((text) => text.startsWith('!')).every((text) => /health\.(not-persisted|space-low)/.test(text)),
  ).toBe(true);
  expect(await a.getByText('is well.').count()).toBeGreaterThan(6);
  await take('health', pane(page, 'a'));
});

/** Deletes databases of the site, from a page of it that holds none of them open. */
const eraseDatabases = async (names: readonly string[]): Promise<void> => {
  const eraser = await world.context.newPage();
  await eraser.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body: '<title>erase</title>' }));
  await eraser.goto(world.address);
  await eraser.evaluate(async (all) => {
    for (const name of all)
      await new Promise<void>((resolve, reject) => {
        const request = indexedDB.deleteDatabase(name);
        request.onsuccess = () => resolve();
        request.onerror = () => reject(request.error);
        request.onblocked = () => reject(new Error('blocked'));
      });
  }, names);
  await eraser.close();
};

it('a database that is deleted behind the page is told as loss, and what was confirmed comes back [APP-10, REC-10]', async () => {
  const a = pane(page, 'a');
  const before = await a.locator('.held').innerText();
  const held = Number(/\d+/.exec(before)?.[0]);
  await setOnline(a, false);
  await openForm(a, VITALS);
  await editValue(a, { item: PULSE, value: '66', reason: 'typing error' });
  await a.getByText(/^1 event, oldest/).waitFor();
  await page.goto('about:blank');
  await eraseDatabases(['device-a']);
  await page.goto(world.address);
  await enterDevices(page);
  const banner = pane(page, 'a').getByRole('alert').filter({ hasText: 'the database of this device is gone' });
  await banner.waitFor();
  const text = await banner.innerText();
  expect(text).toContain(`This device held ${new Intl.NumberFormat('en').format(held + 1)} events of this study until`);
  expect(text).toContain('1 event recorded after the last receipt is lost');
  expect(await pane(page, 'a').getByText('This device holds no study yet.').count()).toBe(0);
  await take('loss', pane(page, 'a'));
  await setOnline(pane(page, 'a'), true);
  await untilEqual(page);
  await banner.or(pane(page, 'a').getByText('are here again')).first().waitFor();
  await pane(page, 'a')
    .getByText(/that the server had confirmed are here again/)
    .waitFor();
  const after = Number(/\d+/.exec(await pane(page, 'a').locator('.held').innerText())?.[0]);
  expect(after).toBe(held + 1); // everything confirmed, and the event that closes the old replica
  await take('loss-back', pane(page, 'a'));
  await pane(page, 'a').getByRole('button', { name: 'I have read this' }).click();
  await until(() => pane(page, 'a').getByText('the database of this device is gone').count(), 0);
  await page.reload();
  await enterDevices(page);
  await health(pane(page, 'a')).getByText('Room used').waitFor();
  expect(await pane(page, 'a').getByText('the database of this device is gone').count()).toBe(0);
  const a2 = health(pane(page, 'a'));
  await a2.getByRole('button', { name: 'Check now' }).click();
  await a2.getByText('health.events-lost').waitFor();
  await take('health-after', a2);
});

it('nothing recorded shows in what health tells [HLT-02]', async () => {
  const text = await health(pane(page, 'a')).innerText();
  for (const value of ['66', '/min', 'mmHg', '101', 'typing error', 'ada.nurse'])
    expect(text.includes(` ${value} `)).toBe(false);
});

it('where the vault is gone too, the device says what it held before it offers to be set up, and goes on [APP-10, REC-10]', async () => {
  const held = Number(/\d+/.exec(await pane(page, 'a').locator('.held').innerText())?.[0]);
  await page.goto('about:blank');
  await eraseDatabases(['device-a', 'device-a:vault', 'device-a:keys']);
  await page.goto(world.address);
  const gate = pane(page, 'a').getByRole('form', { name: 'Set up Device A' });
  const said = gate.getByRole('alert').filter({ hasText: 'the database of this device is gone' });
  await said.waitFor();
  expect(await said.innerText()).toContain(`This device held ${new Intl.NumberFormat('en').format(held)} events`);
  expect(await said.innerText()).toMatch(/server had confirmed \d+ events? of this device: they come back/);
  await take('lost-vault', pane(page, 'a'));
  await enterDevices(page);
  const banner = pane(page, 'a').getByRole('alert').filter({ hasText: 'the database of this device is gone' });
  await banner.waitFor();
});
