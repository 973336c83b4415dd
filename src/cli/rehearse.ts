/** `indelible rehearse FILE`: what an update would make of an export. */
import { StoreError } from '../core/errors.ts';
import {
  type Rehearsal,
  type RehearsedEvents,
  type RehearsedStreams,
  rehearse as rehearseExport,
} from '../export/rehearse.ts';
import { readArguments, UsageError } from './arguments.ts';
import { chunksOf } from './bundleFile.ts';
import { HELP } from './help.ts';
import { EXIT, type ExitCode, fail, printJson } from './output.ts';
import { loadRegistry } from './registry.ts';

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

const eventsText = (title: string, rows: readonly RehearsedEvents[]): readonly string[] =>
  rows.length === 0
    ? []
    : [
        `  ${title}`,
        ...rows.map(({ aggregate, event, version, events, first }) => {
          const place = `first: replica ${first.replica}, event ${first.sequence}`;
          return `    ${aggregate} ${event} version ${version}: ${counted(events, 'event')} (${place})`;
        }),
      ];

const streamsText = (title: string, rows: readonly RehearsedStreams[]): readonly string[] =>
  rows.length === 0
    ? []
    : [`  ${title}`, ...rows.map(({ aggregate, streams }) => `    ${aggregate}: ${counted(streams, 'stream')}`)];

const reportText = (file: string, found: Rehearsal): string => {
  const { before, after } = found.inapplicable;
  const count = before === undefined || before === after ? `${after}` : `${before} now, ${after} then`;
  return [
    `${file}: ${found.ok ? 'nothing would fail, nothing would change' : 'the update would not leave everything as it is'}`,
    `  ${counted(found.events, 'event')} in ${counted(found.streams, 'stream')}; without effect: ${count}`,
    ...(found.faulty === 0 ? [] : [`  ${counted(found.faulty, 'faulty place')} passed over: run indelible verify`]),
    ...eventsText('Read through upcasters:', found.upcast),
    ...eventsText('WOULD FAIL: the payload does not satisfy the new schema', found.unreadable),
    ...eventsText('WOULD NOT BE KNOWN: version or type', found.newer),
    ...eventsText('WOULD NOT BE KNOWN: aggregate', found.unregistered),
    ...streamsText('WOULD BE READ-ONLY:', found.readOnly),
    ...streamsText('WOULD SHOW ANOTHER STATE:', found.changed),
    ...(found.incomparable === 0 ? [] : [`  Not compared, no JSON: ${counted(found.incomparable, 'stream')}`]),
  ].join('\n');
};

/** Runs until it ends, or until SIGINT, which ends it at the next line. Tells how far it is, where somebody looks. */
const watched = async (work: (signal: AbortSignal, tell: (events: number) => void) => Promise<Rehearsal>) => {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  process.once('SIGINT', stop);
  const tell = (events: number): void => {
    if (process.stderr.isTTY) process.stderr.write(`\r${events} events read`);
  };
  try {
    return await work(controller.signal, tell);
  } catch (error) {
    if (controller.signal.aborted) return undefined;
    throw error;
  } finally {
    process.off('SIGINT', stop);
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  }
};

export const rehearse = async (words: readonly string[]): Promise<ExitCode> => {
  const { text, help, json, positionals } = readArguments('rehearse', words, ['registry', 'before']);
  if (help) {
    console.log(HELP.rehearse);
    return EXIT.good;
  }
  const [file, another] = positionals;
  const registry = text('registry');
  if (file === undefined || another !== undefined || registry === undefined)
    throw new UsageError('rehearse takes one file, and --registry', 'Run: indelible rehearse --help');
  const aggregates = await loadRegistry(registry);
  const present = text('before');
  const before = present === undefined ? undefined : await loadRegistry(present);
  let found: Rehearsal | undefined;
  try {
    found = await watched((signal, tell) =>
      rehearseExport({
        ...{ source: () => chunksOf(file), aggregates, before, signal },
        onProgress: ({ events }) => tell(events),
      }),
    );
  } catch (error) {
    if (!(error instanceof StoreError) || error.details['what'] !== 'file') throw error;
    return fail({ code: error.code, message: 'the file cannot be read' }, json);
  }
  if (found === undefined) return fail({ code: 'usage', message: 'cancelled: nothing was concluded' }, json);
  if (json) printJson(found);
  else console.log(reportText(file, found));
  return found.ok ? EXIT.good : EXIT.findings;
};
