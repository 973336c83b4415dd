/**
 * Writes the frozen vectors of format 1 into `test/vectors/v1`. Existing files are kept unless `--overwrite` is given;
 * once a format is released its vectors never change, and a new format gets a folder of its own. From the top folder:
 *
 *   npx esbuild test/vectors/generate.ts --bundle --platform=node --format=esm | node --input-type=module - [--overwrite]
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './build.ts';

const FOLDER = 'test/vectors/v1';

const { values } = parseArgs({ options: { overwrite: { type: 'boolean', default: false } } });
const vectors = Object.entries(await build());
const kept = vectors.map(([name]) => `${name}.json`).filter((file) => existsSync(join(FOLDER, file)));
if (kept.length > 0 && !values.overwrite) {
  process.stderr.write(`Nothing was written: ${kept.join(', ')} exist. Frozen vectors change only with --overwrite.\n`);
  process.exitCode = 1;
} else {
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, content] of vectors) {
    writeFileSync(join(FOLDER, `${name}.json`), `${JSON.stringify(content, null, 2)}\n`);
  }
}
