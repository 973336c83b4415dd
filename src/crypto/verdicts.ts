/**
 * Verdicts on signatures that were found before, for a process in which many devices look at the same ones: a simulated world.
 *
 * Invariants: nothing is remembered unless somebody asks for it, so a program finds each verdict anew; what is remembered is
 * named by all bytes of key, signature and message, so another signature never gets it. Law: `signer.laws`.
 */
import { bytesToHex } from '@noble/hashes/utils.js';

/** A key (32 bytes), a signature (64 bytes), and what it is said to sign: in this order the pieces have one reading. */
type Asked = readonly [key: Uint8Array, signature: Uint8Array, message: Uint8Array];

const VERDICTS_MAX = 16_384;

const verdicts = new Map<string, Promise<boolean>>();
let asking = 0;

/** Remembers verdicts from now on, until each of those who asked for it has called what this gives. */
export const rememberVerdicts = (): (() => void) => {
  let isAsked = true;
  asking += 1;
  return () => {
    if (!isAsked) return;
    isAsked = false;
    asking -= 1;
    if (asking === 0) verdicts.clear();
  };
};

/** The verdict remembered, where any is; else the one that `find` gives. */
export const verdictOnce = (asked: Asked, find: () => Promise<boolean>): Promise<boolean> => {
  if (asking === 0) return find();
  const name = asked.map(bytesToHex).join('');
  const known = verdicts.get(name);
  if (known !== undefined) return known;
  if (verdicts.size >= VERDICTS_MAX) verdicts.clear();
  const found = find();
  verdicts.set(name, found);
  found.catch(() => verdicts.delete(name));
  return found;
};
