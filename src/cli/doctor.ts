/** `indelible doctor FILE`: the health of an SQLite store, checked on its own: no app, no server, no network. */
import { statSync } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Head } from '../core/commit.ts';
import { StoreError } from '../core/errors.ts';
import type { ReplicaId } from '../core/ids.ts';
import type { KnownMarker, StorageFacts } from '../core/ports.ts';
import { emptyHead } from '../crypto/chain.ts';
import { fileMarker, keyFromEnvironment, keyFromFile, nodeSqlite, sqliteStorage } from '../sqlite.ts';
import type { EventStorage, Identity } from '../storage/port.ts';
import { checkHealth, type HealthCheck, type HealthReport } from '../store/health.ts';
import { walkChains } from '../store/healthChecks.ts';
import { readKnown } from '../store/known.ts';
import { closingOfKnown, type Loss, lossOf } from '../store/loss.ts';
import { systemClock, systemScheduler } from '../store/platform.ts';
import { readSamples } from '../store/space.ts';
import { readClosings } from '../sync/closings.ts';
import { NEW_MARK, readSyncMark, type SyncMark } from '../sync/marks.ts';
import { readArguments, UsageError } from './arguments.ts';
import { HELP } from './help.ts';
import { EXIT, type ExitCode, printJson } from './output.ts';

const OPTIONS = ['key-file', 'key-env', 'known'];
const KEY_VARIABLE = 'INDELIBLE_KEY';

/** The room of a database file: what it takes, and what its disk still has. Nobody deletes it for want of room. */
const factsOf = (file: string): StorageFacts => ({
  estimate: async () => {
    const { size } = await stat(file);
    const { bavail, bsize } = await statfs(dirname(file));
    return { usageBytes: size, quotaBytes: size + bavail * bsize };
  },
  persisted: async () => undefined,
  persist: async () => undefined,
  hasActed: () => false,
});

const isUnopenable = (error: unknown): boolean =>
  error instanceof StoreError &&
  ['storage.key-missing', 'storage.key-wrong', 'storage.driver-missing', 'storage.unencrypted'].includes(error.code);

/** Opens the store to be written to; if its tables are not as they should be, only to be read. */
const openStorage = async (file: string, key: Uint8Array): Promise<EventStorage> => {
  const storage = sqliteStorage({ driver: nodeSqlite({ file }), key });
  try {
    return await storage.open(file);
  } catch (error) {
    if (isUnopenable(error)) throw error;
    return storage.rescue(file);
  }
};

type Opened = {
  readonly storage: EventStorage;
  readonly identity: Identity;
  readonly marker: KnownMarker | undefined;
  readonly mark: SyncMark;
  /** Where each chain of the log ends. */
  readonly head: (replica: ReplicaId) => Head;
  readonly size: number;
};

/** A log that cannot be walked is what the check of the chains tells; then nothing else is concluded from it. */
const headsOf = async (storage: EventStorage, identity: Identity) => {
  const { tenant } = identity;
  try {
    const { heads, events } = await walkChains(storage, tenant, new AbortController().signal);
    return { head: (replica: ReplicaId) => heads.get(replica) ?? emptyHead(replica, tenant), size: events };
  } catch {
    return undefined;
  }
};

/** What was lost: what the store has told already, and what the file beside it tells of now. */
const lossesOf = async ({ storage, identity, marker, mark, head, size }: Opened): Promise<readonly Loss[]> => {
  const closings = await readClosings(storage);
  const known = marker === undefined ? undefined : await readKnown(marker);
  const found = {
    ...{ head, size, closings, replica: identity.replica, acknowledged: mark.acknowledged },
    identities: await storage.readIdentities(),
    nowMs: systemClock.nowMs(),
  };
  const untold = known === undefined ? undefined : closingOfKnown(known, found);
  return [...closings, ...(untold === undefined ? [] : [untold])].map((closing) => lossOf(closing, head));
};

const examine = async (
  { storage, identity, marker }: Pick<Opened, 'storage' | 'identity' | 'marker'>,
  file: string,
): Promise<HealthReport> => {
  const mark = await readSyncMark(storage, identity.replica).catch(() => NEW_MARK);
  const walked = await headsOf(storage, identity);
  const own = walked?.head(identity.replica).sequence ?? 0;
  return checkHealth({
    ...{ storage, identity, mark, clock: systemClock, scheduler: systemScheduler, facts: factsOf(file) },
    losses: walked === undefined ? [] : await lossesOf({ storage, identity, marker, mark, ...walked }).catch(() => []),
    samples: () => readSamples(storage),
    pending: { events: Math.max(0, own - mark.acknowledged), oldest: undefined },
    session: undefined,
  });
};

const pairs = (facts: HealthCheck['facts']): string =>
  Object.entries(facts)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

const print = (file: string, report: HealthReport): void => {
  const warnings = report.checks.reduce((total, check) => total + check.warnings.length, 0);
  console.log(`${file}: ${report.ok ? 'well' : `${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`}`);
  for (const { name, ok, facts, warnings: found } of report.checks) {
    console.log(`  ${ok ? 'ok  ' : 'WARN'}  ${name.padEnd(12)}${pairs(facts)}`);
    for (const { code, details, means, action } of found) {
      console.log(`        ${code}${Object.keys(details).length === 0 ? '' : ` (${pairs(details)})`}`);
      console.log(`        ${means} ${action}`);
    }
  }
};

/** An empty file is no store, and opening it to be written to would make it one. */
const isAnyFile = (file: string): boolean => (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0;

const keyOf = (text: (name: string) => string | undefined): Uint8Array => {
  const [file, variable] = [text('key-file'), text('key-env')];
  if (file !== undefined && variable !== undefined)
    throw new UsageError('give --key-file or --key-env, not both', 'Run: indelible doctor --help');
  return file === undefined ? keyFromEnvironment(variable ?? KEY_VARIABLE) : keyFromFile(file);
};

/** @throws StoreError `storage.absent`, `storage.key-missing` and what opening throws: then nothing was checked */
export const doctor = async (words: readonly string[]): Promise<ExitCode> => {
  const { text, help, json, positionals } = readArguments('doctor', words, OPTIONS);
  if (help) {
    console.log(HELP.doctor);
    return EXIT.good;
  }
  const [file, another] = positionals;
  if (file === undefined || another !== undefined)
    throw new UsageError('doctor takes one file', 'Run: indelible doctor --help');
  const key = keyOf(text);
  if (!isAnyFile(file)) throw new StoreError('storage.absent');
  const storage = await openStorage(file, key);
  try {
    const identity = await storage.readIdentity();
    if (identity === undefined) throw new StoreError('storage.absent');
    const place = text('known');
    const marker = place === undefined ? nodeSqlite({ file }).known?.(file) : fileMarker(place);
    const report = await examine({ storage, identity, marker }, file);
    if (json) printJson(report);
    else print(file, report);
    return report.ok ? EXIT.good : EXIT.findings;
  } finally {
    await storage.close();
  }
};
