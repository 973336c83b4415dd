import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const WANTED = ['README.md', 'LICENSE', 'CHANGELOG.md', 'package.json'];
const ALLOWED = /^(dist\/|docs\/|README\.md$|LICENSE$|CHANGELOG\.md$|package\.json$)/;

/** The targets that package.json promises: every condition of every entry, and the commands. */
export const promisedFiles = ({ exports, bin }) =>
  [...Object.values(exports), ...Object.values(bin)]
    .flatMap((target) => (typeof target === 'string' ? [target] : Object.values(target)))
    .map((target) => target.replace(/^\.\//, ''));

/** What is wrong with the list of packed files: promised and absent, or present and nobody's. */
export const listFaults = (packed, promised) => [
  ...[...WANTED, ...promised].filter((file) => !packed.includes(file)).map((file) => `not in the package: ${file}`),
  ...packed.filter((file) => !ALLOWED.test(file)).map((file) => `does not belong in the package: ${file}`),
];

/** Runs `npm pack --dry-run` and compares what it would hold with what package.json promises. */
export const packFaults = (root) => {
  const npm = process.env.npm_execpath;
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const options = { cwd: root, encoding: 'utf8', shell: npm === undefined && process.platform === 'win32' };
  const ended = npm ? spawnSync(process.execPath, [npm, ...args], options) : spawnSync('npm', args, options);
  if (ended.status !== 0) return [`npm pack failed: ${ended.stderr}`];
  const [{ files }] = JSON.parse(ended.stdout);
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return listFaults(
    files.map(({ path }) => path),
    promisedFiles(manifest),
  );
};
