/**
 * Finds Firefox, and starts it under WebDriver BiDi. Order: the path in INDELIBLE_FIREFOX, then the usual places. Nothing is
 * downloaded: puppeteer-core brings no browser.
 */
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { firstPresent, saidBy } from './programs.mjs';

export const FIREFOX_ADVICE = [
  'No Firefox was found. One of these helps:',
  '  - on Debian or Ubuntu, as root: apt-get install -y firefox-esr;',
  '  - install Firefox in its usual place;',
  '  - set INDELIBLE_FIREFOX to the path of a Firefox executable.',
].join('\n');

const places = () => {
  const { INDELIBLE_FIREFOX: named, PROGRAMFILES = 'C:\\Program Files' } = process.env;
  if (named) return [named];
  const mac = 'Applications/Firefox.app/Contents/MacOS/firefox';
  return ['firefox-esr', 'firefox', `/${mac}`, join(homedir(), mac), `${PROGRAMFILES}\\Mozilla Firefox\\firefox.exe`];
};

/** The installed Firefox, or nothing. */
export const findFirefox = () => {
  const path = firstPresent(places());
  const version = path && saidBy(path, ['--version']);
  return version ? { path, version: version.replace(/^Mozilla /, '') } : undefined;
};

/** Starts Firefox without a window on a profile folder; it leads a process group of its own. */
export const launchFirefox = async ({ path, profile }) => {
  const { default: puppeteer } = await import('puppeteer-core');
  mkdirSync(profile, { recursive: true });
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: path,
    headless: true,
    userDataDir: profile,
    // A call into the page may take as long as the test that makes it.
    protocolTimeout: 300_000,
    // Started again after a kill, it would come up with the question whether to restore.
    extraPrefsFirefox: { 'browser.sessionstore.resume_from_crash': false, 'toolkit.startup.max_resumed_crashes': -1 },
  });
};
