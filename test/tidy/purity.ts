/** Clock, randomness, network, database and surroundings come in as parameters: the pure layers do not name them. */
import { isPure, layerOf } from './layers.ts';
import { childOf, findings, listOf, parse, type Sources, type SyntaxNode, textOf, walk } from './source.ts';

const GLOBALS = new Set([
  'fetch',
  'indexedDB',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'requestAnimationFrame',
  'localStorage',
  'sessionStorage',
  'navigator',
  'document',
  'window',
  'self',
  'globalThis',
  'global',
  'process',
  'performance',
  'console',
  'XMLHttpRequest',
  'WebSocket',
  'EventSource',
  'BroadcastChannel',
  'Worker',
]);
/** Objects that are pure but for some of their members. */
const MEMBERS: Readonly<Record<string, ReadonlySet<string>>> = {
  Date: new Set(['now']),
  Math: new Set(['random']),
  AbortSignal: new Set(['timeout']),
};

/** Names that the file itself declares: a parameter or local of the same name is not the global one. */
const declaredNames = (tree: SyntaxNode): ReadonlySet<string> => {
  const names = new Set<string>();
  const bind = (pattern: SyntaxNode | undefined): void => {
    if (!pattern) return;
    const name = pattern.type === 'Identifier' ? textOf(pattern, 'name') : undefined;
    if (name !== undefined) names.add(name);
    if (pattern.type === 'ObjectPattern')
      for (const each of listOf(pattern, 'properties')) bind(childOf(each, 'value') ?? each);
    if (pattern.type === 'ArrayPattern') for (const each of listOf(pattern, 'elements')) bind(each);
    if (pattern.type === 'AssignmentPattern') bind(childOf(pattern, 'left'));
    if (pattern.type === 'RestElement') bind(childOf(pattern, 'argument'));
  };
  walk(tree, (node) => {
    if (node.type === 'VariableDeclarator') bind(childOf(node, 'id'));
    if (/^Import\w*Specifier$/.test(node.type)) bind(childOf(node, 'local'));
    if (/Function/.test(node.type)) {
      bind(childOf(node, 'id'));
      for (const parameter of listOf(node, 'params')) bind(parameter);
    }
  });
  return names;
};

/** A name that is read as a value, not a property, a key or a part of a type. */
const isValue = (node: SyntaxNode, above: readonly SyntaxNode[]): boolean => {
  const parent = above.at(-1);
  if (!parent || above.some(({ type }) => type.startsWith('TS') && !/Expression|Assertion/.test(type))) return false;
  if (parent.type === 'MemberExpression') return parent.computed === true || childOf(parent, 'object') === node;
  if (/^(Property|MethodDefinition|PropertyDefinition)$/.test(parent.type)) {
    return parent.computed === true || childOf(parent, 'value') === node;
  }
  return true;
};

const memberFault = (node: SyntaxNode, subtleIsAllowed: boolean): string | undefined => {
  const object = textOf(childOf(node, 'object'), 'name');
  const member = textOf(childOf(node, 'property'), 'name');
  if (object === 'crypto') return member === 'subtle' && subtleIsAllowed ? undefined : `crypto.${member}`;
  return object !== undefined && member !== undefined && MEMBERS[object]?.has(member)
    ? `${object}.${member}`
    : undefined;
};

const impurity = (node: SyntaxNode, above: readonly SyntaxNode[], subtleIsAllowed: boolean): string | undefined => {
  if (node.type === 'MemberExpression') return memberFault(node, subtleIsAllowed);
  const callee = textOf(childOf(node, 'callee'), 'name');
  if (node.type === 'NewExpression' && callee === 'Date' && listOf(node, 'arguments').length === 0) return 'new Date()';
  if (node.type === 'CallExpression' && callee === 'Date') return 'Date()';
  const name = node.type === 'Identifier' ? textOf(node, 'name') : undefined;
  return name !== undefined && GLOBALS.has(name) && isValue(node, above) ? name : undefined;
};

export const purityFaults = (sources: Sources): readonly string[] =>
  [...sources].flatMap(([path, text]) => {
    const layer = layerOf(path);
    if (!layer || !isPure(layer)) return [];
    const declared = declaredNames(parse(path, text));
    const faults = findings(path, text, (node, above) => impurity(node, above, layer.name === 'crypto'));
    return faults.filter((fault) => !declared.has(fault.split(' ')[1]?.split('.')[0] ?? ''));
  });
