import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Commit } from '../../../src/core/commit.ts';
import { sequence, size } from '../../../src/core/position.ts';
import { toBase64, toHex32 } from '../../../src/crypto/bytes.ts';
import { openCheckpoint, openReceipt } from '../../../src/crypto/checkpoint.ts';
import { merkleRoot } from '../../../src/crypto/merkle.ts';
import { checkpoint, hello, pull, status } from '../../../src/server/answers.ts';
import { push, type World } from '../../../src/server/sequencer.ts';
import { verifierOf } from '../../../src/server/statements.ts';
import { type Bed, makeBeds } from '../../unit/server/bed.ts';
import { bytesOf, type Device, freshEventId, makeDevice } from '../../unit/server/device.ts';

const beds: Bed[] = [];
beforeAll(async () => void beds.push(...(await makeBeds())), 120_000);
afterAll(async () => {
  for (const bed of beds) await bed.close();
});

let tenants = 0;
const newTenant = () => `tenant-${tenants++}`;
/** Holds a law on every database there is, each time in a tenant of its own. */
const everywhere = (law: string, hold: (world: World, tenant: string) => Promise<void>) =>
  it(law, async () => {
    expect(beds.length).toBeGreaterThan(0);
    for (const bed of beds) await hold(bed.world, newTenant());
  });

const send = (world: World, device: Device, commits: readonly Commit[]) => push(world, device.tenant, bytesOf(commits));
const kinds = ({ verdicts }: { verdicts: readonly { kind: string; code?: unknown }[] }) =>
  verdicts.map(({ kind, code }) => (code === undefined ? kind : `${kind} ${code}`));

const pullAll = async (world: World, device: Device, except = ''): Promise<readonly string[]> => {
  const commits: string[] = [];
  let after = '';
  for (let pages = 0; pages < 1_000; pages++) {
    const page = await pull(world, device.tenant, { after, except });
    commits.push(...page.commits);
    after = page.cursor;
    if (!page.more) return commits;
  }
  throw new Error('the pages do not end');
};
const inBase64 = (commits: readonly Commit[]) => commits.map(({ bytes }) => toBase64(bytes));

const textOf = (bytes: unknown, form: 'hex' | 'base64') => {
  if (!(bytes instanceof Uint8Array)) throw new Error('bytes');
  return Buffer.from(bytes).toString(form);
};

/** The log as the database holds it. */
const logOf = async (world: World, tenant: string) => ({
  events: await world.database.query(
    'SELECT position, leaf_hash, replica, sequence FROM indelible.events WHERE tenant = $1 ORDER BY position',
    [tenant],
  ),
  commits: await world.database.query(
    'SELECT position, events, first FROM indelible.commits WHERE tenant = $1 ORDER BY position',
    [tenant],
  ),
});
const expectGapless = async (world: World, tenant: string, events: number) => {
  const log = await logOf(world, tenant);
  expect(log.events.map(({ position }) => Number(position))).toEqual(Array.from({ length: events }, (_, at) => at));
  let next = 0;
  for (const commit of log.commits) {
    expect(Number(commit['position'])).toBe(next);
    next += Number(commit['events']);
  }
  expect(next).toBe(events);
};
const evidence = (world: World, tenant: string) =>
  world.database.query('SELECT code, bytes FROM indelible.refused WHERE tenant = $1', [tenant]);

