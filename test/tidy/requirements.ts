/** Requirement ids both ways: from the names of tests to the table, and from the table to the tests. */
import { childOf, lineOf, listOf, parse, type Sources, type SyntaxNode, textOf, walk } from './source.ts';

export interface Requirement {
  readonly id: string;
  readonly text: string;
  readonly controls: readonly string[];
  readonly built: string;
}

const ROW = /^\|\s*([A-Z]{2,4}-\d{2})\s*\|\s*(.*?)\s*\|\s*(.*?)\s*\|\s*(\S*)\s*\|$/;
const TAG = /\[([A-Z]{2,4}-\d{2}(?:,\s*[A-Z]{2,4}-\d{2})*)\]/g;
const ENDS_IN_TAG = new RegExp(`${TAG.source}$`);
/** `everywhere`: a law that the server's tests run on every database; `law`: one of the conformance kit. */
const RUNNERS = new Set(['it', 'test', 'everywhere', 'law']);
const GROUPS = new Set(['describe', 'suite']);

export const readTable = (markdown: string): readonly Requirement[] =>
  markdown.split('\n').flatMap((line) => {
    const [, id, text, controls, built] = ROW.exec(line.trim()) ?? [];
    if (id === undefined || text === undefined || controls === undefined || built === undefined) return [];
    return [{ id, text, controls: controls === '-' ? [] : controls.split(/,\s*/), built }];
  });

export const tableFaults = (table: readonly Requirement[]): readonly string[] =>
  table.flatMap(({ id, text, controls, built }, index) => [
    ...(table.findIndex((other) => other.id === id) < index ? [`${id} is there twice`] : []),
    ...(built === 'yes' || built === 'next' ? [] : [`${id} is marked "${built}", neither yes nor next`]),
    ...(/^\S.*[^.]\.$/.test(text) ? [] : [`${id} is not one sentence with a full stop`]),
    ...controls
      .filter((control) => !/^[CS]-[a-z0-9]+$/.test(control))
      .map((control) => `${id} names no control: ${control}`),
  ]);

export interface TestName {
  readonly place: string;
  readonly name: string;
  readonly ids: readonly string[];
}

/** The written text of a name; what a template fills in is left out. */
const writtenText = (node: SyntaxNode | undefined): string | undefined => {
  if (node?.type === 'Literal') return textOf(node, 'value');
  if (node?.type !== 'TemplateLiteral') return undefined;
  return listOf(node, 'quasis')
    .map((part) => text(part.value))
    .join('…');
};

const text = (value: unknown): string =>
  typeof value === 'object' && value !== null && 'raw' in value && typeof value.raw === 'string' ? value.raw : '';

const runnerOf = (node: SyntaxNode | undefined): string | undefined =>
  !node || node.type === 'Identifier'
    ? textOf(node, 'name')
    : runnerOf(childOf(node, 'object') ?? childOf(node, 'callee') ?? childOf(node, 'tag'));

const nameOf = (node: SyntaxNode, runners: ReadonlySet<string>): string | undefined =>
  node.type === 'CallExpression' && runners.has(runnerOf(childOf(node, 'callee')) ?? '')
    ? writtenText(listOf(node, 'arguments')[0])
    : undefined;

const idsOf = (name: string): readonly string[] =>
  [...name.matchAll(TAG)].flatMap(([, ids]) => (ids ?? '').split(/,\s*/));

/** Every test of the sources with the ids in its own name and in those of the groups around it. */
export const testNames = (sources: Sources): readonly TestName[] =>
  [...sources].flatMap(([path, source]) => {
    const found: TestName[] = [];
    walk(parse(path, source), (node, above) => {
      const own = nameOf(node, RUNNERS);
      if (own === undefined) return;
      const groups = above.flatMap((outer) => nameOf(outer, GROUPS) ?? []);
      found.push({ place: `${path}:${lineOf(source, node.start)}`, name: own, ids: [own, ...groups].flatMap(idsOf) });
    });
    return found;
  });

/** A name is a law that ends in the requirement it verifies; a group around it may carry the id for all of its tests. */
export const nameFaults = (names: readonly TestName[], table: readonly Requirement[]): readonly string[] => {
  const known = new Set(table.map(({ id }) => id));
  return names.flatMap(({ place, name, ids }) => [
    ...(ids.length === 0 ? [`${place} names no requirement: ${name}`] : []),
    ...(idsOf(name).length > 0 && !ENDS_IN_TAG.test(name) ? [`${place} does not end in its requirement: ${name}`] : []),
    ...ids.filter((id) => !known.has(id)).map((id) => `${place} names ${id}, which is not in the table`),
  ]);
};

export const untested = (table: readonly Requirement[], names: readonly TestName[]): readonly string[] => {
  const tested = new Set(names.flatMap(({ ids }) => ids));
  return table.filter(({ id, built }) => built === 'yes' && !tested.has(id)).map(({ id }) => id);
};
