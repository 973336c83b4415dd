/**
 * Canonical JSON (RFC 8785) and its strict reader.
 *
 * Invariant: `readCanonical` accepts exactly the bytes that `canonicalBytes` writes, so one value has one spelling:
 * duplicate names, other orders, white space, other escapes, -0, numbers that do not round-trip, lone surrogates, a
 * byte order mark and malformed UTF-8 are all refused. Law: `canonical.laws`. The spelling may never change.
 */
import { StoreError } from '../core/errors.ts';
import { isRecord, type JsonValue } from '../core/json.ts';
import { LIMITS } from '../core/limits.ts';
import { fromUtf8, utf8 } from './bytes.ts';

/** @throws StoreError `canonical.unsupported-value`, with the kind and never the value */
export const refuseValue = (what: string): never => {
  throw new StoreError('canonical.unsupported-value', { what });
};

const PLAIN = /^[ !#-[\]-~]*$/;
/** A string as JSON. */
const textOf = (value: string): string => {
  if (PLAIN.test(value)) return `"${value}"`;
  return value.isWellFormed() ? JSON.stringify(value) : refuseValue('lone surrogate');
};

/** A number that JSON has. */
export const checkNumber = (value: number): number => {
  if (!Number.isFinite(value)) refuseValue('number');
  return Object.is(value, -0) ? refuseValue('negative zero') : value;
};

const arrayOf = (items: readonly unknown[], depth: number): string => {
  let text = '[';
  for (let at = 0; at < items.length; at++) text += (at === 0 ? '' : ',') + spell(items[at], depth);
  return `${text}]`;
};

/** Names sorted by UTF-16 code units, as RFC 8785 section 3.2.3 asks and `<` on strings does. The array given is used. */
export const sortedNames = (names: string[]): readonly string[] => {
  for (let at = 1; at < names.length; at++) {
    const before = names[at - 1];
    const name = names[at];
    if (before !== undefined && name !== undefined && before > name) return names.sort();
  }
  return names;
};

const objectOf = (value: Readonly<Record<string, unknown>>, depth: number): string => {
  let text = '{';
  for (const name of sortedNames(Object.keys(value))) {
    const member = value[name];
    text += `${text.length === 1 ? '' : ','}${textOf(name)}:${spell(member, depth)}`;
  }
  return `${text}}`;
};

const spell = (value: unknown, depth: number): string => {
  if (typeof value === 'string') return textOf(value);
  if (typeof value === 'number') return String(checkNumber(value));
  if (value === null || typeof value === 'boolean') return String(value);
  if (depth >= LIMITS.jsonDepthMax) return refuseValue('depth');
  if (Array.isArray(value)) return arrayOf(value, depth + 1);
  return isPlain(value) ? objectOf(value, depth + 1) : refuseValue(typeof value);
};

/** True for an object as JSON has them. */
export const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> => {
  if (!isRecord(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
};

/** Canonical text of a JSON value. @throws StoreError `canonical.unsupported-value`, with the kind and never the value */
export const canonicalText = (value: unknown): string => spell(value, 0);

/** Canonical bytes of a JSON value: the UTF-8 of its canonical text. @throws StoreError `canonical.unsupported-value` */
export const canonicalBytes = (value: unknown): Uint8Array<ArrayBuffer> => utf8(canonicalText(value));

/** Reads canonical bytes; any other spelling is refused. @throws StoreError `canonical.malformed` */
export const readCanonical = (bytes: Uint8Array): JsonValue => {
  const malformed = (what: string) => new StoreError('canonical.malformed', { what, bytes: bytes.length });
  let text: string;
  let value: JsonValue;
  try {
    text = fromUtf8(bytes);
    value = JSON.parse(text);
  } catch {
    throw malformed('syntax');
  }
  let again: string;
  try {
    again = canonicalText(value);
  } catch {
    throw malformed('value');
  }
  if (again !== text) throw malformed('spelling');
  return value;
};
