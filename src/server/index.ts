/**
 * A running sync server: `createServer` opens the database, takes the data folder, loads the key and listens.
 *
 *   const server = await createServer({ data: 'data', port: 8042 });
 *   await server.close();
 */
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import type { AggregateDefinition } from '../core/aggregate.ts';
import { isRecord } from '../core/json.ts';
import type { Logger } from '../core/ports.ts';
import { makeSigningKey, type SigningKey } from '../crypto/signer.ts';
import { checkProtected } from './access.ts';
import { createApp } from './app.ts';
import { lockFolder, makeFolder } from './folder.ts';
import { silentLogger } from './log.ts';
import type { Database } from './postgres/database.ts';
import { openDatabase } from './postgres/open.ts';
import type { World } from './sequencer.ts';
import { loadSigningKey } from './signingKey.ts';
import { startFault } from './startFault.ts';
import { verifierText } from './statements.ts';
import { listStaticFiles } from './staticFiles.ts';

export type ServerOptions = {
  /** 0 lets the system choose. */
  readonly port: number;
  /** Address to listen on; the loopback address 127.0.0.1 if not given. Any other needs a token. */
  readonly host?: string | undefined;
  /** Folder for the database and the signing key. Without it both are in memory and end with the server. */
  readonly data?: string | undefined;
  /** PostgreSQL to use instead of the embedded database. The key stays in `data`. */
  readonly databaseUrl?: string | undefined;
  /** Folder of the built app. */
  readonly app?: string | undefined;
  /** Asked as a bearer token of every request to the interface. */
  readonly token?: string | undefined;
  /** The name the server signs under; part of what devices trust. */
  readonly name?: string | undefined;
  /** The aggregates of the study: with them the server shows what devices show of one, and points out who ends conflicts but may not. */
  readonly aggregates?: readonly AggregateDefinition[] | undefined;
  readonly logger?: Logger | undefined;
  readonly nowMs?: (() => number) | undefined;
};

export type Server = {
  readonly url: string;
  readonly port: number;
  /** The key that checks the server's receipts and checkpoints, in C2SP text form. */
  readonly serverKey: string;
  /** Ends requests under way, then the database, then lets the data folder go. */
  readonly close: () => Promise<void>;
};

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_NAME = 'indelible.server';
const GRACE_MS = 5_000;

/** What must be undone, newest first, when the server stops or its start fails. */
type Undo = (() => Promise<void>)[];

const undoAll = async (undo: Undo): Promise<void> => {
  for (const step of undo.splice(0).reverse()) await step();
};

const openState = async (options: ServerOptions, undo: Undo): Promise<{ database: Database; key: SigningKey }> => {
  const { data, databaseUrl } = options;
  const folder = data === undefined ? undefined : await makeFolder(data);
  if (folder !== undefined && databaseUrl === undefined) undo.push(await lockFolder(folder));
  const key = folder === undefined ? await makeSigningKey() : await loadSigningKey(folder);
  const database = await openDatabase(folder, databaseUrl);
  undo.push(database.close);
  return { database, key };
};

const listen = (server: HttpServer, port: number, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: unknown) => {
      const inUse = isRecord(error) && error['code'] === 'EADDRINUSE';
      reject(startFault(inUse ? 'port-in-use' : 'address-unavailable', { cause: error }));
    });
    server.listen(port, host, () => {
      const address = server.address();
      resolve(address === null || typeof address === 'string' ? port : address.port);
    });
  });

/** A promise to be resolved from outside. */
const deferred = <T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } => {
  let settle: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolve) => {
    settle = resolve;
  });
  return { promise, resolve: (value) => settle(value) };
};

/** Stops listening, lets requests under way end, and cuts those that do not in time. */
const stopListening = (server: HttpServer, graceMs: number): Promise<void> =>
  new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });

const open = async (options: ServerOptions, undo: Undo): Promise<{ app: Hono; serverKey: string }> => {
  const { name = DEFAULT_NAME, token, logger = silentLogger, nowMs = Date.now } = options;
  const files = options.app === undefined ? new Map<string, string>() : await listStaticFiles(options.app);
  const { database, key } = await openState(options, undo);
  if (!database.hasRuntimeRole) logger.log('warn', 'server.no-runtime-role', { database: database.kind });
  const signer = { name, key };
  const definitions = new Map((options.aggregates ?? []).map((each) => [each.type, each]));
  const pointOut: World['pointOut'] = (tenant, { code, replica = '', sequence }) =>
    logger.log('warn', code, { tenant, replica, sequence });
  const app = createApp({ world: { database, signer, nowMs, definitions, pointOut }, token, files, logger });
  return { app, serverKey: verifierText(signer) };
};

/**
 * Starts a server.
 * @throws StoreError with `what` in its details, as `startFault.ts` lists; `server.unprotected` for a non-loopback host
 * without a token. What had been opened is closed again.
 */
export const createServer = async (options: ServerOptions): Promise<Server> => {
  const { host = DEFAULT_HOST, name = DEFAULT_NAME, token } = options;
  checkProtected(host, token);
  if (!/^[^\s+]{1,200}$/.test(name)) throw startFault('name');
  const undo: Undo = [];
  // Listening comes first: a port that is taken is said at once. Requests that come early wait for the database.
  const opening = deferred<Hono>();
  const fetch = async (request: Request) => (await opening.promise).fetch(request);
  const server = createHttpServer(getRequestListener(fetch, { overrideGlobalObjects: false }));
  try {
    const port = await listen(server, options.port, host);
    const { app, serverKey } = await open(options, undo);
    opening.resolve(app);
    let closing: Promise<void> | undefined;
    const stop = () => stopListening(server, GRACE_MS).then(() => undoAll(undo));
    const close = () => {
      closing ??= stop();
      return closing;
    };
    return { url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`, port, serverKey, close };
  } catch (error) {
    if (server.listening) await stopListening(server, 0);
    await undoAll(undo);
    throw error;
  }
};
