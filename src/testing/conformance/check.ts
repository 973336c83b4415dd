/** Assertions of the conformance kit: they need no test runner, and say where two values differ. */

/** A law that an adapter breaks. The message says what was expected, and what came. */
export class ConformanceError extends Error {
  override readonly name = 'ConformanceError';
}

const fail = (message: string): never => {
  throw new ConformanceError(message);
};

const SHOWN = 120;

/** A value in short: long bytes and texts by their beginning. */
const shown = (value: unknown): string => {
  const text =
    value instanceof Uint8Array
      ? `${value.length} bytes [${value.subarray(0, 8).join(', ')}${value.length > 8 ? ', …' : ''}]`
      : (JSON.stringify(value) ?? String(value));
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}… (${text.length} characters)` : text;
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** The first place at which two values differ; undefined if they are equal. A member that is undefined counts as absent. */
const difference = (actual: unknown, expected: unknown, path: string): string | undefined => {
  if (Object.is(actual, expected)) return undefined;
  const apart = () => `${path === '' ? '' : `at ${path}: `}expected ${shown(expected)}, got ${shown(actual)}`;
  if (!isObject(actual) || !isObject(expected)) return apart();
  if (Array.isArray(actual) !== Array.isArray(expected)) return apart();
  if (actual instanceof Uint8Array || expected instanceof Uint8Array) {
    const same =
      actual instanceof Uint8Array &&
      expected instanceof Uint8Array &&
      actual.length === expected.length &&
      actual.every((byte, at) => byte === expected[at]);
    return same ? undefined : apart();
  }
  for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    const found = difference(actual[key], expected[key], path === '' ? key : `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** True if two values are the same, member by member and byte by byte. */
export const areSame = (actual: unknown, expected: unknown): boolean => difference(actual, expected, '') === undefined;

/** @throws ConformanceError unless the values are the same; `what` names the value */
export const same = (actual: unknown, expected: unknown, what: string): void => {
  const found = difference(actual, expected, '');
  if (found !== undefined) fail(`${what}: ${found}`);
};

/** @throws ConformanceError unless it holds; `what` says what should have held */
export const holds: (condition: boolean, what: string) => asserts condition = (condition, what) => {
  if (!condition) fail(what);
};
