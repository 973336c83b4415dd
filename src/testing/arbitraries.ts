/**
 * Arbitraries of fast-check, made from zod schemas: every value drawn satisfies its schema. fast-check is handed in, so nothing
 * here depends on it. Law: `arbitraries.laws`.
 */
import type fastCheck from 'fast-check';
import type { Arbitrary } from 'fast-check';
import type { z } from 'zod';
import { StoreError } from '../core/errors.ts';
import { isRecord } from '../core/json.ts';
import { type Opened, protectedParts, replaced, sealedFor, valuesOf } from '../core/protect.ts';

type FastCheck = typeof fastCheck;
type Def = Readonly<Record<string, unknown>>;

/** Arbitraries for schemas that say what they take by a function, which nothing can be read from: by the schema itself. */
export type GivenArbitraries = readonly (readonly [schema: z.ZodType, arbitrary: Arbitrary<unknown>])[];

type Drawing = { readonly fc: FastCheck; readonly given: GivenArbitraries; readonly depth: number };

/** How many levels a schema that holds itself is followed, and the most elements and letters that are drawn where none is stated. */
const DEPTH_MAX = 3;
const ELEMENTS_MAX = 4;
const LETTERS_MAX = 24;
/** Draws after which a schema that none of them satisfies is given up. */
const TRIES = 200;

const refuse = (what: string): never => {
  throw new StoreError('schema.undrawable', { what });
};

const isSchema = (value: unknown): value is z.ZodType =>
  isRecord(value) && isRecord(value['_zod']) && 'safeParse' in value;
const defOf = (schema: z.ZodType): Def => {
  const def: unknown = schema.def;
  return isRecord(def) ? def : {};
};
const inner = (value: unknown): z.ZodType => (isSchema(value) ? value : refuse('schema'));
const innerOf = (schemas: unknown): readonly z.ZodType[] => (Array.isArray(schemas) ? schemas.map(inner) : []);

/** What the checks of a schema say, by the name of the check. */
const checksOf = (def: Def): ReadonlyMap<string, Def> => {
  const checks: readonly unknown[] = Array.isArray(def['checks']) ? def['checks'] : [];
  const read = checks.map((check): Def => {
    const internals: unknown = isRecord(check) ? check['_zod'] : undefined;
    const told: unknown = isRecord(internals) ? internals['def'] : undefined;
    return isRecord(told) ? told : {};
  });
  return new Map(read.map((check) => [String(check['check']), check]));
};

const numberOf = (check: Def | undefined, name: string): number | undefined => {
  const value = check?.[name];
  return typeof value === 'number' ? value : undefined;
};

/** The bounds of a length. `usual`: how far above the lower one goes where there is none above. */
const lengthsOf = (def: Def, usual: number): { readonly minLength: number; readonly maxLength: number } => {
  const checks = checksOf(def);
  const exact = numberOf(checks.get('length_equals'), 'length');
  const minLength = exact ?? numberOf(checks.get('min_length'), 'minimum') ?? 0;
  const most = exact ?? numberOf(checks.get('max_length'), 'maximum') ?? Number.POSITIVE_INFINITY;
  return { minLength, maxLength: Math.min(most, Math.max(minLength, usual)) };
};

const HEX = '0123456789abcdef';

const timesOf = (fc: FastCheck): Arbitrary<string> =>
  fc
    .date({ min: new Date('1900-01-01T00:00:00.000Z'), max: new Date('2100-12-31T00:00:00.000Z'), noInvalidDate: true })
    .map((date) => date.toISOString());

const textsOf = ({ fc }: Drawing, def: Def): Arbitrary<string> => {
  const format = def['format'] ?? checksOf(def).get('string_format')?.['format'];
  const pattern = def['pattern'] ?? checksOf(def).get('string_format')?.['pattern'];
  const lengths = lengthsOf(def, LETTERS_MAX);
  const known: Readonly<Record<string, () => Arbitrary<string>>> = {
    date: () => timesOf(fc).map((time) => time.slice(0, 10)),
    datetime: () => timesOf(fc),
    uuid: () => fc.uuid(),
    email: () => fc.emailAddress(),
    url: () => fc.webUrl(),
    hex: () => fc.string({ ...lengths, unit: fc.constantFrom(...HEX) }),
    base64: () => fc.base64String(lengths),
  };
  const made = typeof format === 'string' && Object.hasOwn(known, format) ? known[format] : undefined;
  if (made !== undefined) return made();
  if (pattern instanceof RegExp) return fc.stringMatching(pattern);
  return fc.oneof(fc.string(lengths), fc.string({ ...lengths, unit: 'grapheme' }));
};

