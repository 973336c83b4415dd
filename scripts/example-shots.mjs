/** Runs the test of the examples and keeps a picture of each, as it stands after two entries, in docs/examples. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandOf } from './command.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const asked = [commandOf('vitest', 'vitest'), 'run', '--project', 'e2e', 'test/e2e/examples'];
const env = { ...process.env, EXAMPLE_SHOTS: join(ROOT, 'docs', 'examples') };
process.exitCode = spawnSync(process.execPath, asked, { cwd: ROOT, stdio: 'inherit', env }).status ?? 1;
