/** Failures as RFC 9457 problem documents: the code and its sentence. Never details, a value, a message or a stack. */
import { ERROR_TEXT, type ErrorCode, isStoreError } from '../core/errors.ts';

/** The HTTP status of each code. A new code does not compile until it has one. */
export const PROBLEM_STATUS = {
  'aggregate.impure': 500,
  'aggregate.unknown-type': 400,
  'append.invalid': 400,
  'append.unknown-event': 400,
  'append.too-large': 413,
  'append.contention': 503,
  'bundle.malformed': 400,
  'bundle.unsupported-format': 400,
  'canonical.malformed': 400,
  'canonical.unsupported-value': 400,
  'chain.fork': 409,
  'chain.gap': 409,
  'chain.leaf-mismatch': 422,
  'chain.link-mismatch': 422,
  'chain.root-mismatch': 422,
  'commit.malformed': 422,
  'commit.unsupported-format': 422,
  'checkpoint.malformed': 400,
  'event.duplicate-id': 409,
  'field.too-large': 413,
  'field.unreadable': 422,
  'id.malformed': 400,
  'import.cancelled': 400,
  'import.malformed-xml': 400,
  'import.missing-attribute': 400,
  'import.not-odm': 400,
  'import.too-large': 413,
  'import.unknown-reference': 400,
  'import.unsupported-version': 400,
  'invariant.broken': 500,
  'key.data-malformed': 400,
  'key.locked': 403,
  'key.malformed': 400,
  'key.not-extractable': 500,
  'key.randomness-repeated': 500,
  'key.shredded': 410,
  'key.unavailable': 500,
  'proof.malformed': 400,
  'proof.root-mismatch': 422,
  'receipt.ahead-of-log': 409,
  'receipt.mismatch': 409,
  'schema.gap': 500,
  'seal.mismatch': 422,
  'server.forbidden': 403,
  'server.not-found': 404,
  'server.internal': 500,
  'server.key-changed': 409,
  'server.rolled-back': 409,
  'server.unprotected': 500,
  'signature.invalid': 422,
  'storage.absent': 503,
  'storage.blocked': 503,
  'storage.busy': 503,
  'storage.closed': 503,
  'storage.connection-lost': 503,
  'storage.corrupt': 500,
  'storage.driver-missing': 503,
  'storage.failed': 503,
  'storage.immutable': 500,
  'storage.key-missing': 503,
  'storage.key-wrong': 503,
  'storage.lost': 500,
  'storage.outdated': 503,
  'storage.quota-exceeded': 507,
  'storage.read-only': 503,
  'storage.unavailable': 503,
  'storage.unencrypted': 503,
  'storage.unresponsive': 503,
  'storage.upgrade-failed': 503,
  'store.unavailable-actor': 400,
  'store.turn-lost': 503,
  'store.wrong-tenant': 409,
  'sync.offline': 503,
  'sync.protocol': 400,
  'sync.unauthorised': 401,
  'sync.unsupported-protocol': 400,
  'sync.wrong-tenant': 403,
  'sync.rate-limited': 429,
} as const satisfies Record<ErrorCode, number>;

/** The code of whatever was thrown: `server.internal` for all that is not ours. */
export const codeOf = (error: unknown): ErrorCode => (isStoreError(error) ? error.code : 'server.internal');

/** The answer to a failed request. */
export const problemResponse = (code: ErrorCode): Response => {
  const status = PROBLEM_STATUS[code];
  const problem = { type: `urn:indelible:error:${code}`, title: ERROR_TEXT[code], status, code };
  const headers = new Headers({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
  if (status === 401) headers.set('www-authenticate', 'Bearer');
  if (status === 429 || status === 503) headers.set('retry-after', '2');
  return new Response(JSON.stringify(problem), { status, headers });
};
