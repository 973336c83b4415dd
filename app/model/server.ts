/** Asks the server for its state, for people. */
import { isErrorCode } from '../../src/core/errors.ts';
import { isStoreError, StoreError } from '../../src/index.ts';
import { Problem, readMessage, ServerStatus } from '../../src/sync/protocol.ts';
import { type Failure, failureOf } from './failure.ts';
import { token } from './token.ts';

export type ServerView =
  | { readonly kind: 'asking' }
  | { readonly kind: 'reached'; readonly status: ServerStatus; readonly at: string }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly last: ServerStatus | undefined };

const ask = async (tenant: string, signal: AbortSignal): Promise<ServerStatus> => {
  const headers: Record<string, string> = token.value() === '' ? {} : { authorization: `Bearer ${token.value()}` };
  const address = `/v1/tenants/${encodeURIComponent(tenant)}/status`;
  let response: Response;
  try {
    response = await fetch(address, { headers, signal, cache: 'no-store' });
  } catch (cause) {
    throw new StoreError('sync.offline', {}, { cause });
  }
  const message: unknown = await response.json().catch(() => undefined);
  if (response.ok) return readMessage(ServerStatus, message);
  const problem = Problem.safeParse(message);
  throw new StoreError(problem.success && isErrorCode(problem.data.code) ? problem.data.code : 'server.internal');
};

/** The server's state now, or why it cannot be told. */
export const askServer = async (
  tenant: string,
  last: ServerStatus | undefined,
  signal: AbortSignal,
): Promise<ServerView> => {
  try {
    const status = await ask(tenant, AbortSignal.any([signal, AbortSignal.timeout(5_000)]));
    return { kind: 'reached', status, at: new Date().toISOString() };
  } catch (error) {
    return { kind: 'failed', failure: failureOf(isStoreError(error) ? error : new StoreError('sync.offline')), last };
  }
};

export const statusOf = (view: ServerView): ServerStatus | undefined =>
  view.kind === 'reached' ? view.status : view.kind === 'failed' ? view.last : undefined;
