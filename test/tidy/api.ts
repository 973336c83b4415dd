/**
 * The names that each entry of the package exports, with their kinds, read from the source. The reviewed lists are in
 * `test/tidy/api/`; `npm run api:update` writes them anew, and the difference is what a reviewer looks at.
 */
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { childOf, listOf, parse, ROOT, type Sources, type SyntaxNode, textOf } from './source.ts';

/** Exported name to kind: function, const, class, type, or `from <package>`. */
export type Surface = ReadonlyMap<string, string>;

/** Entry of the exports map (`indelible/verify`) to its source file; entries that are no code are left out. */
export const entries = (): ReadonlyMap<string, string> => {
  const { name, exports } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));
  return new Map(
    Object.keys(exports).flatMap((key) => {
      const target: unknown = exports[key].default;
      if (typeof target !== 'string') return [];
      return [[posix.join(name, key), target.replace(/^\.\/dist\//, 'src/').replace(/\.js$/, '.ts')]];
    }),
  );
};

export const listName = (entry: string): string => `${entry.replaceAll('/', '.')}.txt`;

const KINDS: Readonly<Record<string, string>> = {
  FunctionDeclaration: 'function',
  TSDeclareFunction: 'function',
  ClassDeclaration: 'class',
  TSTypeAliasDeclaration: 'type',
  TSInterfaceDeclaration: 'type',
  TSEnumDeclaration: 'enum',
  TSModuleDeclaration: 'namespace',
};

const declarationsOf = (node: SyntaxNode): readonly (readonly [string, string])[] => {
  const name = textOf(childOf(node, 'id'), 'name');
  const kind = KINDS[node.type];
  if (kind !== undefined) return name === undefined ? [] : [[name, kind]];
  return listOf(node, 'declarations').flatMap((each): readonly (readonly [string, string])[] => {
    const declared = textOf(childOf(each, 'id'), 'name');
    const isFunction = /Function/.test(childOf(each, 'init')?.type ?? '');
    return declared === undefined ? [] : [[declared, isFunction ? 'function' : 'const']];
  });
};

const exportedName = (node: SyntaxNode | undefined): string => textOf(node, 'name') ?? textOf(node, 'value') ?? '?';

const resolve = (path: string, specifier: string): string | undefined =>
  specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined;

/** The kind of `name` as `path` exports it, once the file that declares it is found. */
const kindIn = (sources: Sources, path: string, specifier: string, name: string): string => {
  const target = resolve(path, specifier);
  if (target === undefined) return `from ${specifier}`;
  return surfaceOf(sources, target).get(name) ?? 'missing';
};

const withType = (kind: string, isType: boolean): string => (isType && kind === 'class' ? 'type' : kind);

/** What is declared or imported at the top of a file, exported or not. */
const localKinds = (sources: Sources, path: string, body: readonly SyntaxNode[]): ReadonlyMap<string, string> => {
  const kinds = new Map<string, string>();
  for (const node of body) {
    for (const [name, kind] of declarationsOf(childOf(node, 'declaration') ?? node)) kinds.set(name, kind);
    if (node.type !== 'ImportDeclaration') continue;
    for (const each of listOf(node, 'specifiers')) {
      const local = exportedName(childOf(each, 'local'));
      const specifier = textOf(childOf(node, 'source'), 'value') ?? '';
      const imported = each.type === 'ImportSpecifier' ? exportedName(childOf(each, 'imported')) : undefined;
      kinds.set(local, imported === undefined ? 'namespace' : kindIn(sources, path, specifier, imported));
    }
  }
  return kinds;
};

const allOf = (sources: Sources, path: string, node: SyntaxNode): readonly (readonly [string, string])[] => {
  const specifier = textOf(childOf(node, 'source'), 'value') ?? '';
  const name = childOf(node, 'exported');
  if (name) return [[exportedName(name), 'namespace']];
  const target = resolve(path, specifier);
  if (target === undefined) return [[`* of ${specifier}`, `from ${specifier}`]];
  return [...surfaceOf(sources, target)].filter(([each]) => each !== 'default');
};

const namedOf = (
  sources: Sources,
  path: string,
  node: SyntaxNode,
  locals: ReadonlyMap<string, string>,
): readonly (readonly [string, string])[] => {
  const declaration = childOf(node, 'declaration');
  if (declaration) return declarationsOf(declaration);
  const specifier = textOf(childOf(node, 'source'), 'value');
  return listOf(node, 'specifiers').map((each): readonly [string, string] => {
    const local = exportedName(childOf(each, 'local'));
    const kind = specifier === undefined ? locals.get(local) : kindIn(sources, path, specifier, local);
    const isType = node.exportKind === 'type' || each.exportKind === 'type';
    return [exportedName(childOf(each, 'exported')), withType(kind ?? 'missing', isType)];
  });
};

const known = new WeakMap<Sources, Map<string, Surface>>();

/** Every name that a file exports, through its re-exports. Import cycles have a rule of their own and end here. */
export const surfaceOf = (sources: Sources, path: string): Surface => {
  const cache = known.get(sources) ?? new Map<string, Surface>();
  known.set(sources, cache);
  const cached = cache.get(path);
  if (cached) return cached;
  const surface = new Map<string, string>();
  cache.set(path, surface);
  const text = sources.get(path);
  if (text === undefined) throw new Error(`${path} is exported from and is not there`);
  const body = listOf(parse(path, text), 'body');
  const locals = localKinds(sources, path, body);
  for (const node of body) {
    const found =
      node.type === 'ExportAllDeclaration'
        ? allOf(sources, path, node)
        : node.type === 'ExportNamedDeclaration'
          ? namedOf(sources, path, node, locals)
          : [];
    for (const [name, kind] of found) surface.set(name, kind);
  }
  return surface;
};

/** One line per name, sorted: what the reviewed list holds. */
export const render = (surface: Surface): string =>
  [...surface]
    .map(([name, kind]) => `${name}: ${kind}\n`)
    .sort()
    .join('');
