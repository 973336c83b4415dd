/**
 * The curve of RFC 8032, section 5.1, from its equation, in plain arithmetic: what the rules of `signer.ts` are held
 * against. Slow, not constant in time, for tests only.
 */
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes } from '@noble/hashes/utils.js';

export const P = 2n ** 255n - 19n;
export const L = 2n ** 252n + 27742317777372353535851937790883648493n;

const mod = (value: bigint, by: bigint = P): bigint => ((value % by) + by) % by;

export const power = (base: bigint, exponent: bigint): bigint => {
  let [result, square] = [1n, mod(base)];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = mod(result * square);
    square = mod(square * square);
  }
  return result;
};
const inverse = (value: bigint): bigint => power(value, P - 2n);

export const D = mod(-121665n * inverse(121666n));
export type Point = { readonly x: bigint; readonly y: bigint };
export const IDENTITY: Point = { x: 0n, y: 1n };

/** Addition on -x² + y² = 1 + d·x²·y²; complete, so it serves for doubling too. */
export const add = (a: Point, b: Point): Point => {
  const cross = mod(D * a.x * b.x * a.y * b.y);
  return {
    x: mod((a.x * b.y + b.x * a.y) * inverse(1n + cross)),
    y: mod((a.y * b.y + a.x * b.x) * inverse(1n - cross)),
  };
};

export const times = (scalar: bigint, point: Point): Point => {
  let [result, double] = [IDENTITY, point];
  for (let rest = scalar; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = add(result, double);
    double = add(double, double);
  }
  return result;
};

/** The square roots of a field element: none, one (of 0) or two. */
export const roots = (square: bigint): readonly bigint[] => {
  const candidate = power(square, (P + 3n) / 8n);
  const turned = mod(candidate * power(2n, (P - 1n) / 4n));
  const root = [candidate, turned].find((value) => mod(value * value) === mod(square));
  if (root === undefined) return [];
  return root === 0n ? [0n] : [root, P - root];
};

/** The points with a given y: x² = (y² - 1) / (d·y² + 1). */
export const pointsAt = (y: bigint): readonly Point[] =>
  roots(mod((y * y - 1n) * inverse(D * y * y + 1n))).map((x) => ({ x, y }));

const BASE_Y = mod(4n * inverse(5n));
export const BASE: Point = pointsAt(BASE_Y).find(({ x }) => x % 2n === 0n) ?? IDENTITY;

export const littleEndian = (value: bigint): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
export const fromLittleEndian = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);

export const encodePoint = ({ x, y }: Point): Uint8Array<ArrayBuffer> => littleEndian(y | ((x & 1n) << 255n));

export const hashToScalar = (...pieces: readonly Uint8Array[]): bigint =>
  mod(fromLittleEndian(sha512(concatBytes(...pieces))), L);

/** The secret scalar and prefix of a 32-byte secret. */
export const expand = (secret: Uint8Array): { readonly scalar: bigint; readonly prefix: Uint8Array } => {
  const digest = sha512(secret);
  const clamped = fromLittleEndian(digest.subarray(0, 32));
  return { scalar: (clamped & ~(7n | (1n << 255n))) | (1n << 254n), prefix: digest.subarray(32) };
};

/**
 * A signature as a dishonest holder of `secret` makes it: with `twist`, a point of small order, added to its R. It
 * fulfils the equation multiplied by the cofactor 8, and the plain equation only if `twist` is the identity.
 */
export const twistedSignature = (secret: Uint8Array, message: Uint8Array, twist: Point): Uint8Array<ArrayBuffer> => {
  const { scalar, prefix } = expand(secret);
  const nonce = hashToScalar(prefix, message);
  const commitment = encodePoint(add(times(nonce, BASE), twist));
  const challenge = hashToScalar(commitment, encodePoint(times(scalar, BASE)), message);
  return Uint8Array.of(...commitment, ...littleEndian(mod(nonce + challenge * scalar, L)));
};
