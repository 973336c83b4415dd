/** The browser that the end-to-end tests drive: what is durable in one run of it is there in the next. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findChromium } from '../../scripts/chromium.mjs';

const server = createServer((_request, response) => {
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end('<!doctype html><title>device</title><p>device</p>');
});
let profile = '';
let address = '';

beforeAll(async () => {
  profile = await mkdtemp(join(tmpdir(), 'indelible-e2e-'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${portOf(server.address())}/`;
});

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(profile, { recursive: true, force: true });
});

const portOf = (listening: string | AddressInfo | null): number => {
  if (listening === null || typeof listening === 'string') throw new Error('the page server listens on a port');
  return listening.port;
};

const launch = async (): Promise<BrowserContext> => {
  const found = await findChromium();
  return chromium.launchPersistentContext(profile, {
    executablePath: found.path,
    args: [...found.args],
    env: found.env,
  });
};

/** Runs in the page: adds a record when one is given, then reads what is there. */
const visit = async (value: string | null): Promise<unknown> => {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open('device', 1);
    request.onupgradeneeded = () => request.result.createObjectStore('commits');
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const transaction = database.transaction('commits', 'readwrite', { durability: 'strict' });
  if (value !== null) transaction.objectStore('commits').add(value, 1);
  const request = transaction.objectStore('commits').get(1);
  await new Promise((resolve) => {
    transaction.oncomplete = resolve;
  });
  return request.result;
};

it('a strictly durable record is there after the browser has been closed and started again [HOU-11]', async () => {
  for (const given of ['recorded', null]) {
    const context = await launch();
    const page = await context.newPage();
    await page.goto(address);
    expect(await page.evaluate(visit, given)).toBe('recorded');
    await context.close();
  }
});