const boundsOf = (def: Def) => {
  const checks = checksOf(def);
  const [above, below] = [checks.get('greater_than'), checks.get('less_than')];
  return {
    min: numberOf(above, 'value'),
    max: numberOf(below, 'value'),
    minExcluded: above?.['inclusive'] === false,
    maxExcluded: below?.['inclusive'] === false,
    step: numberOf(checks.get('multiple_of'), 'value'),
  };
};

const wholeOf = (fc: FastCheck, def: Def): Arbitrary<number> => {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER, minExcluded, maxExcluded } = boundsOf(def);
  const [from, to] = [Math.ceil(min), Math.floor(max)];
  return fc.integer({
    min: minExcluded && from === min ? from + 1 : from,
    max: maxExcluded && to === max ? to - 1 : to,
  });
};

const numbersOf = ({ fc }: Drawing, def: Def): Arbitrary<number> => {
  const { min, max, minExcluded, maxExcluded, step } = boundsOf(def);
  const isWhole = def['format'] !== undefined || checksOf(def).has('number_format');
  if (isWhole && step === undefined) return wholeOf(fc, def);
  if (step !== undefined) {
    const [from, to] = [Math.ceil((min ?? -1e6 * step) / step), Math.floor((max ?? 1e6 * step) / step)];
    return fc.integer({ min: from, max: to }).map((steps) => steps * step);
  }
  const range = {
    ...(min === undefined ? {} : { min, minExcluded }),
    ...(max === undefined ? {} : { max, maxExcluded }),
  };
  const drawn = fc.double({ ...range, noNaN: true, noDefaultInfinity: true });
  return drawn.map((value) => (value === 0 ? 0 : value)); // JSON knows one zero
};

const objectsOf = (drawing: Drawing, { shape }: Def): Arbitrary<unknown> => {
  const members = isRecord(shape) ? Object.entries(shape).map(([name, member]) => [name, inner(member)] as const) : [];
  const isOptional = (member: z.ZodType): boolean => defOf(member)['type'] === 'optional';
  const isCut = drawing.depth >= DEPTH_MAX;
  const shown = members.filter(([, member]) => !(isCut && isOptional(member)));
  const arbitraries = Object.fromEntries(shown.map(([name, member]) => [name, draw(drawing, member)]));
  const requiredKeys = shown.filter(([, member]) => !isOptional(member)).map(([name]) => name);
  return drawing.fc.record(arbitraries, { requiredKeys, noNullPrototype: true });
};

const recordsOf = (drawing: Drawing, { keyType, valueType }: Def): Arbitrary<unknown> => {
  const { fc } = drawing;
  const keys = inner(keyType);
  const values = draw(drawing, inner(valueType));
  const { entries } = defOf(keys);
  if (isRecord(entries))
    return fc.record(Object.fromEntries(Object.values(entries).map((name) => [String(name), values])), {
      noNullPrototype: true,
    });
  const names = draw(drawing, keys).filter((name): name is string => typeof name === 'string' && name !== '__proto__');
  return fc.dictionary(names, values, {
    maxKeys: drawing.depth >= DEPTH_MAX ? 0 : ELEMENTS_MAX,
    noNullPrototype: true,
  });
};

const arraysOf = (drawing: Drawing, def: Def): Arbitrary<unknown> => {
  const lengths = lengthsOf(def, drawing.depth >= DEPTH_MAX ? 0 : ELEMENTS_MAX);
  return drawing.fc.array(draw(drawing, inner(def['element'])), lengths);
};

const choicesOf = ({ fc }: Drawing, values: readonly unknown[]): Arbitrary<unknown> => fc.constantFrom(...values);

