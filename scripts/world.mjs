/**
 * Lives many histories of the simulated world, on all cores: `npm run world -- --histories 1000 --operations 250 --seed 1`.
 *
 * Each thread loads the world once and takes one seed after the other; histories share nothing, so a seed gives the same one
 * wherever it is lived. A failure is said at once, with its seed and the shortest history found. The end is a table: what was
 * lived, how often each fault really happened, operations per second, violations. Ends with 1 if there were any.
 *
 * `--devices` says how many they have, 5 by default. `--weights` names one kind of history; without it the kinds take turns. `--minutes`
 * ends the run before its last history, and so
 * does Ctrl-C; `--threads` takes fewer cores. `--complete` ends with 1 also if a kind of fault never happened: that run has shown nothing of it.
 */
import { mkdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SELF = fileURLToPath(import.meta.url);

/** The kinds of histories, by the names of their weights. */
export const KINDS = ['HONEST', 'CLONES', 'ROUGH', 'TAMPERED', 'DISHONEST', 'FLEET', 'REVOKED', 'NOISY'];

/** What has to have happened in a run that says of itself that it is complete. */
export const FAULTS = [
  'application rolled back',
  'application updated',
  'clock runs fast or slow',
  'clock set',
  'connection lost',
  'device cloned',
  'device let in',
  'device revoked',
  'disk full',
  'disk put back',
  'disk: a bit of a commit flipped',
  'disk: a row put in the place of a later one',
  'disk: a row removed',
  'disk: a value altered',
  'disk: kept states altered',
  'disk: the marks of sync put back',
  'disk: the receipt altered',
  'disk: two rows swapped',
  'message: a bit of a request flipped',
  'message: a bit of an answer flipped',
  'message: alter-answer',
  'message: drop-answer',
  'message: drop-request',
  'message: late',
  'message: repeat',
  'message: server.internal',
  'message: sync.rate-limited',
  'message: sync.unauthorised',
  'program killed',
  'program killed at a call to its disk',
  'records packed',
  'revoked: commits not taken',
  'revoked: commits taken and pointed out',
  "server's rows: a bit of a commit flipped",
  "server's rows: a commit removed",
  "server's rows: a value altered",
  "server's rows: an author's head changed",
  "server's rows: the sender of a commit changed",
  "server's rows: the tree changed",
  "server's rows: two commits swapped",
  'server put back',
  'server: a commit cut',
  'server: a commit left out',
  'server: a greeting under another key',
  'server: a signature forged',
  'server: an event rewritten',
  'server: an old checkpoint',
  'server: commits reordered',
  'server: everything given twice',
  'server: the newest of an author hidden',
  'server: the receipt of another device',
  'server: what was acknowledged lost',
  'time passed',
  'user taken back',
  'user taken off',
];

/** Faults that never happened in a run. */
export const missingFaults = ({ injected }) => FAULTS.filter((what) => !injected.has(what));

const PROGRESS_MS = 30_000;
const MINUTE_MS = 60_000;

/** Most of what a world makes is gone a moment later: with room for it, it is thrown away at once. */
const RESOURCES = { maxYoungGenerationSizeMb: 64 };

/** Bundles the world and all it needs, so that a thread loads one file. @returns where it lies */
export const bundleWorld = async () => {
  const { build } = await import('esbuild');
  const folder = join(ROOT, '.cache');
  const outfile = join(folder, `world-${process.pid}.mjs`);
  await mkdir(folder, { recursive: true });
  await build({
    ...{ entryPoints: [join(ROOT, 'src/testing/world/index.ts')], outfile, bundle: true },
    ...{ format: 'esm', platform: 'node', logLevel: 'error' },
  });
  return outfile;
};

/** Lives one history. A product that throws is a violation too, and has no shorter history. */
const lived = async (world, { seed, kind, operations, devices, signatures }) => {
  const options = { operations, devices, signatures, weights: world[kind] };
  try {
    const report = await world.drawnHistory({ ...options, seed });
    const { acknowledged, injected, history } = report;
    const failed = report.violations.length > 0;
    const failure = failed ? world.failureText(await world.shrinkHistory(report, options)) : undefined;
    return { kind, operations: history.length, acknowledged, injected, failure };
  } catch (error) {
    return {
      kind,
      operations: 0,
      acknowledged: 0,
      injected: new Map(),
      failure: `seed ${seed}: ${error?.stack ?? error}`,
    };
  }
};

const work = async () => {
  const world = await import(pathToFileURL(workerData.bundle).href);
  parentPort.on('message', async (task) => parentPort.postMessage(await lived(world, task)));
  parentPort.postMessage('ready');
};

/** Hands out seeds to threads until there are no more, or the time is over. `take` gets what each history gave. */
const handOut = async ({ bundle, threads, isOver, tasks, take }) => {
  const thread = () =>
    new Promise((resolve, reject) => {
      const worker = new Worker(SELF, { workerData: { bundle }, resourceLimits: RESOURCES });
      worker.on('error', reject);
      worker.on('exit', resolve);
      worker.on('message', (given) => {
        if (given !== 'ready') take(given);
        const { value, done } = isOver() ? { done: true } : tasks.next();
        if (done) worker.terminate();
        else worker.postMessage(value);
      });
    });
  await Promise.all(Array.from({ length: threads }, thread));
};

/** One history in so many is signed by the platform itself; of every kind, as long as it shares no factor with their number. */
const PLATFORM_EVERY = 9;

function* tasksOf({ histories, operations, devices, seed, kinds }) {
  for (let at = 0; at < histories; at++) {
    const signatures = at % PLATFORM_EVERY === PLATFORM_EVERY - 1 ? 'platform' : 'simulated';
    yield { seed: seed + at, kind: kinds[at % kinds.length], operations, devices, signatures };
  }
}

/** Adds up what histories gave. */
const tally = () => {
  const sum = { histories: 0, operations: 0, acknowledged: 0, failures: [], kinds: new Map(), injected: new Map() };
  const add = (map, name, times) => map.set(name, (map.get(name) ?? 0) + times);
  const take = ({ kind, operations, acknowledged, injected, failure }) => {
    sum.histories += 1;
    sum.operations += operations;
    sum.acknowledged += acknowledged;
    add(sum.kinds, kind, 1);
    for (const [what, times] of injected) add(sum.injected, what, times);
    if (failure !== undefined) sum.failures.push(failure);
  };
  return { sum, take };
};

/**
 * Lives histories on so many threads.
 * @param say  told each failure at once, and every half a minute how far it is
 * @param signal  ends the run when the histories that are being lived have ended
 * @returns what they come to, with the seconds that they took
 */
export const runWorlds = async ({ histories, minutes, threads, say, signal, ...what }) => {
  const startMs = Date.now();
  const endMs = minutes === undefined ? Number.POSITIVE_INFINITY : startMs + minutes * MINUTE_MS;
  const { sum, take } = tally();
  const seconds = () => (Date.now() - startMs) / 1_000;
  const progress = () => {
    const pace = Math.round(sum.operations / seconds());
    say(`${sum.histories} of ${histories} histories, ${pace} operations/s, ${sum.failures.length} violations`);
  };
  const timer = setInterval(progress, PROGRESS_MS);
  const bundle = what.bundle ?? (await bundleWorld());
  try {
    await handOut({
      ...{ bundle, threads, isOver: () => signal?.aborted === true || Date.now() >= endMs },
      tasks: tasksOf({ histories, ...what }),
      take: (given) => {
        take(given);
        if (given.failure !== undefined) say(given.failure);
      },
    });
  } finally {
    clearInterval(timer);
    if (what.bundle === undefined) await rm(bundle);
  }
  return { ...sum, seconds: seconds() };
};

const row = (name, value) => `${String(name).padEnd(40)} ${String(value).padStart(12)}`;

/** What a run came to, as a table. */
export const tableOf = ({ histories, operations, acknowledged, failures, kinds, injected, seconds }) => [
  row('histories', histories),
  ...[...kinds].sort().map(([kind, times]) => row(`  ${kind.toLowerCase()}`, times)),
  row('operations', operations),
  row('events acknowledged', acknowledged),
  row(
    'faults',
    [...injected.values()].reduce((all, times) => all + times, 0),
  ),
  ...[...injected].sort().map(([what, times]) => row(`  ${what}`, times)),
  row('seconds', Math.round(seconds)),
  row('operations per second', Math.round(operations / seconds)),
  row('violations', failures.length),
];

const OPTIONS = {
  histories: { type: 'string', default: '1000' },
  operations: { type: 'string', default: '250' },
  devices: { type: 'string', default: '5' },
  seed: { type: 'string', default: '1' },
  threads: { type: 'string', default: String(availableParallelism()) },
  minutes: { type: 'string' },
  weights: { type: 'string' },
  complete: { type: 'boolean', default: false },
};

const wholeNumber = (name, text) => {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) throw new RangeError(`--${name} takes a whole number from 1 on`);
  return number;
};

