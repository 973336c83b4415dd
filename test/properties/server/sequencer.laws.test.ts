import { describe, expect } from 'vitest';
import { sequence } from '../../../src/core/position.ts';
import { toBase64 } from '../../../src/crypto/bytes.ts';
import { hello, pull, status } from '../../../src/server/answers.ts';
import { push } from '../../../src/server/sequencer.ts';
import { freshEventId, makeDevice } from '../../unit/server/device.ts';
import {
  evidence,
  expectGapless,
  inBase64,
  kinds,
  logOf,
  newTenant,
  onEveryDatabase,
  pullAll,
  send,
  textOf,
} from '../../unit/server/laws.ts';

const everywhere = onEveryDatabase();

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
