/**
 * What was made of bytes before, for a process in which many devices look at the same ones: a simulated world.
 *
 * Invariants: nothing is remembered unless somebody asks for it, so a program reads and verifies all bytes anew; what is remembered
 * is found by all of the bytes, which it has for itself, so other bytes never get it; a failure is not remembered; what is shared
 * nobody can change. Laws: `remembered.laws`, `signer.laws`.
 */
import { sameBytes } from './bytes.ts';

/** What one kind of reader made of bytes. */
export type Remembered<T> = {
  /** What is remembered of the bytes, else what `make` makes of them. It has to depend on them alone. */
  readonly once: (bytes: Uint8Array, make: () => T) => T;
};

type Entry<T> = { readonly bytes: Uint8Array; readonly value: T };

const ENTRIES_MAX = 16_384;

const kinds: { readonly clear: () => void }[] = [];
let asking = 0;

/** Remembers from now on, until each of those who asked for it has called what this gives. */
export const remember = (): (() => void) => {
  let isAsked = true;
  asking += 1;
  return () => {
    if (!isAsked) return;
    isAsked = false;
    asking -= 1;
    if (asking === 0) for (const kind of kinds) kind.clear();
  };
};

/** Bytes that are looked at, at least: keys, signatures and what is signed differ in any few of their bytes. */
const LOOKED_AT = 64;

/** FNV-1a of some of the bytes, evenly spread, and of how many there are: where to look, nothing more. */
const placeOf = (bytes: Uint8Array): number => {
  const step = Math.max(1, Math.floor(bytes.length / LOOKED_AT));
  let place = 0x811c9dc5 ^ bytes.length;
  for (let at = 0; at < bytes.length; at += step) place = Math.imul(place ^ (bytes[at] ?? 0), 0x01000193);
  return place;
};

/** Freezes what was made of bytes, through and through; bytes themselves cannot be. */
const frozen = <T>(value: T): T => {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
};

/** A memory for one kind of reader. */
export const remembered = <T>(): Remembered<T> => {
  const known = new Map<number, Entry<T>>();
  kinds.push(known);
  return {
    once: (bytes, make) => {
      if (asking === 0) return make();
      const place = placeOf(bytes);
      const entry = known.get(place);
      if (entry !== undefined && sameBytes(entry.bytes, bytes)) return entry.value;
      const value = frozen(make());
      if (known.size >= ENTRIES_MAX) known.clear();
      known.set(place, { bytes: bytes.slice(), value });
      if (value instanceof Promise) value.catch(() => known.delete(place));
      return value;
    },
  };
};
