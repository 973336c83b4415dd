/** The transport over HTTP: `fetch`, JSON, bearer token. Messages are checked before anything else sees them. */
import { isErrorCode, StoreError } from '../core/errors.ts';
import type { TenantId } from '../core/ids.ts';
import { toBase64 } from '../crypto/bytes.ts';
import { keyCarrier } from './keyMessages.ts';
import { Hello, type MessageSchema, PROTOCOL, Problem, PullResponse, PushResponse, readMessage } from './protocol.ts';
import type { Transport } from './transport.ts';

export type HttpTransportOptions = {
  /** Base address of the server, without `/v1`. */
  readonly url: string;
  readonly tenant: TenantId;
  /** Gives the access token; asked before each request. Absent: no token is sent. */
  readonly token?: () => Promise<string>;
  /** A request that takes longer is given up and tried again. */
  readonly timeoutMs: number;
  readonly fetch?: typeof fetch;
};

const BY_STATUS: ReadonlyMap<
  number,
  'sync.unauthorised' | 'server.forbidden' | 'server.not-found' | 'sync.rate-limited'
> = new Map([
  [401, 'sync.unauthorised'],
  [403, 'server.forbidden'],
  [404, 'server.not-found'],
  [429, 'sync.rate-limited'],
]);

/** The failure that an answer other than 2xx stands for: the server's own code where it gives one. */
const failureOf = async (response: Response): Promise<StoreError> => {
  const status = response.status;
  const problem = Problem.safeParse(await response.json().catch(() => undefined));
  if (problem.success && isErrorCode(problem.data.code)) return new StoreError(problem.data.code, { status });
  return new StoreError(BY_STATUS.get(status) ?? 'server.internal', { status });
};

/**
 * Runs `work` until it ends, `outer` is aborted, or the time is over. The timer is our own: a platform may collect that of
 * `AbortSignal.timeout` while only a combined signal refers to it, and the request would then wait for ever.
 */
const within = async <T>(
  timeoutMs: number,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const inner = new AbortController();
  const end = () => inner.abort();
  const timer = setTimeout(end, timeoutMs);
  outer.addEventListener('abort', end);
  const ended = new Promise<never>((_, reject) => {
    inner.signal.addEventListener('abort', () => reject(new StoreError('sync.offline', { timeoutMs })));
  });
  if (outer.aborted) end();
  try {
    return await Promise.race([work(inner.signal), ended]);
  } finally {
    clearTimeout(timer);
    outer.removeEventListener('abort', end);
  }
};

const messageOf = async (response: Response): Promise<unknown> => {
  const text = await response.text().catch((cause: unknown) => {
    throw new StoreError('sync.offline', {}, { cause });
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new StoreError('sync.protocol', { path: '' }, { cause });
  }
};

/** Makes a transport. Failures to reach the server are `sync.offline`; nothing of a request is ever logged. */
export const httpTransport = (options: HttpTransportOptions): Transport => {
  const base = `${options.url.replace(/\/$/, '')}/v1/tenants/${encodeURIComponent(options.tenant)}`;
  const send = options.fetch ?? fetch;

  const reach = async (path: string, init: RequestInit, signal: AbortSignal): Promise<Response> => {
    const token = await options.token?.();
    const headers = new Headers(init.headers);
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    try {
      return await send(`${base}${path}`, { ...init, headers, signal, cache: 'no-store', redirect: 'error' });
    } catch (cause) {
      throw new StoreError('sync.offline', {}, { cause });
    }
  };

  const exchange = <T>(schema: MessageSchema<T>, path: string, init: RequestInit, outer: AbortSignal): Promise<T> =>
    within(options.timeoutMs, outer, async (signal) => {
      const response = await reach(path, init, signal);
      if (!response.ok) throw await failureOf(response);
      return readMessage(schema, await messageOf(response));
    });

  const posted = (body: string) => ({ method: 'POST', body, headers: { 'content-type': 'application/json' } });
  return {
    hello: (replica, signal) => exchange(Hello, `/hello?replica=${replica}`, {}, signal),
    pull: ({ after, except }, signal) =>
      exchange(
        PullResponse,
        `/commits?after=${encodeURIComponent(after)}${except === undefined ? '' : `&except=${except}`}`,
        {},
        signal,
      ),
    push: (commits, signal) => {
      const body = JSON.stringify({ protocol: PROTOCOL, commits: commits.map(toBase64) });
      return exchange(PushResponse, '/commits', posted(body), signal);
    },
    keys: keyCarrier({
      send: (schema, body, signal) => exchange(schema, '/keys', posted(body), signal),
      fetch: (schema, after, signal) => exchange(schema, `/keys?after=${encodeURIComponent(after)}`, {}, signal),
    }),
  };
};
