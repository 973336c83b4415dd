/** Failures that a person can meet: each is a message with a code, the page goes on, and nothing recorded is lost. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  editValue,
  enterDevice,
  enterDevices,
  importSummary,
  loadSample,
  openForm,
  pane,
  shown,
  startWorld,
  until,
  untilEqual,
  VITALS,
  type World,
} from './appWorld.ts';

const TOKEN = 'a-token-that-is-long-enough';

let secrets = '';
let world: World;

beforeAll(async () => {
  secrets = await mkdtemp(join(tmpdir(), 'indelible-token-'));
  await writeFile(join(secrets, 'token'), TOKEN);
  world = await startWorld(['--token-file', join(secrets, 'token')]);
});
afterAll(async () => {
  await world.close();
  await rm(secrets, { recursive: true, force: true });
});

it('a server that wants a token says so, recording goes on, and the token lets everything through [APP-08]', async () => {
  const page = await world.openPage();
  const [a, server] = [pane(page, 'a'), page.getByRole('region', { name: 'Server' })];
  await a.getByText('Access refused').waitFor();
  await server.getByText('sync.unauthorised').waitFor();
  await loadSample(a);
  expect((await importSummary(a))['Recorded']).toBe('700');
  await server.getByLabel('Access token').fill('wrong');
  await server.getByRole('button', { name: 'Use this token' }).click();
  await a.getByText('sync.unauthorised').waitFor();
  await server.getByLabel('Access token').fill(TOKEN);
  await server.getByRole('button', { name: 'Use this token' }).click();
  await untilEqual(page);
  await page.close();
});

it('a browser without IndexedDB is told so, with what to do [APP-08]', async () => {
  const page = await world.context.newPage();
  await page.addInitScript(() => Object.defineProperty(globalThis, 'indexedDB', { value: undefined }));
  await page.goto(world.address);
  for (const device of [pane(page, 'a'), pane(page, 'b')]) {
    const panel = device.getByRole('alert');
    await panel.getByText('storage.unavailable').waitFor();
    expect(await panel.innerText()).toContain('private mode');
    await panel.getByRole('button', { name: 'Try again' }).waitFor();
  }
  await page.close();
});

/** Makes a database one of a layout that is not known yet, as a newer app would. */
const makeNewer = async (page: Page, database: string): Promise<void> => {
  await page.route('**/blank', (route) => route.fulfill({ contentType: 'text/html', body: '' }));
  await page.goto(new URL('blank', world.address).href);
  await page.evaluate(
    (name) =>
      new Promise<void>((resolve, reject) => {
        const request = indexedDB.open(name, 1_000);
        request.onerror = () => reject(request.error);
        request.onsuccess = () => {
          request.result.close();
          resolve();
        };
      }),
    database,
  );
};

it('a device whose database cannot be opened says so, and all that it holds is exported [APP-08, REC-15]', async () => {
  const context = await world.context.browser()?.newContext({ acceptDownloads: true });
  if (context === undefined) throw new Error('the browser is gone');
  const page = await context.newPage();
  await page.goto(world.address);
  await enterDevices(page);
  await loadSample(pane(page, 'a'));
  const recorded = (await importSummary(pane(page, 'a')))['Recorded'];
  await makeNewer(page, 'device-a');
  await page.goto(world.address);
  await enterDevices(page);
  const panel = pane(page, 'a').getByRole('alert').first();
  await panel.getByText('storage.outdated').waitFor();
  const download = page.waitForEvent('download');
  await panel.getByRole('button', { name: 'Export what is recorded' }).click();
  const file = join(secrets, 'rescued.jsonl');
  await (await download).saveAs(file);
  const head: { readonly events: number } = JSON.parse((await readFile(file, 'utf8')).split('\n', 1)[0] ?? '');
  // The study's own definitions come on top of its data.
  expect(head.events).toBeGreaterThanOrEqual(Number(recorded));
  await pane(page, 'b').getByText('replica').first().waitFor();
  await context.close();
});

it('a full disk refuses a value in words and keeps what is recorded [APP-08]', async () => {
  const page = await world.context.newPage();
  await page.addInitScript(() => {
    const add = IDBObjectStore.prototype.add;
    IDBObjectStore.prototype.add = function (...words) {
      if (sessionStorage.getItem('disk') === 'full') throw new DOMException('full', 'QuotaExceededError');
      return add.apply(this, words);
    };
  });
  await page.goto(world.address);
  await enterDevice(page, 'a');
  const a = pane(page, 'a');
  await openForm(a, VITALS);
  const before = await shown(a, 'Pulse');
  await page.evaluate(() => sessionStorage.setItem('disk', 'full'));
  await editValue(a, { item: 'Pulse', value: '61', reason: 'typing error' });
  const dialog = page.getByRole('dialog');
  await dialog.getByText('storage.quota-exceeded').waitFor();
  expect(await shown(a, 'Pulse')).toBe(before);
  await page.evaluate(() => sessionStorage.setItem('disk', 'free'));
  await dialog.getByRole('button', { name: 'Save' }).click();
  await until(() => shown(a, 'Pulse'), '61 /min');
  await page.close();
});

it('a server of a newer protocol stops the exchange with a code, and recording goes on [APP-08]', async () => {
  const page = await world.context.newPage();
  await page.route(/\/hello/, async (route) => {
    const answer: unknown = { protocol: 2 };
    await route.fulfill({ json: answer });
  });
  await page.goto(world.address);
  await enterDevice(page, 'a');
  const a = pane(page, 'a');
  await a.getByText('sync.unsupported-protocol').waitFor();
  await openForm(a, VITALS);
  await editValue(a, { item: 'Pulse', value: '62', reason: 'typing error' });
  await until(() => shown(a, 'Pulse'), '62 /min');
  await a.getByText(/\d events?, oldest/).waitFor();
  await page.close();
});
