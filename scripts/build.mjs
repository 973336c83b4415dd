/** Builds the package into dist/ and, where the app is there, the app into dist-app/. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandOf } from './command.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

const run = (name, command, args) => {
  const ended = spawnSync(process.execPath, [commandOf(name, command), ...args], { cwd: ROOT, stdio: 'inherit' });
  if (ended.status !== 0) process.exit(ended.status ?? 1);
};

rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
run('typescript', 'tsc', ['-p', 'tsconfig.build.json']);

// The compiler rewrites the extensions of imports, not of the addresses that workers are started from.
for (const [starter, worker] of [
  ['worker/index.js', 'sealing.worker'],
  ['keys/web/derive.js', 'argon2.worker'],
]) {
  const path = join(ROOT, 'dist', starter);
  const started = readFileSync(path, 'utf8');
  if (!started.includes(`${worker}.ts`)) throw new Error('the worker is not started where it was');
  writeFileSync(path, started.replace(`${worker}.ts`, `${worker}.js`));
}

const command = join(ROOT, 'dist', 'cli', 'main.js');
if (existsSync(command)) chmodSync(command, 0o755);

if (existsSync(join(ROOT, 'app', 'index.html'))) {
  run('vite', 'vite', ['build', 'app', '--outDir', '../dist-app', '--emptyOutDir']);
}
