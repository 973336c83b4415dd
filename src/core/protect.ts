/**
 * Which parts of a payload are protected: marked in the zod schema, found by walking it once when the event is defined.
 *
 * Invariant: whatever the schema marks is found, or the definition is refused: a mark inside something that cannot be
 * walked without a value (a union, a transform, a lazy schema) would silently protect nothing. Law: `protect.laws`.
 */
import type { z } from 'zod';
import { StoreError } from './errors.ts';
import { isRecord, type JsonValue } from './json.ts';
import { LIMITS } from './limits.ts';

/**
 * Under which key a value is sealed: the subject's own, or that of a named group of fields. `sizeMax`: bytes of the largest value
 * as canonical JSON (or of bytes); every value of the field is sealed to one length then. Fields of a group always are: to that
 * of `LIMITS.groupValueBytesMax` if they do not say more.
 */
export type KeyMarking = { readonly sizeMax?: number; readonly search?: SearchMarking } & (
  | { readonly key: 'subject' }
  | { readonly key: 'group'; readonly name: string }
);

/** A field of many possible values, which can be found by equality. */
export type SearchMarking = { readonly variety: 'high' };

/** Bytes that every value of a field is padded for; undefined where each value has a size class of its own. */
export const paddedFor = ({ key, sizeMax }: KeyMarking): number | undefined =>
  sizeMax ?? (key === 'group' ? LIMITS.groupValueBytesMax : undefined);

/** Stands for every element of an array, and every member of a record. */
export const EACH = '*';

/** A protected part: the way to it, and its key. */
export type ProtectedPart = { readonly path: readonly string[]; readonly marking: KeyMarking };

/** What a protected value is called in the JSON Schema of its event. */
const META_NAME = 'protected';

/** The one member of what stands in a payload for a protected value that is sealed. */
export const SEALED_NAME = '$sealed';

/**
 * Why a value cannot be shown. `blinded`: sealed for a group that this user does not belong to. `waiting`: it is not known yet, in a
 * state that says `stale`.
 */
export type SealedReason = 'not-held' | 'shredded' | 'blinded' | 'unreadable' | 'waiting';
/** Stands in an opened payload for a protected value that cannot be opened here. */
export type Sealed = { readonly [SEALED_NAME]: SealedReason };

const KNOWN_REASONS: readonly SealedReason[] = ['not-held', 'shredded', 'blinded', 'unreadable', 'waiting'];
const REASONS: readonly string[] = KNOWN_REASONS;

/** The placeholder of a value that is not shown. */
export const sealedFor = (reason: SealedReason): Sealed => ({ [SEALED_NAME]: reason });

/** True for a placeholder: the value is recorded, and not to be seen here. */
export const isSealed = (value: unknown): value is Sealed => {
  if (!isRecord(value) || Object.keys(value).length !== 1) return false;
  const reason = value[SEALED_NAME];
  return typeof reason === 'string' && REASONS.includes(reason);
};

/** True if nothing in an opened payload is withheld. */
export const isShownWhole = (value: unknown): boolean => {
  if (isSealed(value)) return false;
  if (Array.isArray(value)) return value.every(isShownWhole);
  return !isRecord(value) || Object.values(value).every(isShownWhole);
};

declare const PROTECTED: unique symbol;
/** Carries, in types alone, what a protected part holds: a plain value is one as it stands. */
type ProtectedMark<T> = { readonly [PROTECTED]?: { readonly holds: T } };
type Marking<T, Whole> = T extends null | undefined ? T : T & ProtectedMark<Whole>;

/** A protected value as a draft has it: the value itself, and its type says that it is protected. */
export type Protected<T> = Marking<T, T>;

type IsMarked<T> = T extends unknown ? (typeof PROTECTED extends keyof T ? true : never) : never;
type Held<T> = T extends ProtectedMark<infer H> ? (typeof PROTECTED extends keyof T ? H : never) : never;

/**
 * A payload as it is read: in the place of each protected value it, or the placeholder for it. What handlers, machines and views
 * are given; drafts have the values themselves.
 */
export type Opened<T> = [IsMarked<NonNullable<T>>] extends [never]
  ? T extends Uint8Array
    ? T
    : T extends object
      ? { [K in keyof T]: Opened<T[K]> }
      : T
  : Held<NonNullable<T>> | Sealed | Extract<T, null | undefined>;

/** A schema of which the output is marked as protected. */
export type ProtectedSchema<S extends z.ZodType> = S & { readonly _zod: { readonly output: Protected<z.output<S>> } };

