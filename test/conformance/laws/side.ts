/** Laws of what stands beside the log: marks, identity, findings, snapshots. */
import { expect, it } from 'vitest';
import type { Finding } from '../../../src/core/commit.ts';
import { sign, verifySignature } from '../../../src/crypto/signer.ts';
import type { Identity, Marks } from '../../../src/storage/port.ts';
import { type Engine, inPlace, settled } from '../engine.ts';
import { makeIdentity } from '../writer.ts';

const finding = (identity: string, sequence: number): Finding => ({
  identity,
  foundAt: '2026-01-01T00:00:00.000Z',
  code: 'chain.fork',
  sequence,
});

const MARKS: Marks = {
  cursor: 17,
  receipt: { time: '2026-01-01T00:00:00.000Z', size: 3, nested: [null, true, 'é', { deep: -1.5 }] },
  '': 'a name may be empty',
  constructor: 1,
  ['__proto__']: 'or look like a member of every object',
};

const identityLaws = (engine: Engine): void => {
  it('keeps the first identity, also when many connections bring one at once [REC-03]', () =>
    inPlace(engine, async (open) => {
      const connections = [await open(), await open(), await open()];
      expect(await connections[0]?.readIdentity()).toBeUndefined();
      const brought = await Promise.all(connections.map(() => makeIdentity()));
      const kept = await Promise.all(
        connections.map(async (connection, at) => connection.keepIdentity(brought[at] ?? (await makeIdentity()))),
      );
      const replicas = new Set(kept.map(({ replica }) => replica));
      expect(replicas.size).toBe(1);
      const later = await open();
      expect((await later.readIdentity())?.replica).toBe(kept[0]?.replica);
      expect((await later.keepIdentity(await makeIdentity())).replica).toBe(kept[0]?.replica);
    }));

  it('an identity succeeds the one it names if that is the newest, and all of them stay readable, oldest first [REC-14]', () =>
    inPlace(engine, async (open) => {
      const [storage, other] = [await open(), await open()];
      const [first, second] = [await makeIdentity(), await makeIdentity()];
      const [third, stranger] = [await makeIdentity(), await makeIdentity()];
      const newest = async (kept: Promise<Identity>) => (await kept).replica;
      const all = async () => (await (await open()).readIdentities()).map(({ replica }) => replica);
      expect(await storage.readIdentities()).toEqual([]);
      await settled(other.keepIdentity(second, first.replica)); // there is nobody to succeed yet
      expect(await all()).toEqual([]);
      expect(await newest(storage.keepIdentity(first))).toBe(first.replica);
      expect(await newest(other.keepIdentity(second, stranger.replica))).toBe(first.replica);
      expect(await newest(other.keepIdentity(second, first.replica))).toBe(second.replica);
      expect(await newest(storage.keepIdentity(stranger, first.replica))).toBe(second.replica);
      expect(await newest(storage.keepIdentity(stranger))).toBe(second.replica);
      expect(await newest(storage.keepIdentity(third, second.replica))).toBe(third.replica);
      expect(await all()).toEqual([first.replica, second.replica, third.replica]);
      const kept = await other.readIdentity();
      expect(kept?.replica).toBe(third.replica);
      const message = Uint8Array.of(1, 2, 3);
      for (const [at, { key }] of (await other.readIdentities()).entries()) {
        const known = [first, second, third][at]?.key.publicKey;
        expect(key.publicKey).toEqual(known);
        expect(await verifySignature(key.publicKey, await sign(key, message), message)).toBe(true);
      }
    }));

  it('of successors brought at once, one is kept, and every caller is told which [REC-14]', () =>
    inPlace(engine, async (open) => {
      const connections = [await open(), await open(), await open()];
      const first = await makeIdentity();
      await connections[0]?.keepIdentity(first);
      const brought = await Promise.all(connections.map(() => makeIdentity()));
      const kept = await Promise.all(
        connections.map(async (connection, at) => connection.keepIdentity(brought[at] ?? first, first.replica)),
      );
      expect(new Set(kept.map(({ replica }) => replica)).size).toBe(1);
      expect((await (await open()).readIdentities()).map(({ replica }) => replica)).toEqual([
        first.replica,
        kept[0]?.replica,
      ]);
    }));

  it('a kept key signs for its identity and cannot be exported [REC-03]', () =>
    inPlace(engine, async (open) => {
      const brought = await makeIdentity();
      await (await open()).keepIdentity(brought);
      const kept = await (await open()).readIdentity();
      if (kept === undefined) throw new Error('an identity was kept');
      expect({ ...kept, key: kept.key.publicKey }).toEqual({ ...brought, key: brought.key.publicKey });
      expect(kept.key.privateKey.extractable).toBe(false);
      await expect(crypto.subtle.exportKey('pkcs8', kept.key.privateKey)).rejects.toThrow();
      const message = new TextEncoder().encode('one commit');
      expect(await verifySignature(brought.key.publicKey, await sign(kept.key, message), message)).toBe(true);
    }));
};

export const sideLaws = (engine: Engine): void => {
  it('sets the marks given and leaves the others [REC-01]', () =>
    inPlace(engine, async (open) => {
      const [storage, other] = [await open(), await open()];
      expect(await storage.readMarks()).toEqual({});
      await storage.writeMarks(MARKS);
      await other.writeMarks({ cursor: 18 });
      await other.writeMarks({});
      const marks = await storage.readMarks();
      expect(Object.entries(marks).sort()).toEqual(Object.entries({ ...MARKS, cursor: 18 }).sort());
    }));

  it('keeps a finding once, with the bytes as they were received, oldest first [REC-06]', () =>
    inPlace(engine, async (open) => {
      const [storage, other] = [await open(), await open()];
      const room = Uint8Array.of(9, 1, 2, 9);
      await storage.keepFinding(finding('z', 1), room.subarray(1, 3));
      await other.keepFinding({ ...finding('a', 2), what: 'root' }, new Uint8Array(0));
      await storage.keepFinding(finding('m', 3), Uint8Array.of(3));
      await other.keepFinding(finding('z', 4), Uint8Array.of(4));
      await Promise.all([storage, other].map((each) => each.keepFinding(finding('k', 5), Uint8Array.of(5))));
      expect(await storage.readFindings()).toEqual([
        { finding: finding('z', 1), evidence: Uint8Array.of(1, 2) },
        { finding: { ...finding('a', 2), what: 'root' }, evidence: new Uint8Array(0) },
        { finding: finding('m', 3), evidence: Uint8Array.of(3) },
        { finding: finding('k', 5), evidence: Uint8Array.of(5) },
      ]);
    }));

  it('a later snapshot of a name replaces the earlier one [REC-01]', () =>
    inPlace(engine, async (open) => {
      const [storage, other] = [await open(), await open()];
      expect(await storage.readSnapshot('view')).toBeUndefined();
      await storage.writeSnapshot('view', Uint8Array.of(1, 2, 3).subarray(1));
      await other.writeSnapshot('other', new Uint8Array(200_000).fill(5));
      expect(await other.readSnapshot('view')).toEqual(Uint8Array.of(2, 3));
      await other.writeSnapshot('view', new Uint8Array(0));
      expect(await storage.readSnapshot('view')).toEqual(new Uint8Array(0));
      expect((await storage.readSnapshot('other'))?.length).toBe(200_000);
    }));

  identityLaws(engine);
};
