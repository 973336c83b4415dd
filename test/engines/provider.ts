/**
 * Runs the browser tests in an engine that vitest has no provider for: it opens the page of the tests, and vitest does the
 * rest over the page's own connection. No command reaches into the page, so a test that needs the DevTools protocol is not of
 * these projects (`*.chromium.browser.test.ts`).
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { defineBrowserProvider } from '@vitest/browser';
import { type FoundFirefox, launchFirefox } from '../../scripts/engines/firefox.mjs';
import {
  type FoundWebKit,
  launchMiniBrowser,
  startDisplay,
  startWebKitSession,
} from '../../scripts/engines/webkit.mjs';
import { scratchRoot } from '../support/scratch.ts';

/** Shows an address; gives what ends the browser. */
type Show = (url: string) => Promise<() => Promise<void>>;

const openedBy = (browser: string, show: Show) =>
  defineBrowserProvider({
    name: `shown-${browser}`,
    supportedBrowser: [browser],
    options: {},
    providerFactory: () => {
      const ends = new Set<() => Promise<void>>();
      return {
        name: `shown-${browser}`,
        supportsParallelism: false,
        getCommandsContext: () => ({}),
        openPage: async (_session, url) => {
          ends.add(await show(url));
        },
        close: async () => {
          for (const end of ends) await end();
          ends.clear();
        },
      };
    },
  });

const temporaryProfile = async () => {
  const folder = await mkdtemp(join(scratchRoot(), 'indelible-browser-'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }) };
};

/** Firefox on a new profile, over WebDriver BiDi. */
export const firefoxProvider = ({ path }: FoundFirefox) =>
  openedBy('firefox', async (url) => {
    const { folder, remove } = await temporaryProfile();
    const browser = await launchFirefox({ path, profile: folder });
    const page = await browser.newPage();
    await page.goto(url);
    return async () => {
      await browser.close();
      await remove();
    };
  });

/** WebKit as a person runs it, with its database in files. */
export const webkitProvider = (found: FoundWebKit) =>
  openedBy('webkit', async (url) => {
    const { folder, remove } = await temporaryProfile();
    const display = await startDisplay(found);
    const shown = await launchMiniBrowser({ browser: found.browser, display: display.name, profile: folder, url });
    return async () => {
      await shown.close();
      await display.close();
      await remove();
    };
  });

/** WebKit under WebDriver, which keeps all data in memory as a private window does. */
export const privateWebkitProvider = (found: FoundWebKit) =>
  openedBy('webkit', async (url) => {
    const display = await startDisplay(found);
    const { session, close } = await startWebKitSession({ ...found, display: display.name });
    await session.get(url);
    return async () => {
      await close();
      await display.close();
    };
  });
