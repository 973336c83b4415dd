/** The wire contract as an OpenAPI document, made from the schemas that both sides check messages with. */
import { z } from 'zod';
import { ERROR_TEXT, invariant } from '../../../src/core/errors.ts';
import * as protocol from '../../../src/sync/protocol.ts';

const CODE = '^[a-z]+\\.[a-z-]+$';
invariant(
  Object.keys(ERROR_TEXT).every((code) => new RegExp(CODE).test(code)),
  'every code has the form of a code',
);

/** A schema without what only repeats a format as a pattern; codes by their form, since later servers have more. */
const plain = (schema: z.ZodType): object => {
  const { $schema, ...made } = z.toJSONSchema(schema, {
    override: ({ jsonSchema, path }) => {
      if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
      if (path.at(-1) === 'code') jsonSchema.pattern = CODE;
    },
  });
  return made;
};

const SCHEMAS = {
  Hello: protocol.Hello,
  PushRequest: protocol.PushRequest,
  PushResponse: protocol.PushResponse,
  PullResponse: protocol.PullResponse,
  KeysRequest: protocol.KeysRequest,
  KeysResponse: protocol.KeysResponse,
  KeysPage: protocol.KeysPage,
  AggregateRequest: protocol.AggregateRequest,
  FoldedAggregate: protocol.FoldedAggregate,
  ServerStatus: protocol.ServerStatus,
  Problem: protocol.Problem,
};

const json = (name: keyof typeof SCHEMAS) => ({
  'application/json': { schema: { $ref: `#/components/schemas/${name}` } },
});
const answer = (description: string, content: object) => ({
  '200': { description, content },
  default: { $ref: '#/components/responses/Problem' },
});
const query = (name: string, description: string, required: boolean, pattern: string) => ({
  name,
  in: 'query',
  required,
  description,
  schema: { type: 'string', pattern },
});
const REPLICA = '^[0-9a-f]{32}$';

const PATHS = {
  '/v1/tenants/{tenant}/hello': {
    parameters: [{ $ref: '#/components/parameters/tenant' }],
    get: {
      operationId: 'hello',
      summary: 'What the server says of itself and of one replica',
      parameters: [query('replica', 'The asking replica.', true, REPLICA)],
      responses: answer('The key, the time, the newest receipt and the checkpoint.', json('Hello')),
    },
  },
  '/v1/tenants/{tenant}/commits': {
    parameters: [{ $ref: '#/components/parameters/tenant' }],
    post: {
      operationId: 'push',
      summary: 'Sends commits of one replica, oldest first; sending them again changes nothing',
      requestBody: { required: true, content: json('PushRequest') },
      responses: answer(
        'A verdict for each commit, and a receipt that is given after all is durable.',
        json('PushResponse'),
      ),
    },
    get: {
      operationId: 'pull',
      summary: "Commits after a cursor in the server's order",
      parameters: [
        query(
          'after',
          'Cursor of the last pull. One that the log does not contain starts at the beginning.',
          false,
          '^[A-Za-z0-9_-]{0,64}$',
        ),
        query('except', 'Leaves out the commits of this replica.', false, REPLICA),
      ],
      responses: answer('Commits within the limits of one message.', json('PullResponse')),
    },
  },
  '/v1/tenants/{tenant}/keys': {
    parameters: [{ $ref: '#/components/parameters/tenant' }],
    post: {
      operationId: 'sendKeys',
      summary:
        'Changes rows of the key sheet, each from the revision it builds on; a destroyed key is destroyed for good',
      requestBody: { required: true, content: json('KeysRequest') },
      responses: answer('A verdict for each change.', json('KeysResponse')),
    },
    get: {
      operationId: 'fetchKeys',
      summary: 'Rows of the key sheet that changed after a cursor, each once, as they are now',
      parameters: [
        query(
          'after',
          'Cursor of the last page. One that the server has not reached starts at the beginning.',
          false,
          '^[A-Za-z0-9_-]{0,64}$',
        ),
      ],
      responses: answer('Rows within the limits of one message.', json('KeysPage')),
    },
  },
  '/v1/tenants/{tenant}/aggregate': {
    parameters: [{ $ref: '#/components/parameters/tenant' }],
    post: {
      operationId: 'foldAggregate',
      summary:
        'One aggregate with its branches and conflicts, folded as devices fold it; for a server that was given the definitions',
      requestBody: { required: true, content: json('AggregateRequest') },
      responses: answer('The aggregate, with protected values sealed.', json('FoldedAggregate')),
    },
  },
  '/v1/tenants/{tenant}/checkpoint': {
    parameters: [{ $ref: '#/components/parameters/tenant' }],
    get: {
      operationId: 'checkpoint',
      summary: "The signed head of the tenant's log, as a C2SP signed note",
      responses: answer('A signed note.', { 'text/plain': { schema: { type: 'string', maxLength: 4_096 } } }),
    },
  },
  '/v1/tenants/{tenant}/status': {
    parameters: [{ $ref: '#/components/parameters/tenant' }],
    get: {
      operationId: 'status',
      summary: "The tenant's state for people: counts only",
      responses: answer('Counts, root, replicas and refusals.', json('ServerStatus')),
    },
  },
};

export const openApi = (version: string) => ({
  openapi: '3.1.0',
  info: {
    title: 'Indelible sync',
    version,
    summary: 'The contract between a device and a sync server, protocol 1.',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  security: [{}, { bearer: [] }],
  paths: PATHS,
  components: {
    securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
    parameters: {
      tenant: {
        name: 'tenant',
        in: 'path',
        required: true,
        schema: { type: 'string', pattern: '^[A-Za-z][A-Za-z0-9_.-]*$', maxLength: 200 },
      },
    },
    responses: {
      Problem: {
        description: 'What went wrong, by its code (RFC 9457).',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
    schemas: Object.fromEntries(Object.entries(SCHEMAS).map(([name, schema]) => [name, plain(schema)])),
  },
});
