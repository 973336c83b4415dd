/** The built app on the built server, in the engine that the vitest project names, on a folder of its own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, type EngineBrowser, type EnginePage, waysToRun } from './enginesDriver.ts';
import {
  click,
  device,
  editValue,
  enterDevice,
  fingerprint,
  loadSample,
  openForm,
  pending,
  shown,
  textOf,
  until,
} from './enginesPerson.ts';
import { indelible, type ServedApp, serveApp } from './servedApp.ts';

const VITALS = '101/SE.V1/F.VITALS';
const SYSTOLIC = 'Systolic blood pressure';
const PULSE = 'Pulse';
const [A, B] = [device('a'), device('b')];

const untilEqual = async (page: EnginePage): Promise<void> => {
  for (const each of [A, B]) await click(page, { what: 'button', name: 'Sync now', within: each });
  for (const each of [A, B]) await until(() => pending(page, each), 'nothing');
  await until(async () => {
    const [a, b] = [await fingerprint(page, A), await fingerprint(page, B)];
    return a !== '' && a === b;
  }, true);
};

/** The text of the file that the page gives a person to save. */
const exported = async (page: EnginePage): Promise<string> => {
  await page.evaluate(`(() => {
    const make = URL.createObjectURL;
    URL.createObjectURL = (blob) => { globalThis.saved = blob; return make.call(URL, blob); };
  })()`);
  await click(page, { what: 'button', name: 'Export', within: A });
  await until(() => page.evaluate('globalThis.saved instanceof Blob'), true);
  return String(await page.evaluate('globalThis.saved.text()'));
};

for (const [way, run] of waysToRun().entries()) {
  describe(way === 0 ? 'on disk' : 'in a private window', () => {
    let engine: Engine;
    let served: ServedApp;
    let profile: string;
    let browser: EngineBrowser;

    const enter = async () => {
      for (const each of [A, B]) await enterDevice(browser.page, each);
    };
    const start = async () => {
      browser = await engine.start({ profile, address: served.address });
    };

    beforeAll(async () => {
      engine = await run();
      served = await serveApp();
      profile = await mkdtemp(join(tmpdir(), 'indelible-engine-'));
      await start();
    });
    afterAll(async () => {
      await browser?.close();
      await engine?.end();
      await served?.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    });

    it('a study imported on one device reaches the server and the other device [APP-02]', async () => {
      await enter();
      await loadSample(browser.page, A);
      await untilEqual(browser.page);
      const rows = (each: string) => textOf(browser.page, `${each} .casebook tbody`);
      await until(async () => (await rows(B)) === (await rows(A)) && (await rows(A)).length > 0, true);
    });

    it('a recorded value is there when the page is loaded again [REC-02]', async () => {
      await openForm(browser.page, A, VITALS);
      await editValue(browser.page, A, { item: SYSTOLIC, value: '131', reason: 'typing error' });
      await browser.page.reload();
      await enter();
      await openForm(browser.page, A, VITALS);
      await until(() => shown(browser.page, A, SYSTOLIC), '131 mmHg');
    });

    it('what is recorded while the server is away waits for it, and its browser may be killed meanwhile [REC-02, REC-09, SYN-04]', async () => {
      await untilEqual(browser.page);
      await served.killServer();
      await editValue(browser.page, A, { item: PULSE, value: '66', reason: 'the server is away' });
      await until(async () => (await pending(browser.page, A)).startsWith('1 event'), true);
      if (engine.isPersistent) await browser.kill();
      await served.startServer();
      if (engine.isPersistent) {
        await start();
        await enter();
      }
      await untilEqual(browser.page);
      await openForm(browser.page, A, VITALS);
      await openForm(browser.page, B, VITALS);
      for (const each of [A, B]) await until(() => shown(browser.page, each, PULSE), '66 /min');
    });

    it('verify finds nothing, and the exported file passes the command [APP-07, CLI-01]', async () => {
      await click(browser.page, { what: 'button', name: 'Verify', within: A });
      await until(async () => (await textOf(browser.page, A)).includes('✓ This device: nothing found'), true);
      const file = join(served.folder, `export-${way}.jsonl`);
      await writeFile(file, await exported(browser.page));
      const { status, stdout, stderr } = indelible('verify', file);
      expect(status, stdout + stderr).toBe(0);
    });
  });
}
