/**
 * A secret in shares, of which a number is needed to have it again: Shamir's scheme over GF(2^8), by an audited library. With
 * fewer nothing is learned. The library does not notice a wrong share: whoever combines checks what comes out.
 * Law: `shares.laws`.
 */
import { combine, split } from 'shamir-secret-sharing';
import { invariant } from '../core/errors.ts';

/** @param needed  1 ≤ needed ≤ count; each share is a copy where one is enough */
export const splitSecret = async (
  secret: Uint8Array,
  { count, needed }: { readonly count: number; readonly needed: number },
): Promise<readonly Uint8Array<ArrayBuffer>[]> => {
  invariant(needed >= 1 && needed <= count, 'shares needed are among those made', { count, needed });
  const shares = needed === 1 ? Array.from({ length: count }, () => secret) : await split(secret, count, needed);
  return shares.map((share) => Uint8Array.from(share));
};

/** What these shares come to: the secret if they are right and as many as are needed, other bytes if not. */
export const combineShares = async (shares: readonly Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> =>
  Uint8Array.from(shares.length === 1 ? (shares[0] ?? []) : await combine([...shares]));
