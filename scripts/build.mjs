/** Builds the package into dist/ and, where the app is there, the app into dist-app/. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync } from 'node:fs';
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

const command = join(ROOT, 'dist', 'cli', 'main.js');
if (existsSync(command)) chmodSync(command, 0o755);

if (existsSync(join(ROOT, 'app', 'index.html'))) {
  run('vite', 'vite', ['build', 'app', '--outDir', '../dist-app', '--emptyOutDir']);
}