const main = async () => {
  const { values } = parseArgs({ options: OPTIONS });
  const { minutes, weights } = values;
  const kinds = weights === undefined ? KINDS : [weights.toUpperCase()];
  if (!kinds.every((kind) => KINDS.includes(kind))) throw new RangeError(`--weights takes ${KINDS.join(', ')}`);
  const numbers = ['histories', 'operations', 'devices', 'seed', 'threads'];
  const asked = Object.fromEntries(numbers.map((name) => [name, wholeNumber(name, values[name])]));
  const limit = minutes === undefined ? {} : { minutes: wholeNumber('minutes', minutes) };
  const cancel = new AbortController();
  process.once('SIGINT', () => {
    console.log('ends with the histories that are being lived; once more ends it now');
    cancel.abort();
  });
  const { signal } = cancel;
  const run = await runWorlds({ ...asked, kinds, signal, ...limit, say: console.log });
  const missing = values.complete ? missingFaults(run) : [];
  const { seed, operations, devices, threads } = asked;
  console.log(`\nseeds from ${seed} on, ${operations} operations each on ${devices} devices, ${threads} threads`);
  for (const line of tableOf(run)) console.log(line);
  for (const what of missing) console.log(`never happened: ${what}`);
  process.exitCode = run.failures.length === 0 && missing.length === 0 ? 0 : 1;
};

if (!isMainThread) await work();
else if (process.argv[1] !== undefined && pathToFileURL(process.argv[1]).href === import.meta.url) await main();
