/** Laws of what stands beside the log: marks, identity, findings, snapshots. */
import type { Finding } from '../../../core/commit.ts';
import { sign, verifySignature } from '../../../crypto/signer.ts';
import type { Identity, Marks } from '../../../storage/port.ts';
import { holds, same } from '../check.ts';
import { type Law, law } from '../engine.ts';

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

const identityLaws: readonly Law[] = [
  law(
    'keeps the first identity, also when many connections bring one at once [REC-03]',
    async ({ open, makeIdentity }) => {
      const connections = [await open(), await open(), await open()];
      same(await connections[0]?.readIdentity(), undefined, 'connections[0]?.readIdentity');
      const brought = await Promise.all(connections.map(() => makeIdentity()));
      const kept = await Promise.all(
        connections.map(async (connection, at) => connection.keepIdentity(brought[at] ?? (await makeIdentity()))),
      );
      const replicas = new Set(kept.map(({ replica }) => replica));
      same(replicas.size, 1, 'replicas.size');
      const later = await open();
      same((await later.readIdentity())?.replica, kept[0]?.replica, 'who writes, on a later connection');
      same(
        (await later.keepIdentity(await makeIdentity())).replica,
        kept[0]?.replica,
        'who writes after a later one was brought',
      );
    },
  ),

  law(
    'an identity succeeds the one it names if that is the newest, and all of them stay readable, oldest first [REC-14]',
    async ({ open, makeIdentity }) => {
      const [storage, other] = [await open(), await open()];
      const [first, second] = [await makeIdentity(), await makeIdentity()];
      const [third, stranger] = [await makeIdentity(), await makeIdentity()];
      const newest = async (kept: Promise<Identity>) => (await kept).replica;
      const all = async () => (await (await open()).readIdentities()).map(({ replica }) => replica);
      same(await storage.readIdentities(), [], 'storage.readIdentities');
      same(await newest(other.keepIdentity(second, first.replica)), second.replica, 'what is given back, not kept');
      same(await all(), [], 'all identities, when there was nobody to succeed');
      same(await other.readIdentity(), undefined, 'who writes, when there was nobody to succeed');
      same(await newest(storage.keepIdentity(first)), first.replica, 'newest(storage.keepIdentity)');
      same(await newest(other.keepIdentity(second, stranger.replica)), first.replica, 'newest(other.keepIdentity)');
      same(await newest(other.keepIdentity(second, first.replica)), second.replica, 'newest(other.keepIdentity)');
      same(await newest(storage.keepIdentity(stranger, first.replica)), second.replica, 'newest(storage.keepIdentity)');
      same(await newest(storage.keepIdentity(stranger)), second.replica, 'newest(storage.keepIdentity)');
      same(await newest(storage.keepIdentity(third, second.replica)), third.replica, 'newest(storage.keepIdentity)');
      same(await all(), [first.replica, second.replica, third.replica], 'all identities');
      const kept = await other.readIdentity();
      same(kept?.replica, third.replica, 'who writes');
      const message = Uint8Array.of(1, 2, 3);
      for (const [at, { key }] of (await other.readIdentities()).entries()) {
        const known = [first, second, third][at]?.key.publicKey;
        same(key.publicKey, known, 'key.publicKey');
        same(
          await verifySignature(key.publicKey, await sign(key, message), message),
          true,
          'a signature by a kept key verifies',
        );
      }
    },
  ),

  law(
    'of successors brought at once, one is kept, and every caller is told which [REC-14]',
    async ({ open, makeIdentity }) => {
      const connections = [await open(), await open(), await open()];
      const first = await makeIdentity();
      await connections[0]?.keepIdentity(first);
      const brought = await Promise.all(connections.map(() => makeIdentity()));
      const kept = await Promise.all(
        connections.map(async (connection, at) => connection.keepIdentity(brought[at] ?? first, first.replica)),
      );
      same(new Set(kept.map(({ replica }) => replica)).size, 1, 'identities that callers were told of');
      same(
        (await (await open()).readIdentities()).map(({ replica }) => replica),
        [first.replica, kept[0]?.replica],
        'all identities',
      );
    },
  ),

  law('a kept key signs for its identity and cannot be exported [REC-03]', async ({ open, makeIdentity }) => {
    const brought = await makeIdentity();
    await (await open()).keepIdentity(brought);
    const kept = await (await open()).readIdentity();
    holds(kept !== undefined, 'an identity was kept');
    same({ ...kept, key: kept.key.publicKey }, { ...brought, key: brought.key.publicKey }, 'the kept identity');
    same(kept.key.privateKey.extractable, false, 'kept.key.privateKey.extractable');
    const exported = await crypto.subtle.exportKey('pkcs8', kept.key.privateKey).then(
      () => true,
      () => false,
    );
    same(exported, false, 'the private key was exported');
    const message = new TextEncoder().encode('one commit');
    same(
      await verifySignature(brought.key.publicKey, await sign(kept.key, message), message),
      true,
      'a signature by the kept key verifies',
    );
  }),
];

export const sideLaws: readonly Law[] = [
  law('sets the marks given and leaves the others [REC-01]', async ({ open }) => {
    const [storage, other] = [await open(), await open()];
    same(await storage.readMarks(), {}, 'storage.readMarks');
    await storage.writeMarks(MARKS);
    await other.writeMarks({ cursor: 18 });
    await other.writeMarks({});
    const marks = await storage.readMarks();
    same(Object.entries(marks).sort(), Object.entries({ ...MARKS, cursor: 18 }).sort(), 'all marks');
  }),

  law('keeps a finding once, with the bytes as they were received, oldest first [REC-06]', async ({ open }) => {
    const [storage, other] = [await open(), await open()];
    const room = Uint8Array.of(9, 1, 2, 9);
    await storage.keepFinding(finding('z', 1), room.subarray(1, 3));
    await other.keepFinding({ ...finding('a', 2), what: 'root' }, new Uint8Array(0));
    await storage.keepFinding(finding('m', 3), Uint8Array.of(3));
    await other.keepFinding(finding('z', 4), Uint8Array.of(4));
    await Promise.all([storage, other].map((each) => each.keepFinding(finding('k', 5), Uint8Array.of(5))));
    same(
      await storage.readFindings(),
      [
        { finding: finding('z', 1), evidence: Uint8Array.of(1, 2) },
        { finding: { ...finding('a', 2), what: 'root' }, evidence: new Uint8Array(0) },
        { finding: finding('m', 3), evidence: Uint8Array.of(3) },
        { finding: finding('k', 5), evidence: Uint8Array.of(5) },
      ],
      'storage.readFindings',
    );
  }),

  law('a later snapshot of a name replaces the earlier one [REC-01]', async ({ open }) => {
    const [storage, other] = [await open(), await open()];
    same(await storage.readSnapshot('view'), undefined, 'storage.readSnapshot("view")');
    await storage.writeSnapshot('view', Uint8Array.of(1, 2, 3).subarray(1));
    await other.writeSnapshot('other', new Uint8Array(200_000).fill(5));
    same(await other.readSnapshot('view'), Uint8Array.of(2, 3), 'other.readSnapshot("view")');
    await other.writeSnapshot('view', new Uint8Array(0));
    same(await storage.readSnapshot('view'), new Uint8Array(0), 'storage.readSnapshot("view")');
    same((await storage.readSnapshot('other'))?.length, 200_000, 'length of the other snapshot');
  }),

  ...identityLaws,
];
