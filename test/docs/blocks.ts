/** The TypeScript blocks of the documents, and one strict compile of all of them against the source. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, posix, relative } from 'node:path';
import { promisify } from 'node:util';
import { commandOf } from '../../scripts/command.mjs';
import { entries } from '../tidy/api.ts';
import { ROOT, type Sources } from '../tidy/source.ts';

export interface CodeBlock {
  /** The document and the line of the first line of code. */
  readonly path: string;
  readonly line: number;
  readonly language: 'ts' | 'tsx';
  readonly code: string;
}

export const blocksOf = (documents: Sources): readonly CodeBlock[] =>
  [...documents].flatMap(([path, markdown]) =>
    [...markdown.matchAll(/^```(ts|tsx|typescript)\b[^\n]*\n([\s\S]*?)^```\s*$/gm)].map(
      ({ index, 1: word, 2: code }) => ({
        path,
        line: markdown.slice(0, index).split('\n').length + 1,
        language: word === 'tsx' ? ('tsx' as const) : ('ts' as const),
        code: code ?? '',
      }),
    ),
  );

const fileOf = ({ path, line, language }: CodeBlock): string => `${path.replace(/\W/g, '-')}-${line}.${language}`;

const configuration = (folder: string): object => ({
  extends: posix.relative(folder, 'tsconfig.json'),
  compilerOptions: {
    noEmit: true,
    // An example may name what it does not use: it shows, it does not run.
    noUnusedLocals: false,
    paths: Object.fromEntries([...entries()].map(([entry, source]) => [entry, [posix.relative(folder, source)]])),
  },
  include: ['./*.ts', './*.tsx'],
  exclude: [],
});

const compile = async (folder: string): Promise<string> => {
  const args = [commandOf('typescript', 'tsc'), '-p', join(ROOT, folder, 'tsconfig.json'), '--pretty', 'false'];
  const ended = await promisify(execFile)(process.execPath, args, { cwd: ROOT, maxBuffer: 2 ** 26 }).then(
    ({ stdout }) => stdout,
    ({ stdout, stderr }) => `${stdout}${stderr}`,
  );
  return ended;
};

/** Compiles every block as a module of its own; what is wrong comes back as `document:line message`. */
export const compileFaults = async (blocks: readonly CodeBlock[]): Promise<readonly string[]> => {
  await mkdir(join(ROOT, '.cache'), { recursive: true });
  const absolute = await mkdtemp(join(ROOT, '.cache', 'docs-'));
  const folder = relative(ROOT, absolute).replaceAll('\\', '/');
  try {
    await writeFile(join(absolute, 'tsconfig.json'), JSON.stringify(configuration(folder)));
    for (const block of blocks) await writeFile(join(absolute, fileOf(block)), `${block.code}\nexport {};\n`);
    const output = await compile(folder);
    return output.split('\n').flatMap((line) => faultOf(line, blocks));
  } finally {
    await rm(absolute, { recursive: true, force: true });
  }
};

/** One line of the compiler, placed in the document it came from. Faults of the source itself belong to the type check. */
const faultOf = (line: string, blocks: readonly CodeBlock[]): readonly string[] => {
  const [, file, row, message] = /^(.*)\((\d+),\d+\): (error .*)$/.exec(line) ?? [];
  if (file === undefined || row === undefined) return /^error /.test(line) ? [line] : [];
  const block = blocks.find((each) => posix.basename(file.replaceAll('\\', '/')) === fileOf(each));
  return block ? [`${block.path}:${block.line + Number(row) - 1} ${message}`] : [];
};
