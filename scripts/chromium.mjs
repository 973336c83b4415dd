/**
 * Finds a Chromium for the tests and the bench, or obtains one.
 *
 * Order: the path in INDELIBLE_CHROMIUM; Chromium, Chrome or Edge in their usual places; a browser that Playwright has already
 * downloaded; Debian's package, where apt-get and root are at hand; the one shipped inside the npm package @sparticuz/chromium
 * (Linux x64). INDELIBLE_CHROMIUM_SOURCE (env, system, apt or npm) restricts the search to one of them.
 * As a command it prints the path, and says what to do when there is none.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const SHIPPED = join(ROOT, 'node_modules', '.cache', 'indelible-chromium');
const BASE_ARGS = ['--disable-gpu', '--disable-background-networking'];
const ADVICE = [
  'No Chromium was found and none could be obtained. One of these helps:',
  '  - install Chrome, Chromium or Edge in its usual place;',
  '  - set INDELIBLE_CHROMIUM to the path of a Chromium executable;',
  '  - on Debian or Ubuntu, as root: apt-get install -y chromium;',
  '  - on Linux x64, reinstall with development dependencies (npm ci), which ship a Chromium.',
].join('\n');

const LINUX = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'];
const MAC = ['Google Chrome', 'Chromium', 'Microsoft Edge'];
const WINDOWS = [
  ['Google', 'Chrome', 'Application', 'chrome.exe'],
  ['Chromium', 'Application', 'chrome.exe'],
  ['Microsoft', 'Edge', 'Application', 'msedge.exe'],
];

/** The usual places of a browser on this platform, the preferred one first. */
export const usualPlaces = (platform, env) => {
  if (platform === 'darwin') {
    return ['/Applications', join(homedir(), 'Applications')].flatMap((folder) =>
      MAC.map((name) => `${folder}/${name}.app/Contents/MacOS/${name}`),
    );
  }
  if (platform === 'win32') {
    const folders = [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA].filter(Boolean);
    return WINDOWS.flatMap((parts) => folders.map((folder) => join(folder, ...parts)));
  }
  const linux = ['/usr/bin', '/usr/local/bin'].flatMap((folder) => LINUX.map((name) => `${folder}/${name}`));
  return [...linux, '/opt/google/chrome/chrome', '/opt/microsoft/msedge/msedge', '/snap/bin/chromium'];
};

/** Windows browsers do not answer --version on the console; elsewhere a file that does not run (a stub) is passed over. */
const runs = (path, env = process.env) =>
  existsSync(path) &&
  (process.platform === 'win32' ||
    spawnSync(path, ['--no-sandbox', '--version'], { env, timeout: 30_000, stdio: 'ignore' }).status === 0);

const fromEnv = () => {
  const path = process.env.INDELIBLE_CHROMIUM;
  if (!path) return undefined;
  if (!runs(path)) throw new Error(`INDELIBLE_CHROMIUM names a browser that does not run: ${path}`);
  return { path };
};

const fromSystem = async () => {
  const path = usualPlaces(process.platform, process.env).find((place) => runs(place));
  if (path) return { path };
  const { chromium } = await import('playwright-core');
  const downloaded = chromium.executablePath();
  return downloaded && runs(downloaded) ? { path: downloaded } : undefined;
};

const fromApt = () => {
  const root = process.getuid?.() === 0;
  if (process.platform !== 'linux' || !root || spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status !== 0) {
    return undefined;
  }
  console.error('No Chromium on this machine: installing the Debian package …');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, timeout: 600_000, stdio: ['ignore', 'ignore', 'inherit'] };
  spawnSync('apt-get', ['update', '-qq'], options);
  const installed = spawnSync(
    'apt-get',
    ['install', '-y', '-qq', '--no-upgrade', '--no-install-recommends', 'chromium'],
    options,
  );
  const path = '/usr/bin/chromium';
  return installed.status === 0 && runs(path) ? { path } : undefined;
};

/** Unpacks the shipped browser and the libraries beside it, under a name that appears only when everything is there. */
const unpackShipped = async () => {
  mkdirSync(dirname(SHIPPED), { recursive: true });
  const unfinished = mkdtempSync(`${SHIPPED}-`);
  const changed = ['TMPDIR', 'AWS_EXECUTION_ENV', 'LD_LIBRARY_PATH', 'FONTCONFIG_PATH', 'HOME'];
  const before = changed.map((name) => [name, process.env[name]]);
  try {
    // The package unpacks into the temporary folder, and its libraries only where it takes the machine for its own target.
    process.env.TMPDIR = unfinished;
    process.env.AWS_EXECUTION_ENV = 'AWS_Lambda_nodejs20.x';
    const { default: shipped } = await import('@sparticuz/chromium');
    await shipped.executablePath();
    if (!existsSync(SHIPPED)) renameSync(unfinished, SHIPPED);
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    rmSync(unfinished, { recursive: true, force: true });
  }
};

const fromNpm = async () => {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const path = join(SHIPPED, 'chromium');
  if (!existsSync(path)) {
    console.error('Unpacking the Chromium shipped with the development dependencies …');
    await unpackShipped();
  }
  if (runs(path)) return { path };
  const libraries = [join(SHIPPED, 'al2023', 'lib'), process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  const env = { LD_LIBRARY_PATH: libraries, FONTCONFIG_PATH: join(SHIPPED, 'fonts') };
  return runs(path, { ...process.env, ...env }) ? { path, env } : undefined;
};

const SOURCES = { env: fromEnv, system: fromSystem, apt: fromApt, npm: fromNpm };

const launchable = (source, found) => {
  const args = process.getuid?.() === 0 || source === 'npm' ? ['--no-sandbox', ...BASE_ARGS] : [...BASE_ARGS];
  const env = Object.fromEntries(Object.entries({ ...process.env, ...found.env }).filter(([, value]) => value));
  return { path: found.path, args, source, env };
};

/** The Chromium that comes with the development dependencies, older than the installed one; nothing where it does not run. */
export const findShippedChromium = async () => {
  const found = await fromNpm();
  return found && launchable('npm', found);
};

/**
 * The browser to run the tests in: its path, the flags it needs here, where it came from, and the environment to start it in.
 * @throws Error with advice for a person, when no source gives a browser that runs.
 */
export const findChromium = async () => {
  const only = process.env.INDELIBLE_CHROMIUM_SOURCE;
  if (only && !Object.hasOwn(SOURCES, only)) {
    throw new Error(`INDELIBLE_CHROMIUM_SOURCE is one of ${Object.keys(SOURCES).join(', ')}, not "${only}"`);
  }
  for (const source of only ? [only] : Object.keys(SOURCES)) {
    let found;
    try {
      found = await SOURCES[source]();
    } catch (error) {
      if (source === 'env') throw error;
      console.error(`The ${source} browser cannot be used: ${error.message}`);
    }
    if (found) return launchable(source, found);
  }
  throw new Error(ADVICE);
};

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    console.log((await findChromium()).path);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
