/**
 * One browser engine under test, behind the few things that the tests of every engine do: open a page on a folder of its own,
 * run a piece of script in it, click, type, load again, and end the browser in the middle of its work. What each engine can
 * do differs in one place: WebKit under WebDriver keeps nothing on disk, so it has no second start.
 */
import type { Browser, Page } from 'puppeteer-core';
import { launchFirefox } from '../../scripts/engines/firefox.mjs';
import { type EngineName, findEngine } from '../../scripts/engines/index.mjs';
import { connectInspector, type Inspector } from '../../scripts/engines/inspector.mjs';
import { endGroup, eventually } from '../../scripts/engines/programs.mjs';
import { launchMiniBrowser, startDisplay, startWebKitSession } from '../../scripts/engines/webkit.mjs';

export type EnginePage = {
  /** The value of an expression in the page, waited for if it is a promise; it comes over as JSON. */
  readonly evaluate: (expression: string) => Promise<unknown>;
  readonly click: (selector: string) => Promise<void>;
  /** Replaces what an input holds. */
  readonly fill: (selector: string, text: string) => Promise<void>;
  readonly reload: () => Promise<void>;
};

export type EngineBrowser = {
  readonly page: EnginePage;
  /** Ends every process of the browser at once, by SIGKILL. */
  readonly kill: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export type Engine = {
  readonly title: string;
  /** True if what a page stored is on disk: a browser started again on the same folder finds it. */
  readonly isPersistent: boolean;
  readonly start: (place: { readonly profile: string; readonly address: string }) => Promise<EngineBrowser>;
  /** Ends what the engine needs beside its browsers. */
  readonly end: () => Promise<void>;
};

const SETTLED = `document.readyState === 'complete'`;

const puppeteerPage = (page: Page): EnginePage => ({
  evaluate: (expression) => page.evaluate(expression),
  click: (selector) => page.click(selector),
  fill: async (selector, text) => {
    await page.click(selector, { count: 3 });
    await page.keyboard.press('Backspace');
    await page.type(selector, text);
  },
  reload: async () => {
    await page.reload();
  },
});

/** Chromium by its DevTools protocol, Firefox by WebDriver BiDi. */
const byPuppeteer = async (browser: Browser, address: string): Promise<EngineBrowser> => {
  const child = browser.process();
  if (child === null) throw new Error('the browser has a process of its own');
  const page = await browser.newPage();
  page.setDefaultTimeout(30_000);
  await page.setViewport({ width: 1440, height: 900 });
  await page.goto(address);
  return { page: puppeteerPage(page), kill: () => endGroup(child), close: () => browser.close() };
};

const chromium = async (name: 'chromium' | 'chromium-old'): Promise<Engine> => {
  const { found, advice } = await findEngine(name);
  if (found === undefined) throw new Error(advice);
  const { default: puppeteer } = await import('puppeteer-core');
  const { path, args, env } = found;
  // The older one is a build without a window; it knows the older word for that.
  const headless = name === 'chromium' ? true : 'shell';
  const launch = (profile: string) =>
    puppeteer.launch({ executablePath: path, headless, args: [...args], env: { ...env }, userDataDir: profile });
  return {
    title: found.version,
    isPersistent: true,
    start: async ({ profile, address }) => byPuppeteer(await launch(profile), address),
    end: async () => undefined,
  };
};

const firefox = async (): Promise<Engine> => {
  const { found, advice } = await findEngine('firefox');
  if (found === undefined) throw new Error(advice);
  return {
    title: found.version,
    isPersistent: true,
    start: async ({ profile, address }) => byPuppeteer(await launchFirefox({ path: found.path, profile }), address),
    end: async () => undefined,
  };
};

const inspectedPage = (inspector: Inspector): EnginePage => {
  const { evaluate } = inspector;
  const on = (selector: string, work: string) =>
    evaluate(`(() => { const element = document.querySelector(${JSON.stringify(selector)}); ${work} })()`);
  return {
    evaluate,
    click: async (selector) => {
      await on(selector, 'element.focus(); element.click();');
    },
    fill: async (selector, text) => {
      await on(
        selector,
        `element.focus(); element.select(); document.execCommand('insertText', false, ${JSON.stringify(text)});`,
      );
    },
    reload: async () => {
      await evaluate('globalThis.isOld = true');
      await inspector.reload();
      await eventually('the page loaded again', () => evaluate(`globalThis.isOld !== true && ${SETTLED}`));
    },
  };
};

const webkit = async (): Promise<Engine> => {
  const { found, advice } = await findEngine('webkit');
  if (found === undefined) throw new Error(advice);
  const display = await startDisplay(found);
  return {
    title: found.version,
    isPersistent: true,
    start: async ({ profile, address }) => {
      const shown = await launchMiniBrowser({ browser: found.browser, display: display.name, profile, url: address });
      const inspector = await connectInspector(shown.inspectorPort);
      await eventually('the page', () => inspector.evaluate(`location.href !== 'about:blank' && ${SETTLED}`));
      const ending = (end: () => Promise<void>) => async () => {
        inspector.close();
        await end();
      };
      return { page: inspectedPage(inspector), kill: ending(shown.kill), close: ending(shown.close) };
    },
    end: display.close,
  };
};

type Answer = { readonly value?: unknown; readonly failure?: string };
const isAnswer = (value: unknown): value is Answer => typeof value === 'object' && value !== null;

/** A private window of WebKit, with the clicks and keys of WebDriver. */
export const privateWebkit = async (): Promise<Engine> => {
  const { found, advice } = await findEngine('webkit');
  if (found === undefined) throw new Error(advice);
  const display = await startDisplay(found);
  return {
    title: `${found.version} (private)`,
    isPersistent: false,
    start: async ({ address }) => {
      const { session, child, close } = await startWebKitSession({ ...found, display: display.name });
      await session.get(address);
      const evaluate = async (expression: string): Promise<unknown> => {
        const answer = await session.executeAsyncScript(
          `const done = arguments[0];
           (async () => (${expression}))().then((value) => done({ value }), (error) => done({ failure: String(error) }));`,
        );
        if (!isAnswer(answer) || answer.failure !== undefined) throw new Error(JSON.stringify(answer));
        return answer.value;
      };
      const element = (css: string) => session.findElement({ css });
      const page: EnginePage = {
        evaluate,
        click: async (selector) => (await element(selector)).click(),
        fill: async (selector, text) => {
          const input = await element(selector);
          await input.clear();
          await input.sendKeys(text);
        },
        reload: () => session.navigate().refresh(),
      };
      return { page, kill: () => endGroup(child), close };
    },
    end: display.close,
  };
};

const ENGINES: { readonly [Name in EngineName]: () => Promise<Engine> } = {
  chromium: () => chromium('chromium'),
  'chromium-old': () => chromium('chromium-old'),
  firefox,
  webkit,
};

const isEngine = (name: string | undefined): name is EngineName => name !== undefined && Object.hasOwn(ENGINES, name);

/** The engine that the vitest project names. */
export const engineUnderTest = (): Promise<Engine> => {
  const name = process.env['INDELIBLE_ENGINE'];
  if (!isEngine(name)) throw new Error(`no such engine: ${name}`);
  return ENGINES[name]();
};

/** The ways to run the engine that the vitest project names: WebKit has one more, in which nothing is on disk. */
export const waysToRun = (): readonly (() => Promise<Engine>)[] =>
  process.env['INDELIBLE_ENGINE'] === 'webkit' ? [engineUnderTest, privateWebkit] : [engineUnderTest];
