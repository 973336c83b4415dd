/** Serves the bench page on the loopback interface and opens it in a real Chromium with a profile on disk. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { findChromium } from '../scripts/chromium.mjs';

const PROFILES = join(dirname(dirname(fileURLToPath(import.meta.url))), 'node_modules', '.cache');
const HTML = '<!doctype html><meta charset="utf-8"><title>bench</title><script type="module" src="/bench.js"></script>';
const HEADERS = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cache-control': 'no-store',
};

const TYPES = { '.js': 'text/javascript', '.ts': 'text/javascript', '.wasm': 'application/wasm' };

const serve = async (files) => {
  const server = createServer((request, response) => {
    const file = files[request.url];
    const type = file === undefined ? 'text/html' : TYPES[extname(request.url)];
    response.writeHead(200, { ...HEADERS, 'content-type': type });
    response.end(file ?? HTML);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, stop: () => server.close() };
};

/**
 * A browser with a fresh profile. `call(name, parameters)` runs one call in a page of its own, which is closed after it;
 * `watch` is told of the page before the call and may return a function to run after it. `close(look)` gives what `look` finds in
 * the profile's folder when the browser has ended.
 */
export const openBrowser = async ({ page: script, workers }) => {
  const { path, args, env } = await findChromium();
  mkdirSync(PROFILES, { recursive: true });
  const profile = mkdtempSync(join(PROFILES, 'indelible-bench-'));
  const server = await serve({ '/bench.js': script, ...workers });
  const context = await chromium.launchPersistentContext(profile, { executablePath: path, args: [...args], env });
  const call = async (name, parameters, watch = async () => async () => undefined) => {
    const page = await context.newPage();
    try {
      await page.goto(server.url);
      await page.waitForFunction(() => 'bench' in globalThis);
      const after = await watch(page);
      const result = await page.evaluate(([chosen, given]) => globalThis.bench[chosen](given), [name, parameters]);
      await after();
      return result;
    } finally {
      await page.close();
    }
  };
  const close = async (look = () => undefined) => {
    await context.close();
    server.stop();
    const seen = look(profile);
    rmSync(profile, { recursive: true, force: true });
    return seen;
  };
  return { call, close, version: context.browser()?.version() ?? 'unknown' };
};
