/**
 * Passkeys by WebAuthn with the PRF extension (WebAuthn level 3, section 10.1.4). A fingerprint or a face goes to the
 * platform's authenticator only; what comes back is 32 bytes, and nothing biometric. The person is always verified.
 * Law: `passkeys.chromium.browser`, with Chromium's virtual authenticator.
 */
import { StoreError } from '../../core/errors.ts';
import { sameBytes, toBase64 } from '../../crypto/bytes.ts';
import type { Passkeys } from '../secrets.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const SECRET_BYTES = 32;
const TIMEOUT_MS = 60_000;
/** Names of COSE algorithms: Ed25519, ES256, RS256. What the key signs is not used. */
const ALGORITHMS = [-8, -7, -257];

const unavailable = (cause?: unknown) => new StoreError('key.passkey-unavailable', {}, { cause });
const random = (length: number): Bytes => crypto.getRandomValues(new Uint8Array(length));
const urlName = (bytes: Bytes): string => toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

const bytesOf = (source: BufferSource): Bytes =>
  source instanceof ArrayBuffer
    ? new Uint8Array(source).slice()
    : new Uint8Array(source.buffer, source.byteOffset, source.byteLength).slice();

const assertion = async (ways: readonly { readonly credential: Bytes; readonly salt: Bytes }[]) => {
  const evalByCredential = Object.fromEntries(
    ways.map(({ credential, salt }) => [urlName(credential), { first: salt }]),
  );
  return navigator.credentials.get({
    publicKey: {
      challenge: random(32),
      allowCredentials: ways.map(({ credential }) => ({ type: 'public-key' as const, id: credential })),
      userVerification: 'required',
      timeout: TIMEOUT_MS,
      extensions: { prf: { evalByCredential } },
    },
  });
};

const use: Passkeys['use'] = async (ways) => {
  const answered = await assertion(ways).catch((cause: unknown) => Promise.reject(unavailable(cause)));
  if (!(answered instanceof PublicKeyCredential)) throw unavailable();
  const credential = new Uint8Array(answered.rawId).slice();
  const first = answered.getClientExtensionResults().prf?.results?.first;
  if (first === undefined || !ways.some((way) => sameBytes(way.credential, credential))) throw unavailable();
  const secret = bytesOf(first);
  if (secret.length !== SECRET_BYTES) throw unavailable();
  return { credential, secret };
};

const create: Passkeys['create'] = async ({ user, salt, known }) => {
  const made = await navigator.credentials
    .create({
      publicKey: {
        challenge: random(32),
        rp: { name: location.hostname },
        user: { id: random(16), name: user, displayName: user },
        pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key' as const, alg })),
        excludeCredentials: known.map((id) => ({ type: 'public-key' as const, id })),
        authenticatorSelection: { userVerification: 'required', residentKey: 'discouraged' },
        timeout: TIMEOUT_MS,
        extensions: { prf: {} },
      },
    })
    .catch((cause: unknown) => Promise.reject(unavailable(cause)));
  if (!(made instanceof PublicKeyCredential)) throw unavailable();
  if (made.getClientExtensionResults().prf?.enabled !== true) throw unavailable();
  // Some authenticators give the secret only when they are asked, not when they are made.
  return use([{ credential: new Uint8Array(made.rawId).slice(), salt }]);
};

/** The platform's passkeys; undefined where it has none. */
export const webPasskeys = (): Passkeys | undefined =>
  typeof PublicKeyCredential === 'undefined' || typeof navigator === 'undefined' ? undefined : { create, use };
