/**
 * Real tabs of one Chromium on one database, which can be frozen by the DevTools protocol and killed by process id.
 * Driven by puppeteer: playwright keeps every page visible, and Chromium freezes no page that is.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { type Browser, launch, type Page } from 'puppeteer-core';
import { z } from 'zod';
import { findChromium } from '../../../scripts/chromium.mjs';
import { pageScript } from '../../../scripts/page-script.mjs';
import type { TabCalls } from './page.ts';

const HTML = '<!doctype html><meta charset="utf-8"><title>tab</title><script type="module" src="/tab.js"></script>';
const SPIN_MS = 250;
/** The button tells nobody when it is done. */
const DROP_MS = 200;

type Result<Call> = Call extends (...args: never[]) => infer R ? Awaited<R> : never;

export type Tab = {
  readonly page: Page;
  /** Calls a function of the tab's page. */
  readonly call: <Name extends keyof TabCalls>(
    name: Name,
    ...parameters: Parameters<TabCalls[Name]>
  ) => Promise<Result<TabCalls[Name]>>;
  readonly freeze: () => Promise<void>;
  readonly thaw: () => Promise<void>;
  /** Clears the databases of this site, as a person does in the settings. */
  readonly clearSite: () => Promise<void>;
  /** Finds the process that runs this tab; gives what kills it. */
  readonly killer: () => Promise<() => Promise<void>>;
};

/** What processors have asked of the world outside. */
export type Effects = {
  /** In the order in which they came, repetitions too. `isTaken`: false for what was refused. */
  readonly asked: readonly (Effect & { readonly isTaken: boolean })[];
  /** The most that were under way at once. */
  readonly atOnce: () => number;
};

export type World = {
  readonly openTab: () => Promise<Tab>;
  readonly effects: Effects;
  /** Kills the browser and starts it again on the same profile. */
  readonly killBrowser: () => Promise<void>;
  /** Lets the browser drop every connection to a database, as it does when its disk or its store fails. */
  readonly dropConnections: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

const Processes = z.object({
  processInfo: z.array(z.object({ type: z.string(), id: z.number(), cpuTime: z.number() })),
});
type BrowserProcesses = () => Promise<z.infer<typeof Processes>['processInfo']>;

const Effect = z.object({ id: z.string(), tabId: z.string(), item: z.string() });
type Effect = z.infer<typeof Effect>;
/** Takes long enough that whoever asks can be killed meanwhile. */
const EFFECT_MS = 5;
/** An item of this name is never taken. */
export const POISON = 'poison';

/** Takes effects, each in its time, and refuses poison. */
const effectsTaker = () => {
  const asked: Effects['asked'][number][] = [];
  let under = 0;
  let most = 0;
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    under += 1;
    most = Math.max(most, under);
    response.once('close', () => {
      under -= 1;
    });
    const effect = Effect.parse(await json(request));
    await new Promise((resolve) => setTimeout(resolve, EFFECT_MS));
    const isTaken = !effect.item.startsWith(POISON);
    asked.push({ ...effect, isTaken });
    response.writeHead(isTaken ? 200 : 500).end();
  };
  return { take, effects: { asked, atOnce: () => most } };
};

const serve = async (script: string) => {
  const { take, effects } = effectsTaker();
  const server = createServer((request, response) => {
    if (request.url === '/effects') {
      take(request, response).catch(() => response.destroy()); // whoever asked was killed meanwhile
      return;
    }
    const isScript = request.url === '/tab.js';
    response.writeHead(200, {
      'content-type': isScript ? 'text/javascript' : 'text/html',
      'cache-control': 'no-store',
    });
    response.end(isScript ? script : HTML);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the page server listens on a port');
  return { url: `http://127.0.0.1:${address.port}/`, effects, stop: () => server.close() };
};

const callOn =
  (page: Page): Tab['call'] =>
  (name, ...parameters) =>
    page.evaluate(([chosen, given]) => Reflect.get(Reflect.get(globalThis, 'tab'), String(chosen))(given), [
      name,
      parameters[0],
    ] as const);

/** Finds the process of a tab by the work that it does when told to. To be asked while the others rest. */
const processOf = async (call: Tab['call'], processes: BrowserProcesses): Promise<number> => {
  for (let tries = 0; tries < 10; tries++) {
    const before = new Map((await processes()).map(({ id, cpuTime }) => [id, cpuTime]));
    await call('spin', { forMs: SPIN_MS });
    const [busiest, next] = (await processes())
      .filter(({ type }) => type === 'renderer')
      .map(({ id, cpuTime }) => ({ id, spent: cpuTime - (before.get(id) ?? 0) }))
      .sort((one, other) => other.spent - one.spent);
    if (busiest !== undefined && busiest.spent > 4 * (next?.spent ?? 0)) return busiest.id;
  }
  throw new Error('no process was busier than the others');
};

const tabOf = async (browser: Browser, url: string, processes: BrowserProcesses): Promise<Tab> => {
  const page = await browser.newPage();
  await page.goto(url);
  await page.waitForFunction(() => 'tab' in globalThis);
  const session = await page.createCDPSession();
  const call = callOn(page);
  const setState = async (state: 'active' | 'frozen') => {
    await session.send('Page.setWebLifecycleState', { state });
  };
  return {
    page,
    call,
    freeze: () => setState('frozen'),
    thaw: () => setState('active'),
    clearSite: async () => {
      await session.send('Storage.clearDataForOrigin', { origin: new URL(url).origin, storageTypes: 'indexeddb' });
    },
    killer: async () => {
      const id = await processOf(call, processes);
      return async () => {
        const gone = new Promise((resolve) => page.once('error', resolve));
        process.kill(id, 'SIGKILL');
        await gone;
      };
    },
  };
};

/** Presses the button of the browser's own page about its databases. */
const dropConnections = async (browser: Browser): Promise<void> => {
  const page = await browser.newPage();
  await page.goto('chrome://indexeddb-internals');
  await page.waitForSelector('.force-close');
  await page.$$eval('.force-close', (buttons) => {
    for (const button of buttons) button.dispatchEvent(new MouseEvent('click', { bubbles: true }));
  });
  await new Promise((resolve) => setTimeout(resolve, DROP_MS));
  await page.close();
};

export const startWorld = async (): Promise<World> => {
  const profile = await mkdtemp(join(tmpdir(), 'indelible-tabs-'));
  const server = await serve(await pageScript('test/e2e/tabs/page.ts'));
  const { path, args, env } = await findChromium();
  const start = () => launch({ executablePath: path, args: [...args], env, userDataDir: profile });
  let browser = await start();
  const processes: BrowserProcesses = async () => {
    const session = await browser.target().createCDPSession();
    const found = Processes.parse(await session.send('SystemInfo.getProcessInfo')).processInfo;
    await session.detach();
    return found;
  };
  return {
    effects: server.effects,
    dropConnections: () => dropConnections(browser),
    openTab: () => tabOf(browser, server.url, processes),
    killBrowser: async () => {
      const gone = new Promise((resolve) => browser.process()?.once('exit', resolve));
      browser.process()?.kill('SIGKILL');
      await gone;
      browser = await start();
    },
    stop: async () => {
      await browser.close();
      server.stop();
      await rm(profile, { recursive: true, force: true });
    },
  };
};
