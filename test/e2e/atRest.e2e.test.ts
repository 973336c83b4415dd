/**
 * A stolen profile: planted words are recorded by a whole store in a real Chromium, the browser is closed, and every file of
 * its profile is searched for them, as UTF-8, as UTF-16 and in base64. Words planted beside the store have to be found.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findChromium } from '../../scripts/chromium.mjs';
import { pageScript } from '../../scripts/page-script.mjs';
import { CONTROL, WORDS } from './atRest/words.ts';
import { filesWith, wordNeedles } from './search.ts';

const SECRET = Array.from({ length: 32 }, (_, at) => 7 * at);
const HTML = '<!doctype html><meta charset="utf-8"><title>device</title><script type="module" src="/page.js"></script>';

let script = '';
const server = createServer((request, response) => {
  const isScript = request.url === '/page.js';
  response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html; charset=utf-8' });
  response.end(isScript ? script : HTML);
});
let address = '';

beforeAll(async () => {
  script = await pageScript('test/e2e/atRest/page.ts');
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const listening = server.address();
  address = `http://127.0.0.1:${typeof listening === 'object' ? (listening?.port ?? 0) : 0}/`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

/** Runs expressions in a page of a browser of its own, one after the other, and closes it. */
const inBrowser = async (profile: string, expressions: readonly string[]): Promise<readonly unknown[]> => {
  const found = await findChromium();
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: found.path,
    args: [...found.args, '--disk-cache-size=1'],
    env: found.env,
  });
  try {
    const page = await context.newPage();
    await page.goto(address);
    const answers: unknown[] = [];
    for (const expression of expressions) answers.push(await page.evaluate(expression));
    return answers;
  } finally {
    await context.close();
  }
};

const withProfile = async (work: (profile: string) => Promise<void>): Promise<void> => {
  const profile = await mkdtemp(join(tmpdir(), 'indelible-at-rest-'));
  try {
    await work(profile);
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
};

/** The files with any of the words, except those in which the browser keeps the page's own script. */
const profileFilesWith = (profile: string, words: readonly string[]): Promise<readonly string[]> =>
  filesWith(profile, words.flatMap(wordNeedles), { filesMin: 20, skip: /[\\/](Cache|Code Cache|Network)[\\/]/ });

// What is planted in the clear comes last: an opening store has all that lies in the log put into tables, which are compressed.

it('no file of a closed profile has a planted value, subject, person, type, reason or tenant [RST-01]', () =>
  withProfile(async (profile) => {
    expect(await inBrowser(profile, ['page.recordByDevice()', 'page.plant()'])).toEqual([420, undefined]);
    expect(await profileFilesWith(profile, CONTROL.slice(0, 1)), 'what is not sealed is found').not.toEqual([]);
    expect(await profileFilesWith(profile, WORDS)).toEqual([]);
  }));

it('nor has one that a database key opens, which is there after a restart [RST-01, RST-04]', () =>
  withProfile(async (profile) => {
    const secret = JSON.stringify(SECRET);
    const [size] = await inBrowser(profile, [`page.recordByKey(${secret})`, 'page.plant()']);
    expect(size).toBe(420);
    expect(await profileFilesWith(profile, CONTROL.slice(0, 1))).not.toEqual([]);
    expect(await profileFilesWith(profile, WORDS)).toEqual([]);
    expect(await inBrowser(profile, [`page.sizeByKey(${secret})`])).toEqual([420]);
    const other = JSON.stringify(SECRET.map((byte) => byte ^ 1));
    await expect(inBrowser(profile, [`page.sizeByKey(${other})`])).rejects.toThrow('storage.key-wrong');
    await expect(inBrowser(profile, ['page.recordByDevice()'])).rejects.toThrow('storage.locked');
    expect(await profileFilesWith(profile, WORDS)).toEqual([]);
  }));
