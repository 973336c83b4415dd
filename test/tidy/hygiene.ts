/** What must not be in any file of the project, and the discipline of exports and tests. */
import { childOf, findings, lineOf, type Sources, type SyntaxNode, textOf } from './source.ts';

/** Written in pieces, so that this file holds to its own rule. */
const NOTE_WORDS = ['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|');

const FORBIDDEN: readonly (readonly [string, RegExp])[] = [
  ['an open note', new RegExp(`\\b(?:${NOTE_WORDS})\\b`, 'g')],
  ['a machine path', /(?<![\w.~})-])\/(?:work|root|home\/[a-z][\w-]*|Users\/[a-z][\w-]*)\/[\w.]/gi],
  ['a machine path', /\b[A-Z]:\\Users\\\w+/g],
  ['a private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----/g],
  ['a credential', /\b(?:ghp_|github_pat_|npm_|AKIA)[A-Za-z0-9_]{16,}/g],
];

export const textFaults = (sources: Sources): readonly string[] =>
  [...sources].flatMap(([path, text]) =>
    FORBIDDEN.flatMap(([what, pattern]) =>
      [...text.matchAll(pattern)].map(({ index }) => `${path}:${lineOf(text, index)} ${what}`),
    ),
  );

/** A lock file names packages and digests; where they are fetched from is the matter of whoever installs them. */
export const lockFaults = (lock: string): readonly string[] =>
  [...lock.matchAll(/"resolved":\s*"[a-z+]*:\/\/[^"]*"/g)].map(({ 0: line }) => line);

interface LockedPackage {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** What a locked package asks for and the lock does not hold: `npm ci` refuses such a lock, on some platform or on all. */
export const lockGaps = (lock: string): readonly string[] => {
  const { packages }: { packages: Readonly<Record<string, LockedPackage>> } = JSON.parse(lock);
  const names = new Set(Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, '')));
  return Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter((name) => !names.has(name))
      .map((name) => `${path || 'the project'} asks for ${name}`),
  );
};

/** A tool's own configuration file is the one place where a default export is asked for. */
const CONFIGURATION = /(^|\/)[\w-]+\.config\.m?ts$/;

export const defaultExportFaults = (sources: Sources): readonly string[] =>
  [...sources].flatMap(([path, text]) => {
    if (CONFIGURATION.test(path)) return [];
    return findings(path, text, (node) => {
      if (node.type === 'ExportDefaultDeclaration' || node.type === 'TSExportAssignment') return 'a default export';
      return node.type === 'ExportSpecifier' && textOf(childOf(node, 'exported'), 'name') === 'default'
        ? 'a default export'
        : undefined;
    });
  });

const RUNNERS = new Set(['it', 'test', 'describe', 'suite', 'bench']);
const EVASIONS = new Set(['only', 'skip', 'todo', 'skipIf', 'runIf', 'fails']);
const EVASIVE_NAMES = new Set(['xit', 'xtest', 'xdescribe', 'fit', 'fdescribe']);

/** The runner at the start of `it`, `it.each`, `test.extend(…).skip`. */
const runnerOf = (node: SyntaxNode | undefined): string | undefined => {
  if (!node) return undefined;
  if (node.type === 'Identifier') return textOf(node, 'name');
  return runnerOf(childOf(node, 'object') ?? childOf(node, 'callee'));
};

export const evasionFaults = (sources: Sources): readonly string[] =>
  [...sources].flatMap(([path, text]) =>
    findings(path, text, (node) => {
      const called = textOf(childOf(node, 'callee'), 'name') ?? '';
      if (node.type === 'CallExpression' && EVASIVE_NAMES.has(called)) return called;
      if (node.type === 'CallExpression' && textOf(childOf(childOf(node, 'callee'), 'property'), 'name') === 'skip') {
        const context = runnerOf(childOf(node, 'callee'));
        if (context === 'context' || context === 'ctx') return `${context}.skip`;
      }
      if (node.type !== 'MemberExpression') return undefined;
      const property = textOf(childOf(node, 'property'), 'name') ?? '';
      const runner = runnerOf(childOf(node, 'object')) ?? '';
      return RUNNERS.has(runner) && EVASIONS.has(property) ? `${runner}.${property}` : undefined;
    }),
  );