describe('taking in', () => {
  everywhere('accepts a chain, and gives back the same bytes in the same order [SRV-01]', async (world, tenant) => {
    const device = await makeDevice({ tenant });
    const commits = await device.sealMany(5, 3);
    const answer = await send(world, device, commits);
    expect(answer.verdicts).toEqual(commits.map(({ first }) => ({ kind: 'accepted', first, position: first - 1 })));
    expect(await pullAll(world, device)).toEqual(inBase64(commits));
    expect(await pullAll(world, device, device.replica)).toEqual([]);
    await expectGapless(world, tenant, 15);
  });

  everywhere('answers a repeated push with duplicates and the same state [SYN-02]', async (world, tenant) => {
    const device = await makeDevice({ tenant });
    const commits = await device.sealMany(4, 2);
    await send(world, device, commits);
    const before = await logOf(world, tenant);
    const { checkpoint: head } = await status(world, device.tenant);
    const answer = await send(world, device, commits);
    expect(answer.verdicts).toEqual(commits.map(({ first }) => ({ kind: 'duplicate', first, position: first - 1 })));
    expect(await logOf(world, tenant)).toEqual(before);
    expect((await status(world, device.tenant)).checkpoint).toBe(head);
  });

  everywhere('takes in the rest of a push that it holds in part [SYN-02]', async (world, tenant) => {
    const device = await makeDevice({ tenant });
    const commits = await device.sealMany(5);
    await send(world, device, commits.slice(0, 2));
    expect(kinds(await send(world, device, commits))).toEqual([
      'duplicate',
      'duplicate',
      'accepted',
      'accepted',
      'accepted',
    ]);
    expect(kinds(await send(world, device, [...commits.slice(3), ...commits.slice(3)]))).toEqual(
      Array(4).fill('duplicate'),
    );
    await expectGapless(world, tenant, 5);
  });

  everywhere('holds back commits whose predecessor is missing, until it comes [SYN-02]', async (world, tenant) => {
    const device = await makeDevice({ tenant });
    const [one, two, three] = await device.sealMany(3);
    if (!one || !two || !three) throw new Error('three commits');
    expect(kinds(await send(world, device, [three, two]))).toEqual(['later chain.gap', 'later chain.gap']);
    expect(kinds(await send(world, device, [two, one, three]))).toEqual([
      'later chain.gap',
      'accepted',
      'later chain.gap',
    ]);
    expect(kinds(await send(world, device, [one, two, three]))).toEqual(['duplicate', 'accepted', 'accepted']);
    expect(await evidence(world, tenant)).toEqual([]);
  });

  everywhere('holds back an event that builds on events it does not hold [SYN-02]', async (world, tenant) => {
    const [one, two] = [await makeDevice({ tenant }), await makeDevice({ tenant })];
    const base = await one.seal();
    const answer = await two.seal({ basis: { [one.replica]: sequence(1) } }, { basis: { [two.replica]: sequence(1) } });
    expect(kinds(await send(world, two, [answer]))).toEqual(['later chain.gap']);
    await send(world, one, [base]);
    expect(kinds(await send(world, two, [answer]))).toEqual(['accepted']);
  });

  everywhere('refuses a commit of another tenant and keeps it [SRV-06]', async (world, tenant) => {
    const stranger = await makeDevice({ tenant: 'elsewhere' });
    const commit = await stranger.seal();
    const { verdicts, receipt } = await push(world, (await makeDevice({ tenant })).tenant, [commit.bytes]);
    expect(verdicts).toEqual([{ kind: 'refused', first: 1, code: 'sync.wrong-tenant' }]);
    expect(receipt).toBeNull();
    expect((await evidence(world, tenant)).length).toBe(1);
  });

  everywhere('never shows one tenant the events of another [SRV-06]', async (world, tenant) => {
    const [here, there] = [await makeDevice({ tenant }), await makeDevice({ tenant: newTenant() })];
    const commits = await here.sealMany(2);
    await send(world, here, commits);
    await send(world, there, await there.sealMany(3));
    expect(await pullAll(world, here)).toEqual(inBase64(commits));
    expect((await status(world, here.tenant)).replicas.map(({ replica }) => replica)).toEqual([here.replica]);
    expect((await hello(world, there.tenant, here.replica)).receipt).toBeNull();
    const borrowed = (await pull(world, there.tenant, { after: '', except: '' })).cursor;
    expect((await pull(world, here.tenant, { after: borrowed, except: '' })).commits).toEqual(inBase64(commits));
  });

  everywhere('refuses a message with commits of several replicas whole [SYN-08]', async (world, tenant) => {
    const [one, two] = [await makeDevice({ tenant }), await makeDevice({ tenant })];
    const mixed = [await one.seal(), await two.seal()];
    await expect(send(world, one, mixed)).rejects.toMatchObject({ code: 'sync.protocol' });
    expect((await status(world, one.tenant)).size).toBe(0);
  });

  everywhere('refuses an event id that the log has already, in any replica [SRV-01]', async (world, tenant) => {
    const [one, two] = [await makeDevice({ tenant }), await makeDevice({ tenant })];
    const id = freshEventId();
    await send(world, one, [await one.seal({ id })]);
    expect(kinds(await send(world, two, [await two.draft([{}, { id }])]))).toEqual(['refused event.duplicate-id']);
    const twin = freshEventId();
    expect(kinds(await send(world, two, [await two.draft([{ id: twin }, { id: twin }])]))).toEqual([
      'refused event.duplicate-id',
    ]);
    expect(kinds(await send(world, two, [await two.seal({}), await two.seal({})]))).toEqual(['accepted', 'accepted']);
    await expectGapless(world, tenant, 3);
  });
});

