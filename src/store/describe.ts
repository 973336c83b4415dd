/**
 * What an application records, in words that other programs and people read: the JSON Schema (draft 2020-12) of the newest
 * version of each event type, with the parts that are protected. Deterministic: the same definitions give the same text.
 * Law: `describe.test`.
 */
import * as z from 'zod';
import type { AggregateDefinition } from '../core/aggregate.ts';
import { isRecord } from '../core/json.ts';
import type { KeyMarking } from '../core/protect.ts';

/** A part of a payload that is encrypted before it is stored: its path (`*`: each element or member), and under which key. */
export type ProtectedDescription = { readonly path: string; readonly key: string; readonly searchable: boolean };

export type EventTypeDescription = {
  readonly event: string;
  readonly version: number;
  /** Earlier versions that are read through upcasters. */
  readonly upcastFrom: readonly number[];
  readonly protected: readonly ProtectedDescription[];
  /** JSON Schema of a payload of `version`; a protected part carries the member `protected`. */
  readonly schema: Readonly<Record<string, unknown>>;
};

export type AggregateDescription = { readonly aggregate: string; readonly events: readonly EventTypeDescription[] };

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const keyOf = (marking: KeyMarking): string => (marking.key === 'group' ? `group ${marking.name}` : 'subject');

/** Every event type of the aggregates, by name. Write it with `JSON.stringify`, or for people with `describedInMarkdown`. */
export const describeEvents = (aggregates: readonly AggregateDefinition[]): readonly AggregateDescription[] =>
  [...aggregates]
    .sort((a, b) => byName(a.type, b.type))
    .map(({ type, events }) => ({
      aggregate: type,
      events: [...events]
        .sort(([a], [b]) => byName(a, b))
        .map(([event, { version, schema, protects }]) => ({
          event,
          version,
          upcastFrom: Array.from({ length: version - 1 }, (_, at) => at + 1),
          protected: protects.map(({ path, marking }) => ({
            path: path.join('.'),
            key: keyOf(marking),
            searchable: marking.search !== undefined,
          })),
          schema: z.toJSONSchema(schema, { unrepresentable: 'any' }),
        })),
    }));

type Node = Readonly<Record<string, unknown>>;
const nodeOf = (value: unknown): Node => (isRecord(value) ? value : {});
const nodesOf = (value: unknown): readonly Node[] => (Array.isArray(value) ? value.map(nodeOf) : []);

/** What bounds a value, as its schema words them. */
const boundsOf = (node: Node): readonly string[] =>
  [
    'minimum',
    'exclusiveMinimum',
    'maximum',
    'exclusiveMaximum',
    'minLength',
    'maxLength',
    'minItems',
    'maxItems',
  ].flatMap((name) => {
    const bound = node[name];
    const isTold = typeof bound === 'number' && Math.abs(bound) !== Number.MAX_SAFE_INTEGER;
    return isTold ? [`${name} ${bound}`] : [];
  });

const typeText = (node: Node): string => {
  const { type, const: constant, enum: values, anyOf, oneOf, format, $ref } = node;
  if (constant !== undefined) return JSON.stringify(constant);
  if (Array.isArray(values)) return values.map((value) => JSON.stringify(value)).join(' or ');
  const choices = nodesOf(anyOf ?? oneOf);
  if (choices.length > 0) return choices.map(typeText).join(' or ');
  if (typeof $ref === 'string') return $ref;
  const name = typeof type === 'string' ? type : 'any value';
  return [typeof format === 'string' ? `${name} (${format})` : name, ...boundsOf(node)].join(', ');
};

type Line = { readonly path: string; readonly node: Node; readonly needed: boolean };

/** Every member below a schema: `a.b`, `a.*` for elements and for members of any name. */
const linesOf = (node: Node, path: string): readonly Line[] => {
  const { properties, items, additionalProperties, required } = node;
  const needed: readonly unknown[] = Array.isArray(required) ? required : [];
  const below = (name: string): string => (path === '' ? name : `${path}.${name}`);
  const named = Object.entries(nodeOf(properties)).map(([name, member]) => ({
    name,
    member,
    needed: needed.includes(name),
  }));
  const each = [items, additionalProperties].filter(isRecord).map((member) => ({ name: '*', member, needed: false }));
  return [...named, ...each].flatMap(({ name, member, needed: isNeeded }) => [
    { path: below(name), node: nodeOf(member), needed: isNeeded },
    ...linesOf(nodeOf(member), below(name)),
  ]);
};

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

const rowOf = ({ path, node, needed }: Line, parts: readonly ProtectedDescription[]): string => {
  const marked = parts.find((part) => part.path === path);
  const sealed = marked === undefined ? '' : `${marked.key}${marked.searchable ? ', searchable' : ''}`;
  return `| \`${cell(path)}\` | ${cell(typeText(node))} | ${needed ? 'yes' : ''} | ${cell(sealed)} |`;
};

const sectionOf = ({ event, version, upcastFrom, protected: parts, schema }: EventTypeDescription): string => {
  const lines = linesOf(schema, '');
  const from = upcastFrom.length === 0 ? '' : ` Reads also version ${upcastFrom.join(', ')}.`;
  const table = [
    '| member | type | required | protected |',
    '| --- | --- | --- | --- |',
    ...lines.map((line) => rowOf(line, parts)),
  ];
  return [`### ${event}`, '', `Version ${version}.${from}`, '', ...(lines.length === 0 ? ['No members.'] : table)].join(
    '\n',
  );
};

/** The same for people, as Markdown: a section for each event type, a row for each member. */
export const describedInMarkdown = (aggregates: readonly AggregateDescription[]): string =>
  `${[
    '# Event types',
    ...aggregates.flatMap(({ aggregate, events }) => [`## ${aggregate}`, ...events.map(sectionOf)]),
  ].join('\n\n')}\n`;
