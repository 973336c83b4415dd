/** Small pieces: lines per file and per function. */
import { findings, lineOf, type Sources } from './source.ts';

export const FILE_LINES_AIM = 250;
export const FILE_LINES_MAX = 400;
export const FUNCTION_LINES_MAX = 60;

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

const linesOf = (text: string): number => text.replace(/\n$/, '').split('\n').length;

export const filesOver = (sources: Sources, lines: number): readonly string[] =>
  [...sources].flatMap(([path, text]) => (linesOf(text) > lines ? [`${path} has ${linesOf(text)} lines`] : []));

export const functionFaults = (sources: Sources): readonly string[] =>
  [...sources].flatMap(([path, text]) =>
    findings(path, text, (node) => {
      if (!FUNCTIONS.has(node.type)) return undefined;
      const lines = lineOf(text, node.end) - lineOf(text, node.start) + 1;
      return lines > FUNCTION_LINES_MAX ? `a function of ${lines} lines` : undefined;
    }),
  );
