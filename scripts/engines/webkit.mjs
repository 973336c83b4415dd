/**
 * Finds WebKitGTK (its driver, its MiniBrowser, a virtual display), and starts it in one of two ways:
 *
 * - as a person would, on a folder of its own (`launchMiniBrowser`): data is on disk, as in an app that uses WebKit, and is
 *   there after a kill. Driven through the remote inspector (`inspector.mjs`), or not at all;
 * - through WebKitWebDriver (`startWebKitSession`): real input events, but data in memory alone, as in a private window:
 *   MiniBrowser gives every automated session an ephemeral store.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { endGroup, eventually, firstPresent, freePort, saidBy } from './programs.mjs';

export const WEBKIT_ADVICE = [
  'No WebKit was found. WebKitWebDriver, MiniBrowser and Xvfb are needed:',
  '  - on Debian or Ubuntu, as root: apt-get install -y webkit2gtk-driver xvfb xauth;',
  '  - set INDELIBLE_WEBKIT_DRIVER and INDELIBLE_WEBKIT_BROWSER to the two executables where they are elsewhere.',
].join('\n');

const APIS = ['webkitgtk-6.0', 'webkit2gtk-4.1', 'webkit2gtk-4.0'];

const miniBrowserPlaces = () => {
  const named = process.env.INDELIBLE_WEBKIT_BROWSER;
  if (named) return [named];
  const libraries = existsSync('/usr/lib') ? readdirSync('/usr/lib').map((name) => join('/usr/lib', name)) : [];
  return ['/usr/libexec', '/usr/lib', ...libraries].flatMap((folder) =>
    APIS.map((api) => join(folder, api, 'MiniBrowser')),
  );
};

/** The installed WebKitGTK, or nothing. */
export const findWebKit = () => {
  const driver = firstPresent([process.env.INDELIBLE_WEBKIT_DRIVER ?? 'WebKitWebDriver']);
  const browser = firstPresent(miniBrowserPlaces());
  const [xvfb, xvfbRun] = [firstPresent(['Xvfb']), firstPresent(['xvfb-run'])];
  if (!driver || !browser || !xvfb || !xvfbRun) return undefined;
  const version = saidBy(xvfbRun, ['-a', browser, '--version']);
  return version ? { driver, browser, xvfb, version } : undefined;
};

/** A display that nobody sees, on the first free number. */
export const startDisplay = async ({ xvfb }) => {
  const child = spawn(xvfb, ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let said = '';
  child.stdio[3].on('data', (chunk) => {
    said += String(chunk);
  });
  const number = await eventually('a virtual display', () => /^(\d+)\n/.exec(said)?.[1]);
  return { name: `:${number}`, close: () => endGroup(child, 'SIGTERM') };
};

const environment = ({ display, profile }) => ({
  ...process.env,
  DISPLAY: display,
  NO_AT_BRIDGE: '1',
  ...(profile && {
    XDG_DATA_HOME: join(profile, 'data'),
    XDG_CACHE_HOME: join(profile, 'cache'),
    XDG_CONFIG_HOME: join(profile, 'config'),
  }),
});

/** MiniBrowser on a folder of its own, which it finds again when started again. Leads a process group of its own. */
export const spawnMiniBrowser = ({ browser, display, profile, url, settings = {} }) => {
  mkdirSync(profile, { recursive: true });
  const env = { ...environment({ display, profile }), ...settings };
  return spawn(browser, [url], { env, stdio: 'ignore', detached: true });
};

/** The same with a way in: the port of its remote inspector. */
export const launchMiniBrowser = async (start) => {
  const inspectorPort = await freePort();
  const child = spawnMiniBrowser({
    ...start,
    settings: { WEBKIT_INSPECTOR_HTTP_SERVER: `127.0.0.1:${inspectorPort}` },
  });
  return { child, inspectorPort, kill: () => endGroup(child), close: () => endGroup(child, 'SIGTERM') };
};

/** A WebDriver session: selenium's driver, and a way to end it with everything that was started for it. */
export const startWebKitSession = async ({ driver, browser, display }) => {
  const { Builder, Capabilities } = (await import('selenium-webdriver')).default;
  const port = await freePort();
  const child = spawn(driver, [`--port=${port}`], {
    env: environment({ display }),
    stdio: 'ignore',
    detached: true,
  });
  const address = `http://127.0.0.1:${port}`;
  await eventually('WebKitWebDriver', async () => (await fetch(`${address}/status`)).ok);
  const capabilities = new Capabilities({
    browserName: 'MiniBrowser',
    'webkitgtk:browserOptions': { binary: browser, args: ['--automation'] },
  });
  const session = await new Builder()
    .disableEnvironmentOverrides()
    .usingServer(address)
    .withCapabilities(capabilities)
    .build();
  await session.manage().setTimeouts({ script: 300_000, pageLoad: 60_000 });
  const close = async () => {
    await session.quit().catch(() => undefined);
    await endGroup(child, 'SIGTERM');
  };
  return { session, child, close };
};
