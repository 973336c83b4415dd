/** Reads a command's arguments, and says what is wrong with them in a way that helps. */
import { parseArgs } from 'node:util';
import { isRecord } from '../core/json.ts';

/** The command line cannot be used. `hint` names what was probably meant, or where to read on. */
export class UsageError extends Error {
  readonly hint: string;
  override readonly name = 'UsageError';

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** Edits that turn one word into the other: insertions, deletions, replacements. */
const distance = (from: string, to: string): number => {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (const [at, other] of [...to].entries()) {
      const replaced = (row[at] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
};

/** The known word nearest to `word`, if one is near. */
export const nearest = (word: string, known: readonly string[]): string | undefined =>
  known
    .map((candidate) => ({ candidate, edits: distance(word, candidate) }))
    .filter(({ candidate, edits }) => edits <= Math.min(2, candidate.length - 2))
    .sort((a, b) => a.edits - b.edits)[0]?.candidate;

const hintFor = (given: string, known: readonly string[], command: string): string => {
  const meant = nearest(given.replace(/^-+/, '').split('=')[0] ?? '', known);
  const help = `Run: indelible ${command} --help`;
  return meant === undefined ? help : `Did you mean --${meant}? ${help}`;
};

export type Arguments = {
  /** The text given for an option, or undefined. */
  readonly text: (name: string) => string | undefined;
  readonly help: boolean;
  readonly json: boolean;
  readonly positionals: readonly string[];
};

const COMMON = { help: { type: 'boolean', short: 'h' }, json: { type: 'boolean' } } as const;

const parse = (words: readonly string[], names: readonly string[]) =>
  parseArgs({
    args: [...words],
    allowPositionals: true,
    options: { ...Object.fromEntries(names.map((name) => [name, { type: 'string' } as const])), ...COMMON },
  });

/** Reads `words` for a command that takes text options called `names`, and `--help` and `--json`. @throws UsageError */
export const readArguments = (command: string, words: readonly string[], names: readonly string[]): Arguments => {
  try {
    const { values, positionals } = parse(words, names);
    const given = new Map(Object.entries(values));
    const text = (name: string) => {
      const value = given.get(name);
      return typeof value === 'string' ? value : undefined;
    };
    return { text, help: given.get('help') === true, json: given.get('json') === true, positionals };
  } catch (error) {
    const code = isRecord(error) ? error['code'] : undefined;
    const message = error instanceof Error ? error.message.split(/[.\n]/)[0] : undefined;
    if (typeof code !== 'string' || !code.startsWith('ERR_PARSE_ARGS') || message === undefined) throw error;
    const given = /^Unknown option '(-[^' ]*)/.exec(message)?.[1] ?? '';
    throw new UsageError(message, hintFor(given, [...names, ...Object.keys(COMMON)], command));
  }
};
