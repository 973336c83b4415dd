/**
 * The browser engines that the tests run in: how each is found, and what to install where it is missing. The names are those
 * of the vitest projects (`browser-NAME`, `e2e-NAME`).
 */
import { findChromium, findShippedChromium } from '../chromium.mjs';
import { FIREFOX_ADVICE, findFirefox } from './firefox.mjs';
import { saidBy } from './programs.mjs';
import { findWebKit, WEBKIT_ADVICE } from './webkit.mjs';

const versioned = (found) =>
  found && {
    ...found,
    version:
      process.platform === 'win32' ? 'Chromium' : (saidBy(found.path, ['--no-sandbox', '--version'], found.env) ?? ''),
  };

const SHIPPED_ADVICE =
  'The older Chromium could not be unpacked: it needs Linux x64 and the development dependencies (npm ci).';

const FINDERS = {
  chromium: { find: async () => versioned(await findChromium()), advice: 'No Chromium was found.' },
  'chromium-old': { find: async () => versioned(await findShippedChromium()), advice: SHIPPED_ADVICE },
  firefox: { find: async () => findFirefox(), advice: FIREFOX_ADVICE },
  webkit: { find: async () => findWebKit(), advice: WEBKIT_ADVICE },
};

export const ENGINES = Object.keys(FINDERS);

/** What is known of one engine: where it is and its version, or nothing and what to do about it. */
export const findEngine = async (name) => {
  const { find, advice } = FINDERS[name];
  try {
    const found = await find();
    return { name, found, advice };
  } catch (error) {
    return { name, found: undefined, advice: `${advice}\n${error.message}` };
  }
};
