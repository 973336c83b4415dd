/**
 * Event types: the zod schema of the newest version, the upcasters that lead to it, and the keys an event touches.
 *
 * Stored bytes stay as written; a payload of an older version is upcast on read, one version at a time. Law:
 * `schema.laws` (a missing upcaster is refused at registration, and one too many; what is stored is what was given).
 */
import type { z } from 'zod';
import { StoreError } from './errors.ts';
import { isRecord, type JsonObject, sameJson } from './json.ts';
import { LIMITS } from './limits.ts';
import { isSchema, isUnderSealed, type ProtectedPart, protectedParts } from './protect.ts';

/** Payload n to n + 1. Pure; what it infers must say so in the payload. */
export type Upcaster = (payload: JsonObject) => JsonObject;

/** The one key that stands for everything in the aggregate. */
export const EVERYTHING = '*';

export type EventDefinition<P extends object = object> = {
  /** Version of `schema`; the first is 1. */
  readonly version: number;
  readonly schema: z.ZodType<P>;
  /** From version to the next: `{ 1: … }` leads 1 to 2. */
  readonly upcast: Readonly<Record<number, Upcaster>>;
  /** Keys of the aggregate that the event changes. Concurrent events conflict when they share one. */
  readonly touches: (payload: JsonObject) => readonly string[];
  /** False if it was defined without keys, and touches everything. */
  readonly isKeyed: boolean;
  /** Parts that are encrypted before they are stored. */
  readonly protects: readonly ProtectedPart[];
  /** Version, upcasters and touched keys as text: what a fold depends on beside the schema. */
  readonly source: () => string;
};

/**
 * A schema as it is given. It names what the payload type is inferred from and hardly more: for all members of `ZodType` the
 * compiler takes six times as long over an aggregate of sixty events (`bench:types`).
 */
type GivenSchema<P> = z.core.$ZodType<P> & { readonly meta: unknown };

const isWhole = <P>(schema: GivenSchema<P>): schema is GivenSchema<P> & z.ZodType<P> => isSchema(schema);

/** The payload type of a definition. */
export type PayloadOf<D> = D extends EventDefinition<infer P> ? P : never;

const isVersion = (version: number): boolean => Number.isSafeInteger(version) && version >= 1;

/**
 * Defines an event type. Unknown members of a payload are refused: use `z.strictObject` for nested objects too.
 * Without `touches` the event touches everything; `touches` does not rest on protected parts, which not everybody sees.
 * @throws StoreError `schema.unprotectable` if a protected part cannot be found without a value; `schema.gap` if a version lacks its upcaster or has one that leads beyond it, or is not a whole number from 1
 */
export const defineEvent = <P extends object>(input: {
  readonly version: number;
  readonly schema: GivenSchema<P>;
  readonly upcast?: Readonly<Record<number, Upcaster>>;
  readonly touches?: (payload: P) => readonly string[];
}): EventDefinition<P> => {
  const { version, schema, upcast = {}, touches } = input;
  if (!isWhole(schema)) throw new StoreError('schema.unprotectable', { what: 'schema' });
  if (!isVersion(version)) throw new StoreError('schema.gap', { version });
  for (let from = 1; from < version; from++) {
    if (upcast[from] === undefined) throw new StoreError('schema.gap', { from, version });
  }
  const beyond = Object.keys(upcast).find((from) => !isVersion(Number(from)) || Number(from) >= version);
  if (beyond !== undefined) throw new StoreError('schema.gap', { from: beyond, version });
  const protects = protectedParts(schema);
  return {
    version,
    schema,
    protects,
    upcast,
    isKeyed: touches !== undefined,
    touches: (payload) => {
      if (touches === undefined) return [EVERYTHING];
      const read = schema.safeParse(payload);
      if (read.success) return touches(read.data);
      return isOpenOtherwise(payload, read.error) ? touchedBy(touches, payload) : [EVERYTHING];
    },
    source: () => [version, touches, ...Object.entries(upcast).flat()].join('\n'),
  };
};

/** True if nothing is wrong with a payload but that placeholders stand for what cannot be opened here. */
const isOpenOtherwise = (payload: unknown, { issues }: z.ZodError): boolean =>
  issues.every(({ path }) => isUnderSealed(payload, path));

/** Which keys an event touches does not rest on what is protected in it: all else of the payload is as its schema says. */
const touchedBy = <P>(touches: (payload: P) => readonly string[], payload: JsonObject): readonly string[] => {
  try {
    return touches(payload as P);
  } catch {
    return [EVERYTHING]; // it asked for what is not shown
  }
};

const isPayload = (value: unknown): value is JsonObject => isRecord(value) && !('type' in value);

/**
 * Checks a new payload against the newest schema. What is stored is exactly what was given: a schema that would change
 * it (a default, a transform, a stripped member) is refused.
 * @throws StoreError `append.invalid` with the path of the first fault, never the value
 */
export const parsePayload = (type: string, definition: EventDefinition, payload: unknown): JsonObject => {
  const read = definition.schema.safeParse(payload);
  if (!read.success) {
    const issue = read.error.issues[0];
    throw new StoreError('append.invalid', { type, path: issue?.path.join('.') ?? '', issue: issue?.code ?? '' });
  }
  if (!isPayload(payload)) throw new StoreError('append.invalid', { type, path: '', issue: 'not an object' });
  if (!sameJson(read.data, payload))
    throw new StoreError('append.invalid', { type, path: '', issue: 'changed by its schema' });
  return payload;
};

export type OpenedPayload =
  | { readonly kind: 'opened'; readonly payload: JsonObject }
  /** Written by a newer version of the application: kept, not understood here. */
  | { readonly kind: 'newer' }
  /** Does not satisfy the schema it claims. */
  | { readonly kind: 'unreadable' };

const isOfSchema = ({ schema, protects }: EventDefinition, payload: JsonObject): boolean => {
  const read = schema.safeParse(payload);
  return read.success || (protects.length > 0 && isOpenOtherwise(payload, read.error));
};

/**
 * Brings a stored payload to the newest version.
 * @param trusted  true for what this device wrote: it satisfied its schema before it was stored, and is not asked again
 */
export const openPayload = (
  definition: EventDefinition,
  stored: { readonly schema: number; readonly payload: JsonObject; readonly trusted: boolean },
): OpenedPayload => {
  const { schema, payload, trusted } = stored;
  if (schema > definition.version) return { kind: 'newer' };
  if (trusted && schema === definition.version) return { kind: 'opened', payload };
  let current = payload;
  try {
    for (let from = schema; from < definition.version; from++) current = definition.upcast[from]?.(current) ?? current;
  } catch {
    return { kind: 'unreadable' }; // the upcaster met what it did not expect
  }
  return isPayload(current) && isOfSchema(definition, current)
    ? { kind: 'opened', payload: current }
    : { kind: 'unreadable' };
};

/** Keys that an opened event touches, bounded. */
export const keysTouched = (definition: EventDefinition, payload: JsonObject): readonly string[] => {
  const keys = definition.touches(payload);
  return keys.length > LIMITS.touchesMax ? [EVERYTHING] : keys;
};
