/** `indelible schema MODULE`: what an application records, as Markdown or as JSON Schemas. */
import { writeFile } from 'node:fs/promises';
import { describedInMarkdown, describeEvents } from '../store/describe.ts';
import { readArguments, UsageError } from './arguments.ts';
import { HELP } from './help.ts';
import { EXIT, type ExitCode } from './output.ts';
import { loadAggregates } from './registry.ts';

export const schema = async (words: readonly string[]): Promise<ExitCode> => {
  const { text, help, json, positionals } = readArguments('schema', words, ['out']);
  if (help) {
    console.log(HELP.schema);
    return EXIT.good;
  }
  const [module, another] = positionals;
  if (module === undefined || another !== undefined)
    throw new UsageError('schema takes one module', 'Run: indelible schema --help');
  const described = describeEvents(await loadAggregates(module));
  const made = json ? `${JSON.stringify({ aggregates: described }, null, 2)}\n` : describedInMarkdown(described);
  const out = text('out');
  if (out === undefined) process.stdout.write(made);
  else
    await writeFile(out, made).catch(() => {
      throw new UsageError(`${out} cannot be written`, 'Name a file in a folder that exists.');
    });
  return EXIT.good;
};
