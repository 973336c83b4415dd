/** The routes: read the request, ask, answer. What the messages mean is `sync/protocol.ts`; what happens, `sequencer.ts`. */
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { StoreError } from '../core/errors.ts';
import { type ReplicaId, readStreamId, replicaId, type TenantId, tenantId } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import type { Logger } from '../core/ports.ts';
import { fromBase64 } from '../crypto/bytes.ts';
import { changesOfMessage, messageOfVerdicts, proofOfMessage } from '../sync/keyMessages.ts';
import { AggregateRequest, KeysRequest, PushRequest, readMessage } from '../sync/protocol.ts';
import { carriesToken, checkLocal, SECURITY_HEADERS } from './access.ts';
import { checkpoint, hello, pull, status } from './answers.ts';
import { foldedAggregate } from './folded.ts';
import { keysAfter, storeKeys } from './keySheet.ts';
import { codeOf, problemResponse } from './problem.ts';
import { push, type World } from './sequencer.ts';
import { type StaticFiles, staticResponse } from './staticFiles.ts';

export type AppOptions = {
  readonly world: World;
  readonly token: string | undefined;
  readonly files: StaticFiles;
  readonly logger: Logger;
};

/** The largest push in base64, with quotes, commas and the frame around it. */
const BODY_BYTES_MAX = Math.ceil(LIMITS.batchBytesMax / 3) * 4 + 8 * LIMITS.batchCommitsMax + 256;

const KEYS_BODY_BYTES_MAX = Math.ceil(LIMITS.keyRowBytesMax / 3) * 4 + 512 * LIMITS.keyRowsMax;

/** A stream's name and the frame around it. */
const ASKED_BYTES_MAX = 8 * LIMITS.idLengthMax + 256;

const tenantOf = (context: Context): TenantId => tenantId(context.req.param('tenant') ?? '');
const replicaOf = (context: Context, name: string): ReplicaId => replicaId(context.req.query(name) ?? '');

/** Parses a JSON body. @throws StoreError `sync.protocol` on another type or on text that is not JSON */
const jsonOf = async (context: Context): Promise<unknown> => {
  const type = context.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') throw new StoreError('sync.protocol', { path: 'content-type' });
  try {
    return JSON.parse(await context.req.text());
  } catch {
    throw new StoreError('sync.protocol', { path: '' });
  }
};

const commitsOf = (request: PushRequest): readonly Uint8Array[] => {
  const commits = request.commits.map(fromBase64);
  const bytes = commits.reduce((total, commit) => total + commit.length, 0);
  if (bytes > LIMITS.batchBytesMax) throw new StoreError('append.too-large', { bytes, bytesMax: LIMITS.batchBytesMax });
  return commits;
};

/** Counts of the verdicts of a push, for the log. */
const countsOf = (verdicts: readonly { readonly kind: string }[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { kind } of verdicts) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
};

const routes = ({ world, logger }: AppOptions): Hono => {
  const api = new Hono();
  api.use(async (context, next) => {
    await next();
    context.header('cache-control', 'no-store');
  });
  api.get('/hello', async (context) =>
    context.json(await hello(world, tenantOf(context), replicaOf(context, 'replica'))),
  );
  api.post(
    '/commits',
    bodyLimit({ maxSize: BODY_BYTES_MAX, onError: () => problemResponse('append.too-large') }),
    async (context) => {
      const tenant = tenantOf(context);
      const request = readMessage(PushRequest, await jsonOf(context));
      const answer = await push(world, tenant, commitsOf(request));
      logger.log('info', 'push', { tenant, ...countsOf(answer.verdicts) });
      return context.json(answer);
    },
  );
  api.get('/commits', async (context) => {
    const except = context.req.query('except') === undefined ? '' : replicaOf(context, 'except');
    const answer = await pull(world, tenantOf(context), { after: context.req.query('after') ?? '', except });
    return context.json(answer);
  });
  api.post(
    '/keys',
    bodyLimit({ maxSize: KEYS_BODY_BYTES_MAX, onError: () => problemResponse('append.too-large') }),
    async (context) => {
      const tenant = tenantOf(context);
      const request = readMessage(KeysRequest, await jsonOf(context));
      const verdicts = await storeKeys(world.database, tenant, {
        changes: changesOfMessage(request),
        proof: proofOfMessage(request),
      });
      logger.log('info', 'keys', { tenant, ...countsOf(verdicts) });
      return context.json(messageOfVerdicts(verdicts));
    },
  );
  api.get('/keys', async (context) =>
    context.json(await keysAfter(world.database, tenantOf(context), context.req.query('after') ?? '')),
  );
  // The name of an aggregate may tell of a person: it travels in the body, and neither it nor the answer is logged.
  api.post(
    '/aggregate',
    bodyLimit({ maxSize: ASKED_BYTES_MAX, onError: () => problemResponse('append.too-large') }),
    async (context) => {
      const { stream } = readMessage(AggregateRequest, await jsonOf(context));
      return context.json(await foldedAggregate(world, { tenant: tenantOf(context), stream: readStreamId(stream) }));
    },
  );
  api.get('/checkpoint', async (context) => context.text(await checkpoint(world, tenantOf(context))));
  api.get('/status', async (context) => context.json(await status(world, tenantOf(context))));
  return api;
};

/** The whole application, to be given requests by a server or by a test. */
export const createApp = (options: AppOptions): Hono => {
  const { token, files, logger } = options;
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) context.header(name, value);
  });
  app.use(async (context, next) => {
    if (token === undefined) checkLocal({ host: context.req.header('host'), origin: context.req.header('origin') });
    else if (context.req.path.startsWith('/v1/') && !carriesToken(context.req.header('authorization'), token)) {
      throw new StoreError('sync.unauthorised');
    }
    await next();
  });
  app.route('/v1/tenants/:tenant', routes(options));
  app.get(
    '*',
    async (context) => (await staticResponse(files, context.req.path)) ?? problemResponse('server.not-found'),
  );
  app.notFound(() => problemResponse('server.not-found'));
  app.onError((error) => {
    const code = codeOf(error);
    logger.log(code === 'server.internal' ? 'error' : 'warn', code, { error: error.name });
    return problemResponse(code);
  });
  return app;
};
