/**
 * Keeps every file of the build on the device, so that the page opens, unlocks and records without a network. A reload asks the
 * network first and so gets a newer app as soon as there is one; files of a build carry a hash of their content and never change.
 * A newer build waits until no page of the older one is open. Nothing that was recorded passes through here.
 */

type Lasting = { readonly waitUntil: (work: Promise<unknown>) => void };
type Fetching = { readonly request: Request; readonly respondWith: (answer: Promise<Response>) => void };

/** What is used of the worker's scope: it is not among the types of a page. */
declare const self: {
  readonly addEventListener: {
    (type: 'install' | 'activate', listener: (event: Lasting) => void): void;
    (type: 'fetch', listener: (event: Fetching) => void): void;
  };
  readonly clients: { readonly claim: () => Promise<void> };
  readonly location: Location;
};

/** Put in front by the build: addresses of its files, relative to this one, and a name that changes with any of them. */
declare const BUILD: { readonly files: readonly string[]; readonly name: string };

const CACHE = `indelible-app-${BUILD.name}`;
const address = (file: string): string => new URL(file, self.location.href).href;
const ROOT = address('./');
const kept = new Set(BUILD.files.map(address));

const install = async (): Promise<void> => {
  const cache = await caches.open(CACHE);
  await cache.addAll([ROOT, ...kept]);
};

const sweep = async (): Promise<void> => {
  const older = (await caches.keys()).filter((name) => name.startsWith('indelible-app-') && name !== CACHE);
  await Promise.all(older.map((name) => caches.delete(name)));
  await self.clients.claim();
};

const fromCache = async (url: string): Promise<Response | undefined> => (await caches.open(CACHE)).match(url);

const answer = async (request: Request, url: string, isFirst: boolean): Promise<Response> => {
  if (isFirst) return (await fromCache(url)) ?? fetch(request);
  try {
    const response = await fetch(request);
    return response.ok ? response : ((await fromCache(url)) ?? response);
  } catch (error) {
    const found = await fromCache(url);
    if (found === undefined) throw error;
    return found;
  }
};

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(sweep()));
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  const url = origin + pathname;
  if (request.method !== 'GET') return;
  if (kept.has(url)) event.respondWith(answer(request, url, true));
  else if (url === ROOT) event.respondWith(answer(request, url, false));
});

export {};
