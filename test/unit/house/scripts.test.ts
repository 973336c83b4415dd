/** The house's own scripts: where a browser is looked for, and what a package must hold. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { usualPlaces } from '../../../scripts/chromium.mjs';
import { ENGINES } from '../../../scripts/engines/index.mjs';
import { listFaults, promisedFiles } from '../../../scripts/pack.mjs';
import { failuresIn } from '../../../scripts/report.mjs';

const finder = fileURLToPath(new URL('../../../scripts/chromium.mjs', import.meta.url));
const engines = new URL('../../../scripts/engines/index.mjs', import.meta.url).href;
const find = (env: Readonly<Record<string, string>>) =>
  promisify(execFile)(process.execPath, [finder], { env: { ...process.env, ...env } }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout: stdout.trim(), stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );

it('Chromium, Chrome and Edge are looked for on Linux, macOS and Windows [HOU-11]', () => {
  expect(usualPlaces('linux', {})).toContain('/usr/bin/chromium');
  expect(usualPlaces('linux', {})).toContain('/opt/google/chrome/chrome');
  expect(usualPlaces('darwin', {})).toContain('/Applications/Google Chrome.app/Contents/MacOS/Google Chrome');
  const windows = usualPlaces('win32', { PROGRAMFILES: 'C:/Program Files', LOCALAPPDATA: 'D:/Local' });
  expect(windows.some((place) => place.startsWith('D:/Local') && place.endsWith('chrome.exe'))).toBe(true);
  expect(windows.some((place) => place.endsWith('msedge.exe'))).toBe(true);
});

it('a named browser that does not run is a clear failure, never silently replaced [HOU-11]', async () => {
  const { code, stdout, stderr } = await find({ INDELIBLE_CHROMIUM: '/nowhere/chromium' });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain('INDELIBLE_CHROMIUM names a browser that does not run: /nowhere/chromium');
});

it('a search that ends without a browser says what to do [HOU-11]', async () => {
  const none = await find({ INDELIBLE_CHROMIUM: '', INDELIBLE_CHROMIUM_SOURCE: 'env' });
  expect({ code: none.code, stdout: none.stdout }).toEqual({ code: 1, stdout: '' });
  expect(none.stderr).toContain('set INDELIBLE_CHROMIUM');
  const unknown = await find({ INDELIBLE_CHROMIUM_SOURCE: 'elsewhere' });
  expect(unknown.stderr).toContain('env, system, apt, npm');
});

it('an engine that is missing is named with what to install, and another is never taken for it [HOU-12]', async () => {
  expect(ENGINES).toEqual(['chromium', 'chromium-old', 'firefox', 'webkit']);
  const nowhere = {
    INDELIBLE_FIREFOX: '/nowhere/firefox',
    INDELIBLE_WEBKIT_DRIVER: '/nowhere/WebKitWebDriver',
    INDELIBLE_WEBKIT_BROWSER: '/nowhere/MiniBrowser',
  };
  const script = `import { findEngine } from ${JSON.stringify(engines)};
    console.log(JSON.stringify(await Promise.all(['firefox', 'webkit'].map((name) => findEngine(name)))));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, ...nowhere },
  });
  const [firefox, webkit] = z.array(z.strictObject({ name: z.string(), advice: z.string() })).parse(JSON.parse(stdout));
  expect(firefox?.advice).toContain('apt-get install -y firefox-esr');
  expect(webkit?.advice).toContain('apt-get install -y webkit2gtk-driver xvfb xauth');
});

it('the end of the test command says each failure again, with its file and its message [HOU-11]', () => {
  const ran = (fullName: string, status: string, ...failureMessages: readonly string[]) => ({
    fullName,
    status,
    failureMessages,
  });
  const long = Array.from({ length: 90 }, (_, at) => `frame ${at}`).join('\n');
  const testResults = [
    {
      name: '/p/test/a.test.ts',
      status: 'failed',
      assertionResults: [ran('adds', 'failed', long), ran('is', 'passed')],
    },
    { name: '/p/test/b.test.ts', status: 'failed', message: 'cannot be loaded', assertionResults: [] },
    { name: '/p/test/c.test.ts', status: 'passed', message: '', assertionResults: [ran('goes on', 'passed')] },
  ];
  const [first, second, ...others] = failuresIn({ testResults }, '/p');
  expect(first).toMatch(/^test\/a\.test\.ts > adds\nframe 0\n/);
  expect(first?.split('\n').length).toBeLessThan(30);
  expect(second).toBe('test/b.test.ts\ncannot be loaded');
  expect(others).toEqual([]);
});

it('the package holds every promised file and nothing else [HOU-06]', () => {
  const promised = promisedFiles({
    exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' }, './package.json': './package.json' },
    bin: { indelible: './dist/cli/main.js' },
  });
  expect(promised).toEqual(['dist/index.d.ts', 'dist/index.js', 'package.json', 'dist/cli/main.js']);
  const whole = [...promised, 'README.md', 'LICENSE', 'CHANGELOG.md', 'docs/glossary.md'];
  expect(listFaults(whole, promised)).toEqual([]);
  expect(listFaults([...whole, 'test/a.test.ts'], promised)).toEqual([
    'does not belong in the package: test/a.test.ts',
  ]);
  expect(listFaults(whole.slice(1), promised)).toEqual(['not in the package: dist/index.d.ts']);
});
