/**
 * What is left in a page's memory after its keys were locked: a snapshot of Chromium's heap, taken after a collection, holds no
 * protected value and no passphrase, though the application has kept everything that the library ever gave it.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CDPSession, chromium } from 'playwright-core';
import { expect, it } from 'vitest';
import { findChromium } from '../../scripts/chromium.mjs';
import { pageScript } from '../../scripts/page-script.mjs';

const HTML = '<!doctype html><meta charset="utf-8"><title>memory</title><script type="module" src="/page.js"></script>';

const served = async (work: (address: string) => Promise<void>): Promise<void> => {
  const script = await pageScript('test/e2e/memory/page.ts');
  const server = createServer((request, response) => {
    const isScript = request.url === '/page.js';
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html; charset=utf-8' });
    response.end(isScript ? script : HTML);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const at = server.address();
  try {
    await work(`http://127.0.0.1:${typeof at === 'object' ? (at?.port ?? 0) : 0}/`);
  } finally {
    server.close();
  }
};

/** Every planted word that a string of the heap holds, each once. The snapshot collects garbage first. */
const plantedIn = async (protocol: CDPSession): Promise<readonly string[]> => {
  for (let times = 0; times < 3; times++) await protocol.send('HeapProfiler.collectGarbage');
  const chunks: string[] = [];
  const take = ({ chunk }: { readonly chunk: string }) => {
    chunks.push(chunk);
  };
  protocol.on('HeapProfiler.addHeapSnapshotChunk', take);
  await protocol.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  protocol.off('HeapProfiler.addHeapSnapshotChunk', take);
  const text = chunks.join('');
  expect(text.length).toBeGreaterThan(1_000_000);
  return [...new Set(text.match(/zq9-[a-z0-9-]+-heap/g))].sort();
};

it('holds no protected value and no passphrase after locking, whatever the application keeps [KEY-30, KEY-09]', () =>
  served(async (address) => {
    const profile = await mkdtemp(join(tmpdir(), 'indelible-memory-'));
    const found = await findChromium();
    const context = await chromium.launchPersistentContext(profile, {
      ...{ executablePath: found.path, args: [...found.args], env: found.env },
    });
    try {
      const page = await context.newPage();
      await page.goto(address);
      const protocol = await context.newCDPSession(page);
      expect(await page.evaluate('page.open()')).toBe(true);
      const open = await plantedIn(protocol);
      // of 31 values recorded those that are shown: the newest of each of five people; and the passphrase is gone already
      expect(open).toEqual([25, 27, 28, 29, 'last'].map((at) => `zq9-name-${at}-heap`));
      const { secret } = await page.evaluate<{ readonly secret: number }>('page.keysAlive()');
      expect(secret).toBeGreaterThan(3);
      expect(await page.evaluate('page.lock()')).toBe(false);
      expect(await plantedIn(protocol)).toEqual([]);
      const left = await page.evaluate<{ readonly secret: number; readonly private: number }>('page.keysAlive()');
      expect(left.secret).toBe(0);
      expect(left.private).toBeLessThanOrEqual(1); // the device's own, a handle that cannot be exported, stays with the store
    } finally {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    }
  }));
