/**
 * Writes the archive of the present layout: `node test/archives/generate.mjs`. Once for each layout, when it is released;
 * an archive that exists is never written again.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';

const HERE = dirname(fileURLToPath(import.meta.url));
const server = await createServer({
  root: dirname(dirname(HERE)),
  configFile: false,
  appType: 'custom',
  logLevel: 'error',
  optimizeDeps: { noDiscovery: true },
  server: { middlewareMode: true },
});
try {
  const { makeArchive } = await server.ssrLoadModule('/test/archives/make.ts');
  const archive = await makeArchive();
  const file = join(HERE, `layout-${archive.layout}.json`);
  if (existsSync(file)) throw new Error(`${file} exists: a released layout has one archive, for ever`);
  writeFileSync(file, `${JSON.stringify(archive, null, 1)}\n`);
  console.log(file);
} finally {
  await server.close();
}
