/**
 * The canonical text of an event's own part, for those who write many: the platform writes it, from members in the order
 * in which they are to stand; an object that has the same members as one before it is not sorted again.
 *
 * Invariant: the bytes are those of `canonicalText(body)`, and what `readBody` or `canonicalText` would refuse is refused here too.
 * Law: `eventText.laws`. The clear versions in `canonical.ts` and `core/envelope.ts` say what is right.
 */
import { type EventBody, readBody } from '../core/envelope.ts';
import { isStoreError, StoreError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { VersionVector } from '../core/versionVector.ts';
import { utf8View } from './bytes.ts';
import { canonicalText, checkNumber, isPlain, refuseValue, sortedNames } from './canonical.ts';

/** The members of an object that was written before, in the order in which they are written. */
type Shape = {
  readonly given: readonly string[];
  readonly sorted: readonly string[];
  /** True if an object that is given its members in that order also lists them so. */
  readonly keepsOrder: boolean;
};

const SHAPES_MAX = 256;
const SHAPE_MEMBERS_MAX = 32;
const shapes = new Map<string, Shape[]>();
let shapesKept = 0;

const isShape = ({ given }: Shape, names: readonly string[]): boolean => {
  if (given.length !== names.length) return false;
  for (let at = 0; at < names.length; at++) if (given[at] !== names[at]) return false;
  return true;
};

/** Names that look like places of an array are listed before all others, and one name is not listed at all. */
const LISTED_ELSEWHERE = /^(?:\d+|__proto__)$/;

const makeShape = (names: readonly string[]): Shape => ({
  given: [...names],
  sorted: sortedNames([...names]),
  keepsOrder: !names.some((name) => LISTED_ELSEWHERE.test(name)),
});

const shapeOf = (names: readonly string[]): Shape => {
  const first = names[0];
  if (first === undefined || names.length > SHAPE_MEMBERS_MAX) return makeShape(names);
  const alike = shapes.get(first);
  if (alike !== undefined) for (const shape of alike) if (isShape(shape, names)) return shape;
  if (shapesKept >= SHAPES_MAX) {
    shapes.clear();
    shapesKept = 0;
  }
  const shape = makeShape(names);
  shapes.set(first, [...(shapes.get(first) ?? []), shape]);
  shapesKept += 1;
  return shape;
};

/** Thrown by `inOrder` where an object cannot be made that lists its members as they are to be written. */
const NO_ORDER = Symbol('no order');

const objectInOrder = (value: Readonly<Record<string, unknown>>, depth: number): unknown => {
  const { sorted, keepsOrder } = shapeOf(Object.keys(value));
  if (!keepsOrder) throw NO_ORDER;
  const ordered: Record<string, unknown> = {};
  for (const name of sorted) ordered[name] = inOrder(value[name], depth);
  return ordered;
};

/**
 * The value as the platform's own `JSON.stringify` writes it canonically: checked, and each object with its members in
 * the order in which they are written.
 */
const inOrder = (value: unknown, depth: number): unknown => {
  if (typeof value === 'string') return value.isWellFormed() ? value : refuseValue('lone surrogate');
  if (typeof value === 'number') return checkNumber(value);
  if (value === null || typeof value === 'boolean') return value;
  if (depth >= LIMITS.jsonDepthMax) return refuseValue('depth');
  if (Array.isArray(value)) return Array.from(value, (item) => inOrder(item, depth + 1));
  return isPlain(value) ? objectInOrder(value, depth + 1) : refuseValue(typeof value);
};

const vectorInOrder = (vector: VersionVector): Readonly<Record<string, number>> => {
  const names = Object.keys(vector);
  return names.length < 2 ? vector : Object.fromEntries(sortedNames(names).map((name) => [name, vector[name] ?? 0]));
};

/** What the reader would refuse is not written: a record that cannot be read back would be lost when it is stored. */
export const checkReadable = (value: unknown, read: (value: unknown) => unknown): void => {
  try {
    read(value);
  } catch (cause) {
    if (!isStoreError(cause)) throw cause;
    const { what, kind } = cause.details;
    throw new StoreError('append.invalid', { what: what ?? kind ?? cause.code }, { cause });
  }
};

let lastReason: string | undefined;

/**
 * Asks the reader about those members whose types leave something open: a basis of several replicas, a reason other than
 * the last one, where the data came from, what is resolved. The types of the others are made by constructors that
 * refuse what the reader refuses.
 */
const checkBody = (body: EventBody): void => {
  const { schema, reason, originator, resolves, choices, basis } = body;
  const isBare = originator === undefined && resolves === undefined && choices === undefined;
  const isSimple = isBare && Number.isSafeInteger(schema) && schema >= 1;
  if (isSimple && (reason === undefined || reason === lastReason) && Object.keys(basis).length < 2) return;
  checkReadable(body, readBody);
  lastReason = reason;
};

const textInOrder = (body: EventBody): string => {
  const { basis, choices, id, originator, payload, reason, resolves, schema, sequence, stream, type } = body;
  return JSON.stringify({
    basis: vectorInOrder(basis),
    choices: choices === undefined ? undefined : inOrder(choices, 1),
    id,
    originator: originator === undefined ? undefined : inOrder(originator, 1),
    payload: inOrder(payload, 1),
    reason: reason === undefined ? undefined : inOrder(reason, 1),
    resolves,
    schema,
    sequence,
    stream,
    type,
  });
};

const eventText = (body: EventBody): string => {
  checkBody(body);
  try {
    return textInOrder(body);
  } catch (error) {
    if (error !== NO_ORDER) throw error;
    return canonicalText(body);
  }
};

/** Events as they will be written: their canonical bytes back to back, in a buffer that others may share. */
export type WrittenEvents = {
  readonly bodies: readonly EventBody[];
  readonly bytes: Uint8Array;
  /** Bytes of each event. */
  readonly lengths: readonly number[];
};

const checkLength = (bytes: number): void => {
  const { eventBytesMax: bytesMax } = LIMITS;
  if (bytes > bytesMax) throw new StoreError('append.too-large', { what: 'event', bytes, bytesMax });
};

/** The bytes of all texts, and of each: encoded at once where every character is one byte. */
const encodeTexts = (texts: readonly string[]): Pick<WrittenEvents, 'bytes' | 'lengths'> => {
  const whole = utf8View(texts.join(''));
  const units = texts.map(({ length }) => length);
  if (whole.length === units.reduce((sum, length) => sum + length, 0)) return { bytes: whole, lengths: units };
  return { bytes: whole, lengths: texts.map((text) => utf8View(text).length) };
};

/** @throws StoreError `append.invalid`, `append.too-large`, `canonical.unsupported-value` */
export const writeEvents = (bodies: readonly EventBody[]): WrittenEvents => {
  const written = encodeTexts(bodies.map(eventText));
  written.lengths.forEach(checkLength);
  return { bodies, ...written };
};

/** Each event with its own bytes, as a view. */
export const encodedEvents = ({
  bodies,
  bytes,
  lengths,
}: WrittenEvents): readonly { readonly body: EventBody; readonly bytes: Uint8Array }[] => {
  let at = 0;
  return bodies.map((body, index) => {
    const from = at;
    at += lengths[index] ?? 0;
    return { body, bytes: bytes.subarray(from, at) };
  });
};
