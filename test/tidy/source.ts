/** Reads and parses source for the tidy rules. Every rule takes sources as a map, so that a fixture can stand in for the tree. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'vite';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Path inside the project, with `/`, to text. */
export type Sources = ReadonlyMap<string, string>;

/** One node of the syntax tree; its children are among its properties. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [property: string]: unknown;
}

const GENERATED = new Set(['node_modules', 'dist', 'dist-app', 'data', '.git', '.cache', 'bench-results']);

const listFiles = (folder: string): readonly string[] =>
  readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (GENERATED.has(entry.name)) return [];
    if (entry.isDirectory()) return listFiles(path);
    return entry.isFile() ? [path.split(sep).join('/')] : [];
  });

export const readFiles = (folder: string, wanted: RegExp): Sources =>
  new Map(
    (existsSync(join(ROOT, folder)) ? listFiles(folder) : [])
      .filter((path) => wanted.test(path))
      .sort()
      .map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]),
  );

export const CODE = /\.(ts|tsx|mts)$/;

/** What the product ships. */
export const readProduct = (): Sources => readFiles('src', CODE);

const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string' && 'start' in value;

export const childrenOf = (node: SyntaxNode): readonly SyntaxNode[] =>
  Object.values(node).flatMap((value) => (Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : []));

const trees = new Map<string, SyntaxNode>();

/** The syntax tree of one file. A file that does not parse fails every rule, loudly. */
export const parse = (path: string, text: string): SyntaxNode => {
  const key = `${path}\0${text}`;
  const known = trees.get(key);
  if (known) return known;
  const { program, errors } = parseSync(path, text);
  const [first] = errors;
  if (first) throw new Error(`${path} does not parse: ${first.message}`);
  if (!isNode(program)) throw new Error(`${path} gives no syntax tree`);
  trees.set(key, program);
  return program;
};

/** Visits every node, parents first; `above` holds the ancestors, the nearest last. */
export const walk = (
  node: SyntaxNode,
  visit: (node: SyntaxNode, above: readonly SyntaxNode[]) => void,
  above: readonly SyntaxNode[] = [],
): void => {
  visit(node, above);
  const next = [...above, node];
  for (const child of childrenOf(node)) walk(child, visit, next);
};

/** Every node of one file for which `choose` gives a message, as `path:line message`. */
export const findings = (
  path: string,
  text: string,
  choose: (node: SyntaxNode, above: readonly SyntaxNode[]) => string | undefined,
): readonly string[] => {
  const found: string[] = [];
  walk(parse(path, text), (node, above) => {
    const message = choose(node, above);
    if (message !== undefined) found.push(`${path}:${lineOf(text, node.start)} ${message}`);
  });
  return found;
};

export const lineOf = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;

/** A child node by property name, when it is one. */
export const childOf = (node: SyntaxNode | undefined, property: string): SyntaxNode | undefined => {
  const value = node?.[property];
  return isNode(value) ? value : undefined;
};

/** A string property of a node, or of nothing. */
export const textOf = (node: SyntaxNode | undefined, property: string): string | undefined => {
  const value = node?.[property];
  return typeof value === 'string' ? value : undefined;
};

export const listOf = (node: SyntaxNode, property: string): readonly SyntaxNode[] => {
  const value = node[property];
  return Array.isArray(value) ? value.filter(isNode) : [];
};
