/** The transport over HTTP: what is asked, and what each answer, or none, comes to. */
import { expect, it } from 'vitest';
import { replicaId, tenantId } from '../../../src/core/ids.ts';
import { toBase64 } from '../../../src/crypto/bytes.ts';
import { httpTransport } from '../../../src/sync/httpTransport.ts';
import { simulatedServer } from '../../../src/testing/index.ts';
import { codeOfAsync } from '../support.ts';

const REPLICA = replicaId('0123456789abcdef0123456789abcdef');
const signal = (): AbortSignal => new AbortController().signal;

type Asked = { readonly url: string; readonly init: RequestInit };
/** A transport whose requests are answered by the test. */
const answering = (answer: (asked: Asked) => Promise<Response> | Response, token?: () => Promise<string>) => {
  const asked: Asked[] = [];
  const transport = httpTransport({
    url: 'https://server.example/base/',
    tenant: tenantId('acme-042'),
    timeoutMs: 50,
    ...(token === undefined ? {} : { token }),
    fetch: async (url, init = {}) => {
      asked.push({ url: String(url), init });
      return answer({ url: String(url), init });
    },
  });
  return { transport, asked };
};
const json = (body: unknown, status = 200): Response => new Response(JSON.stringify(body), { status });
const problem = (code: string, status: number) => json({ type: `urn:x:${code}`, title: 't', status, code }, status);

it('each request goes to its path with the token that is given for it, and follows no redirect [SYN-08]', async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const message = JSON.parse(await server.answer({ kind: 'hello', replica: REPLICA }));
  const pulled = JSON.parse(await server.answer({ kind: 'pull', after: '', except: REPLICA }));
  let tokens = 0;
  const { transport, asked } = answering(
    ({ url, init }) =>
      json(
        init.method === 'POST'
          ? { protocol: 1, verdicts: [], receipt: null }
          : url.includes('hello')
            ? message
            : pulled,
      ),
    async () => `token-${++tokens}`,
  );
  expect(await transport.hello(REPLICA, signal())).toEqual(message);
  expect(await transport.pull({ after: 'a_b-c', except: REPLICA }, signal())).toEqual(pulled);
  await transport.push([Uint8Array.of(1, 2, 255)], signal());
  const base = 'https://server.example/base/v1/tenants/acme-042';
  expect(asked.map(({ url }) => url)).toEqual([
    `${base}/hello?replica=${REPLICA}`,
    `${base}/commits?after=a_b-c&except=${REPLICA}`,
    `${base}/commits`,
  ]);
  expect(asked.map(({ init }) => new Headers(init.headers).get('authorization'))).toEqual([
    'Bearer token-1',
    'Bearer token-2',
    'Bearer token-3',
  ]);
  for (const { init } of asked) expect([init.redirect, init.cache]).toEqual(['error', 'no-store']);
  expect(JSON.parse(String(asked[2]?.init.body))).toEqual({
    protocol: 1,
    commits: [toBase64(Uint8Array.of(1, 2, 255))],
  });
});

it.each([
  ['a problem with a code', () => problem('sync.rate-limited', 429), 'sync.rate-limited'],
  ['a problem with a code nobody knows', () => problem('new.code', 500), 'server.internal'],
  ['401 without a problem', () => new Response('no', { status: 401 }), 'sync.unauthorised'],
  ['403 without a problem', () => new Response('no', { status: 403 }), 'server.forbidden'],
  ['404 of a proxy', () => new Response('<html>', { status: 404 }), 'server.not-found'],
  ['429 without a problem', () => new Response('', { status: 429 }), 'sync.rate-limited'],
  ['502 of a proxy', () => new Response('<html>', { status: 502 }), 'server.internal'],
  ['a page instead of a message', () => new Response('<html>'), 'sync.protocol'],
  ['nothing', () => new Response(''), 'sync.protocol'],
  [
    'a message with an unknown member',
    () => json({ protocol: 1, commits: [], cursor: '', more: false, extra: 1 }),
    'sync.protocol',
  ],
  ['a message of protocol 2', () => json({ protocol: 2 }), 'sync.unsupported-protocol'],
  ['a failure to connect', () => Promise.reject(new TypeError('fetch failed')), 'sync.offline'],
  [
    'a cursor that no header or path may hold',
    () => json({ protocol: 1, commits: [], cursor: 'a/b', more: false }),
    'sync.protocol',
  ],
  ['a commit that is no base64', () => json({ protocol: 1, commits: ['*'], cursor: '', more: false }), 'sync.protocol'],
] as const)('%s comes to its code [SYN-08]', async (_, answer, code) => {
  const { transport } = answering(answer);
  expect(await codeOfAsync(() => transport.pull({ after: '', except: REPLICA }, signal()))).toBe(code);
});

it('a request that takes too long, in any of its parts, or is given up, is a failure to reach the server [SYN-06]', async () => {
  const never = (): Promise<never> => new Promise(() => undefined);
  const slowBody = () => new Response(new ReadableStream({ pull: never }));
  for (const { transport } of [answering(never), answering(slowBody), answering(() => json({}), never)])
    expect(await codeOfAsync(() => transport.hello(REPLICA, signal()))).toBe('sync.offline');
  for (const early of [true, false]) {
    const { transport, asked } = answering(never);
    const controller = new AbortController();
    if (early) controller.abort();
    const given = codeOfAsync(() => transport.hello(REPLICA, controller.signal));
    if (!early) queueMicrotask(() => controller.abort());
    expect(await given).toBe('sync.offline');
    expect(asked.every(({ init }) => init.signal?.aborted)).toBe(true);
  }
});

it('a refusal carries the status and no part of the answer [FMT-12]', async () => {
  const { transport } = answering(() => new Response('subject 17 has 120/80', { status: 500 }));
  const error = await transport.hello(REPLICA, signal()).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(String(error)).toContain('status=500');
  expect(String(error)).not.toContain('subject 17');
});