/**
 * Marks a part of an event's payload as protected: it is encrypted before it is stored or sent. The mark is part of the
 * registered schema and of the type: `Opened` and `OpenedEvent` derive from it. Mark the part itself, before `.optional()` or after.
 * @example protect(z.string(), { key: 'subject' })
 */
export const protect = <S extends z.ZodType>(schema: S, marking: KeyMarking): ProtectedSchema<S> =>
  schema.meta({ ...schema.meta(), [META_NAME]: marking }) as ProtectedSchema<S>;

type Def = Readonly<Record<string, unknown>>;

/** True for a schema of zod with all its members. */
export const isSchema = (value: unknown): value is z.ZodType =>
  isRecord(value) && isRecord(value['_zod']) && 'meta' in value && typeof value['meta'] === 'function';

const defOf = (schema: z.ZodType): Def => {
  const def: unknown = schema.def;
  return isRecord(def) ? def : {};
};

const markingOf = (schema: z.ZodType): KeyMarking | undefined => {
  const marked = schema.meta()?.[META_NAME];
  if (!isRecord(marked)) return undefined;
  const size = { ...sizeOf(marked['sizeMax']), ...searchOf(marked['search']) };
  if (marked['key'] === 'subject') return { key: 'subject', ...size };
  const { key, name } = marked;
  if (key === 'group' && typeof name === 'string' && name !== '') return { key, name, ...size };
  throw new StoreError('schema.unprotectable', { what: 'marking' });
};

const searchOf = (search: unknown): { readonly search?: SearchMarking } => {
  if (search === undefined) return {};
  if (isRecord(search) && search['variety'] === 'high') return { search: { variety: 'high' } };
  throw new StoreError('schema.unprotectable', { what: 'search' });
};

const sizeOf = (sizeMax: unknown): { readonly sizeMax?: number } => {
  if (sizeMax === undefined) return {};
  const isSize = typeof sizeMax === 'number' && Number.isSafeInteger(sizeMax) && sizeMax >= 1;
  if (isSize && sizeMax <= LIMITS.sealedValueBytesMax - 2) return { sizeMax };
  throw new StoreError('schema.unprotectable', { what: 'sizeMax' });
};

/** Schemas directly below one, however it holds them. */
const below = (value: unknown): readonly z.ZodType[] => {
  if (isSchema(value)) return [value];
  if (Array.isArray(value)) return value.flatMap(below);
  return isRecord(value) ? Object.values(value).flatMap(below) : [];
};

const holdsMark = (schema: z.ZodType, seen: Set<z.ZodType>): boolean => {
  if (seen.has(schema)) return false;
  seen.add(schema);
  if (markingOf(schema) !== undefined) return true;
  const def = defOf(schema);
  const { getter } = def;
  const lazy: unknown = def['type'] === 'lazy' && typeof getter === 'function' ? getter() : undefined;
  return [...Object.values(def), lazy].flatMap(below).some((inner) => holdsMark(inner, seen));
};

/** What leaves its value where it is, and can be looked through. */
const WRAPPERS = ['optional', 'nullable', 'readonly', 'nonoptional'];

/** A bound of a schema by the name under which zod tells it. */
const boundOf = (schema: z.ZodType, name: string, otherwise: number): number => {
  const bound: unknown = Reflect.get(schema, name);
  return typeof bound === 'number' ? bound : otherwise;
};

/** True for texts and numbers that can take many values: the schema of few would let an index be read by trying them. */
const hasVariety = (schema: z.ZodType): boolean => {
  const { type, innerType } = defOf(schema);
  if (typeof type === 'string' && WRAPPERS.includes(type) && isSchema(innerType)) return hasVariety(innerType);
  const most = Number.POSITIVE_INFINITY;
  if (type === 'string') return boundOf(schema, 'maxLength', most) >= LIMITS.searchTextLengthMin;
  const range = boundOf(schema, 'maxValue', most) - boundOf(schema, 'minValue', -most);
  return type === 'number' && range >= LIMITS.searchRangeMin;
};

