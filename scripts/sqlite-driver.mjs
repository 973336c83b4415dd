/**
 * Makes the SQLite driver that the tests use loadable. No package here runs an install script, so that `npm ci` needs no
 * compiler; this compiles the driver from the source in its package when it is first needed, about 80 seconds on one core.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DRIVER = 'better-sqlite3-multiple-ciphers';
const require = createRequire(import.meta.url);

/** Loads in a process of its own: a binary made for another Node can end the process that tries it. */
const loads = () =>
  spawnSync(process.execPath, ['-e', `new (require('${DRIVER}'))(':memory:').close()`], {
    cwd: dirname(fileURLToPath(import.meta.url)),
    stdio: 'ignore',
  }).status === 0;

/** Where this Node's headers are, if it brought them along; without them node-gyp has to fetch them. */
const headersOf = () => {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node.h')) ? { npm_config_nodedir: prefix } : {};
};

const build = (folder) => {
  const npm = process.env.npm_execpath;
  const options = {
    cwd: folder,
    stdio: 'inherit',
    env: { ...headersOf(), ...process.env },
    shell: npm === undefined && process.platform === 'win32',
  };
  const args = ['run', 'build-release', '--loglevel=error'];
  return npm ? spawnSync(process.execPath, [npm, ...args], options) : spawnSync('npm', args, options);
};

/** Ends when the driver loads, compiled first if need be. @throws Error that says what is missing */
const ensureSqliteDriver = () => {
  if (loads()) return;
  const folder = dirname(require.resolve(`${DRIVER}/package.json`));
  console.log(`Compiling ${DRIVER}: once for each installation, about 80 seconds`);
  build(folder);
  if (loads()) return;
  throw new Error(
    `${DRIVER} could not be compiled. It takes Python 3, make, a C++ compiler and the headers of this Node ` +
      '(npm_config_nodedir names the folder above include/node).',
  );
};

ensureSqliteDriver();
