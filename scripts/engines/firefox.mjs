/**
 * Finds Firefox, and starts it under WebDriver BiDi or on its own. Order: the path in INDELIBLE_FIREFOX, then the usual places. Nothing is
 * downloaded: puppeteer-core brings no browser.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
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

/** Settings of a Firefox that nobody sits at: no questions, no traffic of its own, and none of that after a kill. */
const QUIET = {
  'app.normandy.enabled': false,
  'app.update.auto': false,
  'browser.aboutwelcome.enabled': false,
  'browser.sessionstore.resume_from_crash': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.page': 0,
  'browser.tabs.warnOnClose': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'datareporting.policy.firstRunURL': '',
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'toolkit.startup.max_resumed_crashes': -1,
  'toolkit.telemetry.enabled': false,
  'toolkit.telemetry.reportingpolicy.firstRun': false,
};

/** Shows an address in a Firefox that no driver is attached to. It leads a process group of its own. */
export const spawnFirefox = ({ path, profile, url }) => {
  mkdirSync(profile, { recursive: true });
  const settings = Object.entries(QUIET).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});`);
  writeFileSync(join(profile, 'user.js'), `${settings.join('\n')}\n`);
  return spawn(path, ['--headless', '--no-remote', '--profile', profile, url], { detached: true, stdio: 'ignore' });
};
