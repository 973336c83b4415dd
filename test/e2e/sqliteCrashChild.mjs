/**
 * A process that records into an SQLite database until it is killed, by its parent or by itself at a chosen call of the
 * driver. Each thing that was acknowledged is said on a line of its own, written before anything else is done.
 */
import { writeSync } from 'node:fs';
import { directoryKey } from '../../dist/core/ids.js';
import { makeSigningKey } from '../../dist/crypto/signer.js';
import { nodeSqlite, sqliteStorage } from '../../dist/sqlite.js';
import { identityWith, writerFor } from '../../dist/testing/conformance/writer.js';

const [folder, seedText, dieAtText, when] = process.argv.slice(2);
const key = Uint8Array.from({ length: 32 }, (_, at) => at + 1);
const dieAt = Number(dieAtText);

let state = Number(seedText);
/** mulberry32 */
const random = () => {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
};
const upTo = (max) => Math.floor(random() * max);

const say = (what, value) => writeSync(1, `${JSON.stringify([what, value])}\n`);

let calls = 0;
const die = () => process.kill(process.pid, 'SIGKILL');
const dying =
  (call) =>
  async (...args) => {
    calls += 1;
    if (calls === dieAt && when === 'before') die();
    const result = await call(...args);
    if (calls === dieAt && when === 'after') die();
    return result;
  };

const mortal = (driver) => ({
  ...driver,
  head: dying(driver.head),
  settle: dying(driver.settle),
  open: dying(async (request) => {
    const connection = await driver.open(request);
    return { run: dying(connection.run), all: dying(connection.all), close: connection.close };
  }),
});

const storage = await sqliteStorage({ driver: mortal(nodeSqlite({ folder })), key }).open('trial');
say('open', await storage.size());
const writer = writerFor(await identityWith(() => makeSigningKey({ extractable: true })));
for (;;) {
  const newest = await storage.readIdentity();
  const kept = await storage.keepIdentity(writer.identity, newest?.replica);
  if (kept.replica === writer.identity.replica) break;
}
say('identity', writer.identity.replica);

const appendOnce = async () => {
  const commits = [];
  let events = 0;
  for (let left = 1 + upTo(4); left > 0; left--) {
    const count = 1 + upTo(3);
    commits.push(await writer.seal(count, upTo(6) === 0 ? 9_000 : upTo(600)));
    events += count;
  }
  for (;;) {
    const expectedSize = await storage.size();
    const outcome = await storage.append({ expectedSize, commits, marks: { cursor: expectedSize + events } });
    if (outcome.kind === 'appended') return outcome.size;
  }
};

for (let at = 1; ; at++) {
  say('append', await appendOnce());
  if (at % 6 === 0) say('packed', (await storage.pack({ bytesMax: 1, keysOf: () => [directoryKey(7)] })).packedTo);
  if (at % 9 === 0) {
    const finding = {
      identity: `f${process.pid}-${at}`,
      foundAt: '2026-01-01T00:00:00.000Z',
      code: 'chain.gap',
      sequence: at,
    };
    await storage.keepFinding(finding, Uint8Array.of(at & 255));
    say('finding', finding.identity);
    await storage.writeSnapshot('view', new Uint8Array(5_000).fill(at & 255));
    say('snapshot', at & 255);
  }
}
