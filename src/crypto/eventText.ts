/**
 * The canonical text of an event's own part, for those who write many: the members of the envelope stand in their fixed
 * order, and an object that has the same members as one before it is not sorted again.
 *
 * Invariant: the bytes are those of `canonicalText(body)`, and what `readBody` or `canonicalText` would refuse is refused here too.
 * Law: `eventText.laws`. The clear versions in `canonical.ts` and `core/envelope.ts` say what is right.
 */
import { type EventBody, readBody } from '../core/envelope.ts';
import { isStoreError, StoreError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { VersionVector } from '../core/versionVector.ts';
import { utf8View } from './bytes.ts';
import { isPlain, numberOf, refuseValue, sortedNames, textOf } from './canonical.ts';

/** The members of an object that was written before, in the order in which they are written, each with its spelled name. */
type Shape = {
  readonly given: readonly string[];
  readonly members: readonly { readonly name: string; readonly lead: string }[];
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

const makeShape = (names: readonly string[]): Shape => ({
  given: [...names],
  members: sortedNames([...names]).map((name, at) => ({ name, lead: `${at === 0 ? '' : ','}${textOf(name)}:` })),
});

const shapeOf = (names: readonly string[]): Shape => {
  const first = names[0];
  if (first === undefined || names.length > SHAPE_MEMBERS_MAX) return makeShape(names);
  const alike = shapes.get(first) ?? [];
  for (const shape of alike) if (isShape(shape, names)) return shape;
  if (shapesKept >= SHAPES_MAX) {
    shapes.clear();
    shapesKept = 0;
  }
  const shape = makeShape(names);
  shapes.set(first, [...(shapes.get(first) ?? []), shape]);
  shapesKept += 1;
  return shape;
};

const objectOf = (value: Readonly<Record<string, unknown>>, depth: number): string => {
  let text = '{';
  for (const { name, lead } of shapeOf(Object.keys(value)).members) text += lead + spell(value[name], depth);
  return `${text}}`;
};

const arrayOf = (items: readonly unknown[], depth: number): string => {
  let text = '[';
  for (let at = 0; at < items.length; at++) text += (at === 0 ? '' : ',') + spell(items[at], depth);
  return `${text}]`;
};

const spell = (value: unknown, depth: number): string => {
  if (typeof value === 'string') return textOf(value);
  if (typeof value === 'number') return numberOf(value);
  if (value === null || typeof value === 'boolean') return String(value);
  if (depth >= LIMITS.jsonDepthMax) return refuseValue('depth');
  if (Array.isArray(value)) return arrayOf(value, depth + 1);
  return isPlain(value) ? objectOf(value, depth + 1) : refuseValue(typeof value);
};

const vectorOf = (vector: VersionVector): string => {
  let text = '{';
  for (const name of sortedNames(Object.keys(vector)))
    text += `${text.length === 1 ? '' : ','}"${name}":${numberOf(vector[name] ?? 0)}`;
  return `${text}}`;
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
  const { schema, reason, originator, resolves, basis } = body;
  const isSimple = originator === undefined && resolves === undefined && Number.isSafeInteger(schema) && schema >= 1;
  if (isSimple && (reason === undefined || reason === lastReason) && Object.keys(basis).length < 2) return;
  checkReadable(body, readBody);
  lastReason = reason;
};

const eventText = (body: EventBody): string => {
  const { basis, id, originator, payload, reason, resolves, schema, sequence, stream, type } = body;
  return (
    `{"basis":${vectorOf(basis)},"id":"${id}"` +
    (originator === undefined ? '' : `,"originator":${spell(originator, 1)}`) +
    `,"payload":${spell(payload, 1)}` +
    (reason === undefined ? '' : `,"reason":${textOf(reason)}`) +
    (resolves === undefined ? '' : `,"resolves":${spell(resolves, 1)}`) +
    `,"schema":${schema},"sequence":${sequence},"stream":${textOf(stream)},"type":"${type}"}`
  );
};

/** An event as it will be written: its canonical bytes, which share their buffer with others. */
export type WrittenEvent = { readonly body: EventBody; readonly bytes: Uint8Array };

/** @throws StoreError `append.invalid`, `append.too-large`, `canonical.unsupported-value` */
export const writeEvent = (body: EventBody): WrittenEvent => {
  checkBody(body);
  const bytes = utf8View(eventText(body));
  if (bytes.length > LIMITS.eventBytesMax)
    throw new StoreError('append.too-large', { what: 'event', bytes: bytes.length, bytesMax: LIMITS.eventBytesMax });
  return { body, bytes };
};
