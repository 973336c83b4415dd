#!/usr/bin/env node
/** The command `indelible`. */
import { readFile } from 'node:fs/promises';
import { isRecord } from '../core/json.ts';
import { nearest, UsageError } from './arguments.ts';
import { audit } from './audit.ts';
import { doctor } from './doctor.ts';
import { HELP } from './help.ts';
import { EXIT, type ExitCode, fail, failureOf } from './output.ts';
import { rehearse } from './rehearse.ts';
import { schema } from './schema.ts';
import { serve } from './serve.ts';
import { verify } from './verify.ts';

const COMMANDS = { audit, doctor, rehearse, schema, serve, verify } as const;

const versionText = async (): Promise<string> => {
  const about: unknown = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  return isRecord(about) && typeof about['version'] === 'string' ? about['version'] : 'unknown';
};

const say = (text: string): ExitCode => {
  console.log(text);
  return EXIT.good;
};

const isCommand = (word: string): word is keyof typeof COMMANDS => Object.hasOwn(COMMANDS, word);

const hintFor = (word: string): string => {
  const meant = nearest(word, Object.keys(COMMANDS));
  return meant === undefined ? 'Run: indelible --help' : `Did you mean ${meant}? Run: indelible --help`;
};

const dispatch = async (words: readonly string[]): Promise<ExitCode> => {
  const [word = '', ...rest] = words;
  if (isCommand(word)) return COMMANDS[word](rest);
  if (['--help', '-h', 'help'].includes(word)) return say(HELP.main);
  if (['--version', '-v'].includes(word)) return say(await versionText());
  if (word === '') throw new UsageError('no command given', HELP.main);
  throw new UsageError(`unknown ${word.startsWith('-') ? 'option' : 'command'} '${word}'`, hintFor(word));
};

const run = async (words: readonly string[]): Promise<ExitCode> => {
  const asJson = words.includes('--json');
  try {
    return await dispatch(words);
  } catch (error) {
    if (error instanceof UsageError) return fail({ code: 'usage', message: error.message, hint: error.hint }, asJson);
    return fail(failureOf(error), asJson);
  }
};

process.exitCode = await run(process.argv.slice(2));
