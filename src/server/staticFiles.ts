/**
 * The built app's files. The list is made once, when the server starts; a request can only name an entry of it, so no
 * path in a request ever reaches the file system.
 */
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { startFault } from './startFault.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.xml': 'application/xml',
};

/** URL path to file path. Symbolic links are left out. */
export type StaticFiles = ReadonlyMap<string, string>;

const collect = async (folder: string, prefix: string, found: Map<string, string>): Promise<void> => {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const url = `${prefix}/${encodeURIComponent(entry.name)}`;
    if (entry.isDirectory()) await collect(path, url, found);
    else if (entry.isFile()) found.set(url, path);
  }
};

/** Lists the files under `folder`, with `index.html` also at `/`. @throws StoreError with `what: app-missing` */
export const listStaticFiles = async (folder: string): Promise<StaticFiles> => {
  const found = new Map<string, string>();
  await collect(folder, '', found).catch(() => {
    throw startFault('app-missing');
  });
  const index = found.get('/index.html');
  if (index === undefined) throw startFault('app-missing');
  return found.set('/', index);
};

/** The file at a URL path, or undefined. Names under `/assets/` carry a hash of their content and never change. */
export const staticResponse = async (files: StaticFiles, path: string): Promise<Response | undefined> => {
  const file = files.get(path);
  if (file === undefined) return undefined;
  const content = await readFile(file).catch(() => undefined);
  if (content === undefined) return undefined;
  return new Response(new Uint8Array(content), {
    headers: {
      'content-type': TYPES[extname(file).toLowerCase()] ?? 'application/octet-stream',
      'cache-control': path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    },
  });
};
