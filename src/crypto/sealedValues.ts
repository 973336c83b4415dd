/** Where sealed values stand in a payload: found by their form alone, without a schema. */
import { isRecord } from '../core/json.ts';
import { type Placed, SEALED_NAME } from '../core/protect.ts';
import { readSealed, type SealedValue } from './fieldCipher.ts';

/** A sealed value inside a payload, and the way to it. */
export type PlacedSeal = Placed & { readonly sealed: SealedValue };

/** Finds every sealed value of a payload. */
export const sealedIn = (value: unknown, way: readonly string[], found: PlacedSeal[]): void => {
  if (Array.isArray(value)) {
    for (const [at, each] of value.entries()) sealedIn(each, [...way, String(at)], found);
    return;
  }
  if (!isRecord(value)) return;
  if (Object.hasOwn(value, SEALED_NAME)) {
    const sealed = readSealed(value);
    if (sealed !== undefined) found.push({ way, value, sealed });
    return;
  }
  for (const name in value) {
    const member = value[name];
    if (typeof member === 'object' && member !== null) sealedIn(member, [...way, name], found);
  }
};
