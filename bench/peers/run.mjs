/**
 * The same work in the same browser, for the product, bare IndexedDB and other stores, each with its defaults:
 *
 *   npm run bench:peers -- [--only bare,rxdb] [--rounds N] [--quick] [--json] [--write-docs]
 *
 * Installs the peers in `bench/peers` when they are not there. Every round gives each store a fresh profile of its own; the stores
 * take turns, every other round in the other order. A work that is not done within its time is cut off, and its count is said.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openBrowser } from '../browser.mjs';
import { machineOf, writeSection } from '../report.mjs';
import { bundlePeer, PEERS } from './peers.mjs';
import { columnsOf, markdownOf, textOf } from './report.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const DOCUMENT = join(HERE, '..', '..', 'docs', 'benchmarks.md');
const SECTION = {
  begin: '<!-- peers: written by npm run bench:peers -- --write-docs -->',
  end: '<!-- end of peers -->',
};
const EVENTS = 10_000;
const EVENTS_COLD = 100_000;
const WRITES_FOLLOWED = 300;
const LIMIT_MS = 10_000;
const LIMIT_FILL_MS = 60_000;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    'write-docs': { type: 'boolean', default: false },
  },
});

const install = () => {
  if (existsSync(join(HERE, 'node_modules'))) return;
  console.error('installing the peers in bench/peers');
  const { status } = spawnSync('npm', ['ci'], { cwd: HERE, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error('the peers could not be installed: npm ci in bench/peers ended with an error');
};

const bytesUnder = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((total, entry) => total + statSync(join(entry.parentPath, entry.name)).size, 0);

/** What the stores of a site hold: IndexedDB and the origin private file system. */
const storedIn = (profile) =>
  ['IndexedDB', 'File System']
    .map((name) => join(profile, 'Default', name))
    .filter(existsSync)
    .reduce((total, folder) => total + bytesUnder(folder), 0);

/** Runs `work` in a browser with a fresh profile; with the bytes that its stores hold afterwards. */
const inFreshBrowser = async (bundle, work) => {
  const browser = await openBrowser(bundle);
  let result;
  let bytes;
  try {
    result = await work(browser.call);
  } finally {
    bytes = await browser.close(storedIn);
  }
  return { ...result, bytes, browser: browser.version };
};

const sampleOf = async (bundle, scale) => {
  const [count, limitMs] = [EVENTS * scale, LIMIT_MS];
  const append = (size) =>
    inFreshBrowser(bundle, (call) => call('append', { name: `by${size}`, count, size, limitMs }));
  const [one, hundred, all] = [await append(1), await append(100), await append(count)];
  const cold = await inFreshBrowser(bundle, async (call) => {
    const filled = await call('fill', { name: 'cold', count: EVENTS_COLD * scale, limitMs: LIMIT_FILL_MS });
    return { events: filled, ms: await call('reopen', { name: 'cold', count: filled }) };
  });
  const live = await inFreshBrowser(bundle, (call) =>
    call('follow', { name: 'live', count: WRITES_FOLLOWED, limitMs }),
  );
  return { one, hundred, all, cold, live, browser: live.browser };
};

const chosen = () => {
  const wanted = values.only?.split(',');
  const unknown = wanted?.filter((id) => !PEERS.some((peer) => peer.id === id)) ?? [];
  if (unknown.length > 0)
    throw new Error(`no such store: ${unknown.join(', ')}; there are ${PEERS.map(({ id }) => id).join(', ')}`);
  return PEERS.filter(({ id }) => wanted === undefined || wanted.includes(id));
};

const measure = async (peers, rounds, scale) => {
  const samples = new Map(peers.map((peer) => [peer, []]));
  const bundles = new Map();
  for (const peer of peers) bundles.set(peer, await bundlePeer(peer));
  for (let round = 0; round < rounds; round++) {
    for (const peer of round % 2 === 0 ? peers : peers.toReversed()) {
      console.error(`round ${round + 1} of ${rounds}: ${peer.name}`);
      samples.get(peer).push(await sampleOf(bundles.get(peer), scale));
    }
  }
  return samples;
};

install();
const samples = await measure(chosen(), values.quick ? 1 : Number(values.rounds), values.quick ? 0.1 : 1);
const rows = await Promise.all(
  [...samples].map(async ([peer, all]) => ({ ...peer, version: await peer.version(), ...columnsOf(all) })),
);
const [{ browser }] = [...samples.values()][0];
if (values.json) for (const { files: _, ...row } of rows) console.log(JSON.stringify(row));
else console.log(textOf(rows));
if (values['write-docs'] && !values.quick)
  writeSection(DOCUMENT, SECTION, [`Run on ${machineOf(browser)}.`, '', ...markdownOf(rows)]);