/** By the type of a schema; what is not here is a function, and has to be given. */
const KINDS: Readonly<Record<string, (drawing: Drawing, def: Def) => Arbitrary<unknown>>> = {
  string: textsOf,
  number: numbersOf,
  int: numbersOf,
  boolean: ({ fc }) => fc.boolean(),
  null: ({ fc }) => fc.constant(null),
  unknown: ({ fc }) => fc.jsonValue({ maxDepth: 2 }),
  any: ({ fc }) => fc.jsonValue({ maxDepth: 2 }),
  literal: (drawing, { values }) => choicesOf(drawing, Array.isArray(values) ? values : refuse('literal')),
  enum: (drawing, { entries }) => choicesOf(drawing, isRecord(entries) ? Object.values(entries) : refuse('enum')),
  object: objectsOf,
  record: recordsOf,
  array: arraysOf,
  tuple: (drawing, { items }) => drawing.fc.tuple(...innerOf(items).map((each) => draw(drawing, each))),
  union: (drawing, { options }) => drawing.fc.oneof(...innerOf(options).map((each) => draw(drawing, each))),
  optional: (drawing, { innerType }) => draw(drawing, inner(innerType)),
  nonoptional: (drawing, { innerType }) => draw(drawing, inner(innerType)),
  readonly: (drawing, { innerType }) => draw(drawing, inner(innerType)),
  nullable: (drawing, { innerType }) =>
    drawing.depth >= DEPTH_MAX ? drawing.fc.constant(null) : drawing.fc.option(draw(drawing, inner(innerType))),
  lazy: (drawing, { getter }) => {
    if (typeof getter !== 'function') return refuse('lazy');
    const deeper = { ...drawing, depth: drawing.depth + 1 };
    // made when it is drawn: a schema that holds itself has no end
    return drawing.fc.constant(null).chain(() => draw(deeper, inner(getter())));
  },
};

const isBytes = ({ _zod }: z.ZodType): boolean => {
  const bag: unknown = _zod.bag;
  return isRecord(bag) && bag['Class'] === Uint8Array;
};

/** Draws again what does not satisfy the schema; gives up where nothing ever did. */
const satisfying = (drawn: Arbitrary<unknown>, schema: z.ZodType): Arbitrary<unknown> => {
  let tries = TRIES;
  return drawn.filter((value) => {
    const fits = schema.safeParse(value).success;
    if (fits) tries = Number.POSITIVE_INFINITY;
    else if (--tries === 0) refuse('nothing drawn satisfies it');
    return fits;
  });
};

const draw = (drawing: Drawing, schema: z.ZodType): Arbitrary<unknown> => {
  const given = drawing.given.find(([meant]) => meant === schema)?.[1];
  if (given !== undefined) return given;
  if (isBytes(schema)) return drawing.fc.uint8Array({ maxLength: LETTERS_MAX });
  const def = defOf(schema);
  const type = String(def['type']);
  const kind = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
  if (kind === undefined) return refuse(type);
  const drawn = kind(drawing, def);
  // texts always: what a format allows is narrower here than elsewhere
  return checksOf(def).size === 0 && type !== 'string' ? drawn : satisfying(drawn, schema);
};

/**
 * Values that satisfy a schema, from one that is made of JSON: texts with formats, patterns and lengths, numbers with ranges and
 * steps, objects, arrays, records, unions, and schemas that hold themselves. Protected parts hold plain values, as in a draft.
 * @param fc  fast-check's default export
 * @param given  what to draw of schemas that no arbitrary can be made of: refinements that hardly anything satisfies, transforms
 * @throws StoreError `schema.undrawable` where an arbitrary has to be given
 */
export const arbitraryOf = <S extends z.ZodType>(
  fc: FastCheck,
  schema: S,
  given: GivenArbitraries = [],
): Arbitrary<z.output<S>> => {
  const isOutput = (value: unknown): value is z.output<S> => schema.safeParse(value).success;
  return satisfying(draw({ fc, given, depth: 0 }, schema), schema).filter(isOutput);
};

const REASONS = ['not-held', 'shredded', 'blinded', 'unreadable', 'waiting'] as const;

/**
 * Payloads as they are read: any of the protected values may be withheld, and a placeholder stands for it. For what has to go on
 * where keys are missing: guards, assigns, rows of views.
 * @throws StoreError as `arbitraryOf`
 */
export const openedArbitraryOf = <S extends z.ZodType>(
  fc: FastCheck,
  schema: S,
  given: GivenArbitraries = [],
): Arbitrary<Opened<z.output<S>>> => {
  const parts = protectedParts(schema);
  // of its schema, but for placeholders at the places of protected values: what `Opened` says
  const isOpened = (value: unknown): value is Opened<z.output<S>> => isRecord(value);
  return arbitraryOf(fc, schema, given)
    .chain((payload: unknown) => {
      const places = parts.flatMap((part) => valuesOf(payload, part)).filter(({ value }) => value !== undefined);
      const reasons = fc.tuple(...places.map(() => fc.option(fc.constantFrom(...REASONS))));
      return reasons.map((chosen): unknown =>
        replaced(
          payload,
          places.flatMap(({ way }, at) => {
            const reason = chosen[at] ?? null;
            return reason === null ? [] : [{ way, instead: sealedFor(reason) }];
          }),
        ),
      );
    })
    .filter(isOpened);
};
