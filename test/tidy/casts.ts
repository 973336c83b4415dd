/** Type assertions are reviewed one by one; `any`, suppressed errors and non-null assertions do not occur at all. */
import { childOf, findings, lineOf, type Sources, textOf } from './source.ts';

/** The brand constructors: what they return has just been checked. */
const BRAND_CONSTRUCTORS = /^src\/core\/(ids|position|[\w/]*brand[\w-]*)\.ts$/i;
const SUPPRESSED = /@ts-(ignore|nocheck|expect-error)/;

/** Path to the number of assertions reviewed there, and why they cannot be avoided. */
export type CastAllowList = Readonly<Record<string, { readonly count: number; readonly why: string }>>;

const castsOf = (path: string, text: string): readonly string[] =>
  findings(path, text, (node) => {
    if (node.type === 'TSTypeAssertion') return text.slice(node.start, node.end);
    if (node.type !== 'TSAsExpression') return undefined;
    const target = childOf(node, 'typeAnnotation');
    if (textOf(childOf(target, 'typeName'), 'name') === 'const') return undefined;
    return `as ${target ? text.slice(target.start, target.end) : ''}`;
  });

export const castFaults = (sources: Sources, allowed: CastAllowList): readonly string[] => [
  ...[...sources].flatMap(([path, text]) => {
    if (BRAND_CONSTRUCTORS.test(path)) return [];
    const casts = castsOf(path, text);
    const count = allowed[path]?.count ?? 0;
    if (casts.length === count) return [];
    return [`${path} has ${casts.length} type assertions, ${count} are reviewed: ${casts.join('; ')}`];
  }),
  ...Object.entries(allowed).flatMap(([path, { why }]) => [
    ...(sources.has(path) ? [] : [`casts.allow.json names ${path}, which is not there`]),
    ...(why.trim().length >= 20 ? [] : [`casts.allow.json does not say why ${path} needs its assertions`]),
  ]),
];

const looseness = (node: { readonly type: string; readonly [property: string]: unknown }): string | undefined => {
  if (node.type === 'TSAnyKeyword') return 'any';
  if (node.type === 'TSNonNullExpression') return 'non-null assertion';
  return node.definite === true ? 'definite assignment assertion' : undefined;
};

export const loosenessFaults = (sources: Sources): readonly string[] =>
  [...sources].flatMap(([path, text]) => [
    ...findings(path, text, looseness),
    ...[...text.matchAll(new RegExp(SUPPRESSED, 'g'))].map(
      ({ index, 0: found }) => `${path}:${lineOf(text, index)} ${found}`,
    ),
  ]);
