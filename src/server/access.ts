/**
 * Who may ask. Without a token the server is for this machine alone: it listens on a loopback address, and answers only
 * to loopback names and to pages that it served itself, so that a page of another site cannot reach it by a name that it
 * lets point here (DNS rebinding). With a token every request to the interface carries it.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { StoreError } from '../core/errors.ts';

const LOOPBACK_ADDRESS = /^(127(\.\d{1,3}){3}|::1|::ffff:127(\.\d{1,3}){3})$/;

/** True for `localhost`, names under it, and loopback addresses; with or without a port, brackets for IPv6. */
export const isLoopbackName = (authority: string): boolean => {
  const [, bracketed, plain] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::\d{1,5})?$/i.exec(authority) ?? [];
  const name = (bracketed ?? plain ?? '').toLowerCase();
  return name === 'localhost' || name.endsWith('.localhost') || LOOPBACK_ADDRESS.test(name);
};

/** True if only this machine can connect to a socket on `host`. */
export const isLoopbackHost = (host: string): boolean =>
  host === 'localhost' || LOOPBACK_ADDRESS.test(host.toLowerCase());

/** @throws StoreError `server.unprotected` when others could connect and no token is asked of them */
export const checkProtected = (host: string, token: string | undefined): void => {
  if (token === undefined && !isLoopbackHost(host)) throw new StoreError('server.unprotected');
};

const digest = (text: string): Uint8Array => createHash('sha256').update(text).digest();

/** True if the header carries the token. Takes the same time whatever differs. */
export const carriesToken = (header: string | undefined, token: string): boolean => {
  const [, given = ''] = /^Bearer +([^\s]+)$/i.exec(header ?? '') ?? [];
  return timingSafeEqual(digest(given), digest(token));
};

const sameAuthority = (origin: string, host: string): boolean => {
  try {
    return new URL(origin).host === host.toLowerCase();
  } catch {
    return false;
  }
};

/** @throws StoreError `server.forbidden` unless the request is of this machine and of a page from here */
export const checkLocal = (headers: {
  readonly host: string | undefined;
  readonly origin: string | undefined;
}): void => {
  const { host = '', origin } = headers;
  if (!isLoopbackName(host)) throw new StoreError('server.forbidden', { what: 'host' });
  if (origin !== undefined && !sameAuthority(origin, host))
    throw new StoreError('server.forbidden', { what: 'origin' });
};

/**
 * Headers of every answer. The app needs no inline script, no `eval`, and no other host; WebAssembly may be compiled, which
 * hashes faster and cannot reach the page.
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    "frame-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ].join('; '),
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'SAMEORIGIN',
};