describe('forks and faults', () => {
  everywhere(
    'finds a forked replica, keeps both branches, and goes on with the first [SRV-08]',
    async (world, tenant) => {
      const device = await makeDevice({ tenant });
      const base = await device.seal();
      const clone = await makeDevice({ tenant, key: device.key, head: device.head() });
      const ours = await device.seal({ payload: { branch: 'a' } });
      const theirs = await clone.seal({ payload: { branch: 'b' } });
      const theirsNext = await clone.seal();
      await send(world, device, [base, ours]);
      const answer = await send(world, clone, [base, theirs, theirsNext]);
      expect(kinds(answer)).toEqual(['duplicate', 'refused chain.fork', 'later chain.gap']);
      expect(kinds(await send(world, clone, [theirs]))).toEqual(['refused chain.fork']);
      expect(kinds(await send(world, clone, [theirsNext]))).toEqual(['refused chain.link-mismatch']);
      expect(kinds(await send(world, device, [await device.seal()]))).toEqual(['accepted']);
      const kept = await evidence(world, tenant);
      expect(kept.map(({ bytes }) => textOf(bytes, 'base64')).sort()).toEqual(inBase64([theirs, theirsNext]).sort());
      expect(await pullAll(world, device)).toContain(toBase64(ours.bytes));
      expect((await status(world, device.tenant)).refused).toEqual([
        { code: 'chain.fork', count: 1 },
        { code: 'chain.link-mismatch', count: 1 },
      ]);
    },
  );

  everywhere(
    'refuses every commit with a byte changed, region by region, and stores none of it [SRV-01]',
    async (world, tenant) => {
      const device = await makeDevice({ tenant });
      const commit = await device.seal({}, {}, {});
      const step = Math.max(1, Math.floor(commit.bytes.length / 60));
      for (let at = 0; at < commit.bytes.length; at += step) {
        const altered = Uint8Array.from(commit.bytes);
        altered[at] = (altered[at] ?? 0) ^ 0x01;
        const answer = await push(world, device.tenant, [altered]);
        expect(answer.verdicts[0]?.kind, `byte ${at}`).toMatch(/refused|later/);
      }
      expect((await status(world, device.tenant)).size).toBe(0);
      expect(kinds(await send(world, device, [commit]))).toEqual(['accepted']);
    },
  );

  everywhere('refuses a truncated commit and an empty one, and keeps what came [SRV-01]', async (world, tenant) => {
    const device = await makeDevice({ tenant });
    const commit = await device.seal();
    for (const length of [0, 1, 4, 50, 111, 175, 180, commit.bytes.length - 1]) {
      const { verdicts, receipt } = await push(world, device.tenant, [commit.bytes.slice(0, length)]);
      expect(verdicts).toEqual([{ kind: 'refused', first: 0, code: 'commit.malformed' }]);
      expect(receipt).toBeNull();
    }
    expect((await evidence(world, tenant)).length).toBe(8);
  });

  everywhere('asks for later, and keeps nothing, when a commit has a newer format [SYN-08]', async (world, tenant) => {
    const device = await makeDevice({ tenant });
    const newer = Uint8Array.from((await device.seal()).bytes);
    newer[4] = 2;
    expect(kinds(await push(world, device.tenant, [newer]))).toEqual(['later commit.unsupported-format']);
    expect(await evidence(world, tenant)).toEqual([]);
  });

  everywhere('keeps a refused commit once, and nothing behind it in the batch [SRV-08]', async (world, tenant) => {
    const device = await makeDevice({ tenant });
    const [one, two, three] = await device.sealMany(3);
    if (!one || !two || !three) throw new Error('three commits');
    const altered = { ...two, bytes: Uint8Array.from(two.bytes, (byte, at) => (at === 120 ? byte ^ 1 : byte)) };
    for (let times = 0; times < 2; times++) {
      const answer = kinds(await send(world, device, [one, altered, three]));
      expect(answer.slice(1)).toEqual(['refused signature.invalid', 'later chain.gap']);
    }
    expect((await evidence(world, tenant)).map(({ code }) => code)).toEqual(['signature.invalid']);
    expect(kinds(await send(world, device, [one, two, three]))).toEqual(['duplicate', 'accepted', 'accepted']);
  });
});