const walk = (schema: z.ZodType, path: readonly string[], found: ProtectedPart[]): void => {
  const marking = markingOf(schema);
  if (marking !== undefined) {
    if (marking.search !== undefined && !hasVariety(schema))
      throw new StoreError('schema.unsearchable', { path: path.join('.') });
    found.push({ path, marking });
    return;
  }
  const def = defOf(schema);
  const { type, shape, element, innerType, valueType } = def;
  if (type === 'object' && isRecord(shape) && !holdsSchema(def['catchall'])) {
    for (const [name, member] of Object.entries(shape)) if (isSchema(member)) walk(member, [...path, name], found);
  } else if (type === 'array' && isSchema(element)) walk(element, [...path, EACH], found);
  else if (type === 'record' && isSchema(valueType)) walk(valueType, [...path, EACH], found);
  else if (typeof type === 'string' && WRAPPERS.includes(type) && isSchema(innerType)) walk(innerType, path, found);
  else if (holdsMark(schema, new Set()))
    throw new StoreError('schema.unprotectable', { path: path.join('.'), what: String(type) });
};

const holdsSchema = (catchall: unknown): boolean => isSchema(catchall) && holdsMark(catchall, new Set());

/** The protected parts of a payload's schema. @throws StoreError `schema.unprotectable` */
export const protectedParts = (schema: z.ZodType): readonly ProtectedPart[] => {
  const found: ProtectedPart[] = [];
  walk(schema, [], found);
  if (found.some(({ path }) => path.length === 0))
    throw new StoreError('schema.unprotectable', { what: 'whole payload' });
  return found;
};

/** True if the way leads to the part or into it. */
export const leadsInto = ({ path }: ProtectedPart, way: readonly string[]): boolean =>
  path.length <= way.length && path.every((step, at) => step === EACH || step === way[at]);

/** True if a placeholder stands at the way or above it. */
export const isUnderSealed = (payload: unknown, way: readonly PropertyKey[]): boolean => {
  let value: unknown = payload;
  for (const step of way) {
    if (isSealed(value)) return true;
    if (Array.isArray(value)) value = value[Number(step)];
    else if (isRecord(value)) value = value[String(step)];
    else return false;
  }
  return isSealed(value);
};

/** What stands at a way inside a value; undefined if nothing does. */
export const valueAt = (value: unknown, way: readonly string[]): unknown => {
  let found: unknown = value;
  for (const step of way) {
    if (Array.isArray(found)) found = found[Number(step)];
    else if (isRecord(found) && Object.hasOwn(found, step)) found = found[step];
    else return undefined;
  }
  return found;
};

/** A value at a way inside a payload. */
export type Placed = { readonly way: readonly string[]; readonly value: unknown };

const expand = (value: unknown, path: readonly string[], way: readonly string[]): readonly Placed[] => {
  const [step, ...rest] = path;
  if (step === undefined) return value === undefined ? [] : [{ way, value }];
  if (Array.isArray(value) && step === EACH)
    return value.flatMap((each: unknown, at) => expand(each, rest, [...way, String(at)]));
  if (!isRecord(value)) return [];
  if (step === EACH) return Object.entries(value).flatMap(([name, each]) => expand(each, rest, [...way, name]));
  return Object.hasOwn(value, step) ? expand(value[step], rest, [...way, step]) : [];
};

/** The values of a payload that a part stands for; none where they are absent. */
export const valuesOf = (payload: unknown, { path }: ProtectedPart): readonly Placed[] => expand(payload, path, []);

/** The way as a JSON pointer (RFC 6901). */
export const pointerOf = (way: readonly string[]): string => {
  let pointer = '';
  for (const step of way) pointer += `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  return pointer;
};

/** What is to stand at a way inside a value. */
export type Replacement = { readonly way: readonly string[]; readonly instead: JsonValue | Uint8Array };

const within = (value: unknown, by: readonly Replacement[], depth: number): unknown => {
  const own = by.find(({ way }) => way.length === depth);
  if (own !== undefined) return own.instead;
  const at = (step: string, each: unknown): unknown => {
    const below = by.filter(({ way }) => way[depth] === step);
    return below.length === 0 ? each : within(each, below, depth + 1);
  };
  if (Array.isArray(value)) return value.map((each: unknown, index) => at(String(index), each));
  if (!isRecord(value)) return value;
  const copy: Record<string, unknown> = { ...value };
  for (const { way } of by) {
    const step = way[depth];
    if (step === undefined || !Object.hasOwn(value, step)) continue;
    if (step === '__proto__')
      return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, at(name, each)]));
    copy[step] = at(step, value[step]);
  }
  return copy;
};

/** A value with others at their ways; what has none below it stays the very same object. Two are never at one way or below each other. */
export const replaced = (value: unknown, by: readonly Replacement[]): unknown =>
  by.length === 0 ? value : within(value, by, 0);
