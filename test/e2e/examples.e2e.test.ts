/** The examples as they are, built over the built package: what is entered is there after the page is opened again. */
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findChromium } from '../../scripts/chromium.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const EXAMPLES = ['typescript', 'react', 'svelte', 'vue', 'angular'] as const;
const LINES_MAX = 80;
/** Where pictures of the examples are kept, when they are taken for the documents. */
const SHOTS = process.env['EXAMPLE_SHOTS'];
const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

let folder = '';
let address = '';
let context: BrowserContext;

/** Serves the built examples, each under its own name, as files and nothing more. */
const server = createServer(async (request, response) => {
  const path = join(folder, 'built', new URL(request.url ?? '/', 'http://127.0.0.1').pathname);
  try {
    const file = (await stat(path)).isDirectory() ? join(path, 'index.html') : path;
    response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream');
    response.end(await readFile(file));
  } catch {
    response.writeHead(404).end();
  }
});

const portOf = (listening: string | AddressInfo | null): number => {
  if (listening === null || typeof listening === 'string') throw new Error('the page server listens on a port');
  return listening.port;
};

const buildPage = (name: string, root: string) =>
  build({
    root: join(ROOT, root),
    base: './',
    configFile: join(ROOT, 'examples', 'vite.config.ts'),
    logLevel: 'error',
    build: { outDir: join(folder, 'built', name), chunkSizeWarningLimit: 2_000 },
  });

const built = new Map<string, Promise<unknown>>();
/** Built when first asked for. */
const buildExample = (name: string): Promise<unknown> => {
  const building = built.get(name) ?? buildPage(name, `examples/${name}`);
  built.set(name, building);
  return building;
};

/** One database for each address: the examples share the name of theirs. */
const addressOf = (name: string, path = name): string => `${address.replace('127.0.0.1', `${name}.localhost`)}${path}/`;

/** A page in front of a built example, and what went wrong in it. */
const openExample = async () => {
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  return { page, faults };
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'indelible-examples-'));
  await buildPage('before', 'test/e2e/before');
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${portOf(server.address())}/`;
  const { path, args, env } = await findChromium();
  const options = { executablePath: path, args: [...args], env, viewport: { width: 480, height: 360 } };
  context = await chromium.launchPersistentContext(join(folder, 'profile'), options);
});
afterAll(async () => {
  await context.close();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

const shown = async (page: Page) => ({
  weights: await page.locator('li').allTextContents(),
  canRecord: await page.getByRole('button', { name: 'Record' }).isEnabled(),
  canClose: await page.getByRole('button', { name: 'Close diary' }).isEnabled(),
  line: (await page.locator('main p').textContent())?.trim(),
});
const OPEN = { canRecord: true, canClose: true };
const CLOSED = { canRecord: false, canClose: false };

const record = async (page: Page, kg: string): Promise<void> => {
  await page.getByLabel('Weight (kg)').fill(kg);
  await page.getByRole('button', { name: 'Record' }).click();
};

it.each(EXAMPLES)(
  '%s: what is entered shows, is there after a reload, and a closed diary takes no more [UI-05]',
  async (name) => {
    await buildExample(name);
    const { page, faults } = await openExample();
    await page.goto(addressOf(name));
    await page.getByText('open, 0 not sent').waitFor();
    await record(page, '71.5');
    await page.getByText('71.5 kg').waitFor();
    await record(page, '72');
    await expect.poll(() => shown(page)).toEqual({ weights: ['71.5 kg', '72 kg'], ...OPEN, line: 'open, 2 not sent' });
    await page.screenshot({ path: join(SHOTS ?? folder, `${name}.png`) });
    await page.reload();
    await expect.poll(() => page.locator('li').count()).toBe(2);
    expect(await shown(page)).toEqual({ weights: ['71.5 kg', '72 kg'], ...OPEN, line: 'open, 2 not sent' });
    await page.getByRole('button', { name: 'Close diary' }).click();
    const closed = { weights: ['71.5 kg', '72 kg'], ...CLOSED, line: 'closed, 3 not sent' };
    await expect.poll(() => shown(page)).toEqual(closed);
    await page.reload();
    await page.getByText('closed, 3 not sent').waitFor();
    await expect.poll(() => shown(page)).toEqual(closed);
    expect(faults).toEqual([]);
    await page.close();
  },
);

/** Everything that stood in the note of a page, in order. */
const watchNote = (): void => {
  const seen: string[] = [];
  Object.assign(globalThis, { seen });
  new MutationObserver(() => {
    const text = document.querySelector('output')?.textContent?.trim() ?? '';
    if (text !== (seen.at(-1) ?? '')) seen.push(text);
  }).observe(document, { childList: true, characterData: true, subtree: true });
};

it.each(EXAMPLES)(
  '%s: after an update it says that it is brought up to date, how far it is, and then no more [UI-05, PRJ-17]',
  async (name) => {
    await buildExample(name);
    const { page, faults } = await openExample();
    await page.goto(addressOf(`updated-${name}`, 'before'));
    await page.getByText('filled').waitFor();
    await page.addInitScript(watchNote);
    await page.goto(addressOf(`updated-${name}`, name));
    await expect.poll(() => page.evaluate<string[]>('seen').then((seen) => seen.at(-1))).toBe('');
    const seen = await page.evaluate<string[]>('seen');
    expect(seen[0]).toMatch(/^Being brought up to date: \d+ (%|of 600)$/);
    expect(await page.locator('li').count()).toBe(600);
    expect(faults).toEqual([]);
    await page.close();
  },
);

it.each(EXAMPLES)('%s is under 80 lines, with what the examples share [UI-05]', async (name) => {
  const paths = (await readdir(join(ROOT, 'examples', name))).map((file) => join(name, file));
  const texts = await Promise.all(
    ['diary.ts', ...paths.filter((path) => !path.endsWith('.html'))].map((path) =>
      readFile(join(ROOT, 'examples', path), 'utf8'),
    ),
  );
  const lines = texts.reduce((total, text) => total + text.trimEnd().split('\n').length, 0);
  expect(lines).toBeGreaterThan(40);
  expect(lines).toBeLessThan(LINES_MAX);
});
