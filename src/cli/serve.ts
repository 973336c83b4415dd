/** `indelible serve`: runs the server until it is told to stop. */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from '../server/index.ts';
import { lineLogger } from '../server/log.ts';
import { startFault } from '../server/startFault.ts';
import { readArguments, UsageError } from './arguments.ts';
import { HELP } from './help.ts';
import { EXIT, type ExitCode, printJson } from './output.ts';
import { loadRegistry } from './registry.ts';

const OPTIONS = ['port', 'host', 'data', 'app', 'token-file', 'name', 'registry'];
const DEFAULTS = { port: '8042', host: '127.0.0.1', data: 'data' } as const;

const portOf = (text: string): number => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (port < 0 || port > 65_535)
    throw new UsageError('--port takes a number from 0 to 65535', 'Run: indelible serve --help');
  return port;
};

const TOKEN_PATTERN = /^[\x21-\x7e]{16,4096}$/;
const readToken = async (file: string): Promise<string> => {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw startFault('token-file', { cause });
  });
  const token = text.trim();
  if (!TOKEN_PATTERN.test(token)) throw startFault('token-file');
  return token;
};

/** Resolves at the first SIGINT or SIGTERM. A second one ends the process at once, as it does by default. */
const told = (): Promise<void> =>
  new Promise((resolve) => {
    const heard = () => {
      process.off('SIGINT', heard);
      process.off('SIGTERM', heard);
      resolve();
    };
    process.on('SIGINT', heard);
    process.on('SIGTERM', heard);
  });

const announce = ({ url, port, serverKey }: Server, asJson: boolean): void => {
  if (asJson) {
    printJson({ ok: true, url, port, serverKey });
    return;
  }
  console.log(`Indelible is at ${url}`);
  console.log(`Server key: ${serverKey}`);
};

export const serve = async (words: readonly string[]): Promise<ExitCode> => {
  const { text, help, json, positionals } = readArguments('serve', words, OPTIONS);
  if (help) {
    console.log(HELP.serve);
    return EXIT.good;
  }
  if (positionals.length > 0) throw new UsageError('serve takes options only', 'Run: indelible serve --help');
  const port = portOf(text('port') ?? DEFAULTS.port);
  const tokenFile = text('token-file');
  const databaseUrl = process.env['DATABASE_URL'];
  const registry = text('registry');
  const aggregates = registry === undefined ? undefined : await loadRegistry(registry);
  const stop = told();
  const server = await createServer({
    port,
    host: text('host') ?? DEFAULTS.host,
    data: text('data') ?? DEFAULTS.data,
    databaseUrl: databaseUrl === '' ? undefined : databaseUrl,
    app: text('app'),
    aggregates,
    token: tokenFile === undefined ? undefined : await readToken(tokenFile),
    name: text('name'),
    logger: lineLogger(json ? 'info' : 'warn', Date.now),
  });
  announce(server, json);
  await stop;
  await server.close();
  return EXIT.good;
};
