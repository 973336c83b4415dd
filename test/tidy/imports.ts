/** Who imports whom: direction, outside packages and cycles. */
import { posix } from 'node:path';
import { isPure, LAYERS, type Layer, layerOf, mayImport, mayUsePackage } from './layers.ts';
import { childOf, lineOf, parse, type Sources, type SyntaxNode, textOf, walk } from './source.ts';

export interface ImportEdge {
  readonly from: string;
  readonly line: number;
  /** As written. */
  readonly specifier: string;
  /** The file inside the project, when the import is relative. */
  readonly to: string | undefined;
}

const IMPORTING = new Set([
  'ImportDeclaration',
  'ExportAllDeclaration',
  'ExportNamedDeclaration',
  'ImportExpression',
  'TSImportType',
  'TSExternalModuleReference',
]);

const specifierOf = (node: SyntaxNode): string | undefined => {
  if (!IMPORTING.has(node.type)) return undefined;
  const written = childOf(node, 'source') ?? childOf(node, 'argument') ?? childOf(node, 'expression');
  return textOf(written?.type === 'TSLiteralType' ? childOf(written, 'literal') : written, 'value');
};

export const importsOf = (path: string, text: string): readonly ImportEdge[] => {
  const edges: ImportEdge[] = [];
  walk(parse(path, text), (node) => {
    const specifier = specifierOf(node);
    if (specifier === undefined) return;
    const to = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined;
    edges.push({ from: path, line: lineOf(text, node.start), specifier, to });
  });
  return edges;
};

const edgeFault = (edge: ImportEdge, layer: Layer, layers: readonly Layer[]): string | undefined => {
  if (edge.to === undefined) {
    if (mayUsePackage(layer, edge.specifier)) return undefined;
    return `${layer.name} may not import the package ${edge.specifier}`;
  }
  const target = layerOf(edge.to, layers);
  if (!target) return `imports ${edge.to}, which is in no layer`;
  return mayImport(layer, target) ? undefined : `${layer.name} may not import ${target.name} (${edge.to})`;
};

export const directionFaults = (sources: Sources, layers: readonly Layer[] = LAYERS): readonly string[] =>
  [...sources].flatMap(([path, text]) => {
    const layer = layerOf(path, layers);
    if (!layer) return [`${path} is in no layer of test/tidy/layers.ts`];
    return importsOf(path, text).flatMap((edge) => {
      const fault = edgeFault(edge, layer, layers);
      return fault === undefined ? [] : [`${path}:${edge.line} ${fault}`];
    });
  });

/** Pure layers use nothing of Node, whatever their list of packages says. */
export const nodeInPureLayers = (layers: readonly Layer[]): readonly string[] =>
  layers.filter((layer) => isPure(layer) && layer.packages?.includes('node:')).map(({ name }) => name);

/** The first cycle through each file, as `a -> b -> a`; each cycle is reported once. */
export const cycleFaults = (sources: Sources): readonly string[] => {
  const next = new Map(
    [...sources].map(([path, text]) => [
      path,
      importsOf(path, text).flatMap(({ to }) => (to && sources.has(to) ? [to] : [])),
    ]),
  );
  const done = new Set<string>();
  const cycles = new Set<string>();
  const follow = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) {
      cycles.add([...trail.slice(at), path].join(' -> '));
      return;
    }
    if (done.has(path)) return;
    for (const target of next.get(path) ?? []) follow(target, [...trail, path]);
    done.add(path);
  };
  for (const path of sources.keys()) follow(path, []);
  return [...cycles];
};
