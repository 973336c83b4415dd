/** A network between a store and a simulated server, in which a test decides what becomes of each message. */
import { StoreError } from '../core/errors.ts';
import { toBase64 } from '../crypto/bytes.ts';
import { keyCarrier } from '../sync/keyMessages.ts';
import { Hello, type MessageSchema, PROTOCOL, PullResponse, PushResponse, readMessage } from '../sync/protocol.ts';
import type { Transport } from '../sync/transport.ts';
import type { SimulatedRequest, SimulatedServer } from './server.ts';

/**
 * What becomes of one message and its answer. `repeat`: delivered twice. `late`: delivered, and once more after the next
 * one, as a network may. Any `StoreError` stands for what a server or the way to it may answer.
 */
export type Disturbance =
  | { readonly kind: 'none' }
  | { readonly kind: 'drop-request' }
  | { readonly kind: 'drop-answer' }
  | { readonly kind: 'repeat' }
  | { readonly kind: 'late' }
  | { readonly kind: 'fail'; readonly error: StoreError }
  | { readonly kind: 'alter-request'; readonly alter: (text: string) => string }
  | { readonly kind: 'alter-answer'; readonly alter: (text: string) => string };

export const UNDISTURBED: Disturbance = { kind: 'none' };

const offline = (): StoreError => new StoreError('sync.offline');

const altered = (request: SimulatedRequest, alter: (text: string) => string): SimulatedRequest =>
  request.kind === 'push' || request.kind === 'keys-push' ? { ...request, body: alter(request.body) } : request;

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new StoreError('sync.protocol', { path: '' }, { cause });
  }
};

/**
 * A transport to `server`. Messages travel as text and are read by the same strict schemas as over HTTP.
 * @param disturbance  asked for each message
 */
export const simulatedNetwork = (
  server: Pick<SimulatedServer, 'answer'>,
  disturbance: (request: SimulatedRequest) => Disturbance = () => UNDISTURBED,
): Transport => {
  const late: SimulatedRequest[] = [];

  const deliver = async (request: SimulatedRequest): Promise<string> => {
    const met = disturbance(request);
    if (met.kind === 'drop-request') throw offline();
    if (met.kind === 'fail') throw met.error;
    const overdue = late.splice(0);
    const text = await server.answer(met.kind === 'alter-request' ? altered(request, met.alter) : request);
    for (const each of overdue) await server.answer(each).catch(() => undefined); // nobody waits for it any more
    if (met.kind === 'late') late.push(request);
    if (met.kind === 'repeat') return server.answer(request);
    if (met.kind === 'drop-answer') throw offline();
    return met.kind === 'alter-answer' ? met.alter(text) : text;
  };
  const exchange = async <T>(schema: MessageSchema<T>, request: SimulatedRequest, signal: AbortSignal): Promise<T> => {
    if (signal.aborted) throw offline();
    return readMessage(schema, parsed(await deliver(request)));
  };
  return {
    hello: (replica, signal) => exchange(Hello, { kind: 'hello', replica }, signal),
    pull: ({ after, except = '' }, signal) => exchange(PullResponse, { kind: 'pull', after, except }, signal),
    push: (commits, signal) => {
      const body = JSON.stringify({ protocol: PROTOCOL, commits: commits.map(toBase64) });
      return exchange(PushResponse, { kind: 'push', body }, signal);
    },
    keys: keyCarrier({
      send: (schema, body, signal) => exchange(schema, { kind: 'keys-push', body }, signal),
      fetch: (schema, after, signal) => exchange(schema, { kind: 'keys-pull', after }, signal),
    }),
  };
};