describe('positions and proofs', () => {
  everywhere('gives gap-free positions to devices that push at once [SRV-03]', async (world, tenant) => {
    const devices = await Promise.all(Array.from({ length: 6 }, () => makeDevice({ tenant })));
    await Promise.all(
      devices.map(async (device) => {
        for (let round = 0; round < 4; round++) {
          const answer = await send(world, device, await device.sealMany(3, 1 + round));
          expect(kinds(answer)).toEqual(['accepted', 'accepted', 'accepted']);
        }
      }),
    );
    await expectGapless(world, tenant, 6 * 3 * 10);
    const per = (await status(world, devices[0]?.tenant ?? neverTenant())).replicas;
    expect(per.map(({ sequence: upTo }) => upTo)).toEqual(Array(6).fill(30));
  });

  everywhere('accepts each commit once when one replica pushes twice at once [SRV-03]', async (world, tenant) => {
    const device = await makeDevice({ tenant });
    for (let round = 0; round < 5; round++) {
      const commits = await device.sealMany(4, 2);
      const answers = await Promise.all([
        send(world, device, commits),
        send(world, device, commits),
        send(world, device, commits),
      ]);
      const all = answers.flatMap(({ verdicts }) => verdicts);
      expect(all.filter(({ kind }) => kind === 'accepted').length).toBe(4);
      expect(all.filter(({ kind }) => kind === 'duplicate').length).toBe(8);
    }
    await expectGapless(world, tenant, 40);
  });

  everywhere('has a tree whose root is that of all leaf hashes, at every step [SRV-04]', async (world, tenant) => {
    const devices = [await makeDevice({ tenant }), await makeDevice({ tenant })];
    const leaves = [];
    for (let round = 0; round < 9; round++) {
      const device = devices[round % 2];
      if (device === undefined) throw new Error('two devices');
      const commits = await device.sealMany(1 + (round % 3), 1 + (round % 4));
      const { receipt } = await send(world, device, commits);
      leaves.push(...commits.flatMap((commit) => commit.leaves));
      const verifier = verifierOf(world.signer);
      expect(await openReceipt(receipt ?? '', verifier)).toMatchObject({
        tenant,
        replica: device.replica,
        sequence: device.head().sequence,
        link: device.head().link,
        size: leaves.length,
        root: merkleRoot(leaves),
      });
      const head = await openCheckpoint(await checkpoint(world, device.tenant), verifier);
      expect(head).toEqual({ tenant, size: size(leaves.length), root: merkleRoot(leaves) });
    }
    const stored = (await logOf(world, tenant)).events.map(({ leaf_hash }) => textOf(leaf_hash, 'hex'));
    expect(stored).toEqual(leaves.map(toHex32));
  });

  everywhere('vouches for the newest head in hello, and for nothing of a stranger [SRV-04]', async (world, tenant) => {
    const device = await makeDevice({ tenant });
    expect((await hello(world, device.tenant, device.replica)).receipt).toBeNull();
    await send(world, device, await device.sealMany(3));
    const { receipt } = await hello(world, device.tenant, device.replica);
    expect((await openReceipt(receipt ?? '', verifierOf(world.signer))).sequence).toBe(3);
  });

  everywhere('gives every commit once, in order, however the pages fall [SRV-03]', async (world, tenant) => {
    const device = await makeDevice({ tenant });
    const other = await makeDevice({ tenant });
    const big = 'x'.repeat(20_000);
    const commits: Commit[] = [];
    for (let at = 0; at < 60; at++) commits.push(await device.seal({ payload: { big, at } }, { payload: { big } }));
    for (let at = 0; at < 60; at += 20) await send(world, device, commits.slice(at, at + 20));
    const small = await other.sealMany(300);
    for (let at = 0; at < 300; at += 150) await send(world, other, small.slice(at, at + 150));
    expect(await pullAll(world, device)).toEqual(inBase64([...commits, ...small]));
    expect(await pullAll(world, device, device.replica)).toEqual(inBase64(small));
    expect(await pullAll(world, device, other.replica)).toEqual(inBase64(commits));
  });

  everywhere(
    'starts again at the beginning for a cursor of another log, and refuses a made-up one [SYN-08]',
    async (world, tenant) => {
      const [device, elsewhere] = [await makeDevice({ tenant }), await makeDevice({ tenant: newTenant() })];
      const commits = await device.sealMany(3);
      await send(world, device, commits);
      await send(world, elsewhere, await elsewhere.sealMany(3));
      for (const after of [
        (await pull(world, elsewhere.tenant, { after: '', except: '' })).cursor,
        `9-${'0'.repeat(24)}`,
      ]) {
        expect((await pull(world, device.tenant, { after, except: '' })).commits).toEqual(inBase64(commits));
      }
      await expect(pull(world, device.tenant, { after: 'nonsense', except: '' })).rejects.toMatchObject({
        code: 'sync.protocol',
      });
    },
  );
});

const neverTenant = (): never => {
  throw new Error('there is a device');
};
