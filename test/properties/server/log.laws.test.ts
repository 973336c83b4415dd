import { describe, expect } from 'vitest';
import type { Commit } from '../../../src/core/commit.ts';
import { size } from '../../../src/core/position.ts';
import { toHex32 } from '../../../src/crypto/bytes.ts';
import { openCheckpoint, openReceipt } from '../../../src/crypto/checkpoint.ts';
import { merkleRoot } from '../../../src/crypto/merkle.ts';
import { checkpoint, hello, pull, status } from '../../../src/server/answers.ts';
import { verifierOf } from '../../../src/server/statements.ts';
import { makeDevice } from '../../unit/server/device.ts';
import {
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
