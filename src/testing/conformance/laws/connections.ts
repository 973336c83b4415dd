/** Laws of several connections to one database, and of closing and opening again. */
import { directoryKey } from '../../../core/ids.ts';
import { position, size } from '../../../core/position.ts';
import { same } from '../check.ts';
import { contentOf, eventually, type Law, law, NAME, pause, settled } from '../engine.ts';
import { verifyLog } from '../sealed.ts';
import { race } from '../writer.ts';

const CLOSED = { code: 'storage.closed' };

const together: readonly Law[] = [
  law(
    'of connections that append against each other exactly one wins each size, and nothing is lost [REC-03]',
    async ({ open, makeWriter }) => {
      const connections = [await open(), await open(), await open(), await open()];
      const won = (
        await Promise.all(connections.map(async (each) => race(each, 15, undefined, await makeWriter())))
      ).flat();
      same(new Set(won).size, 60, 'sizes at which an append won');
      same(await verifyLog(await open()), 4 * (5 * (1 + 2 + 3)), 'events of the whole log');
    },
  ),

  law(
    'tells the other connections of stored commits, and never the one that stored them [REC-03]',
    async ({ open, makeWriter }) => {
      const [storage, other, third, writer] = [await open(), await open(), await open(), await makeWriter()];
      const heard = { own: 0, other: 0, third: 0 };
      storage.onForeignCommit(() => heard.own++);
      other.onForeignCommit(() => heard.other++);
      const stop = third.onForeignCommit(() => heard.third++);
      await storage.append({ expectedSize: size(0), commits: [await writer.seal()], marks: {} });
      await eventually(() => heard.other === 1 && heard.third === 1);
      stop();
      await storage.append({ expectedSize: size(1), commits: [await writer.seal()], marks: {} });
      await eventually(() => heard.other === 2);
      await storage.append({ expectedSize: size(0), commits: [await writer.seal()], marks: {} });
      await storage.writeMarks({ cursor: 1 });
      await other.append({ expectedSize: await other.size(), commits: [], marks: { cursor: 2 } });
      await pause(30);
      same(heard, { own: 0, other: 2, third: 1 }, 'what each connection heard');
    },
  ),

  law('databases of different names hold nothing of each other [REC-03]', async ({ open, place, makeWriter }) => {
    const [storage, writer] = [await open(), await makeWriter()];
    const stranger = await place.adapter().open(`${NAME}-other`);
    const heard: string[] = [];
    stranger.onForeignCommit(() => heard.push('a commit'));
    await storage.append({ expectedSize: size(0), commits: [await writer.seal()], marks: { cursor: 1 } });
    same(await stranger.size(), 0, 'stranger.size');
    same(await stranger.readMarks(), {}, 'stranger.readMarks');
    await pause(30);
    same(heard, [], 'heard');
    await stranger.close();
  }),
];

export const connectionLaws: readonly Law[] = [
  ...together,

  law(
    'opening again gives the same bytes, marks, findings, snapshots and identity [REC-02]',
    async ({ open, makeWriter }) => {
      const [storage, writer] = [await open(), await makeWriter()];
      await storage.keepIdentity(writer.identity);
      const commits = [await writer.seal(3), await writer.seal(256, 20), await writer.seal(1, 48_000)];
      await storage.append({ expectedSize: size(0), commits, marks: { cursor: 4 } });
      const fault = { identity: 'a', foundAt: '2026-01-01T00:00:00.000Z', code: 'chain.gap', sequence: 2 } as const;
      await storage.keepFinding(fault, Uint8Array.of(7));
      await storage.writeSnapshot('view', Uint8Array.of(1, 2));
      const before = await contentOf(storage);
      await storage.close();
      const again = await open();
      same(await contentOf(again), before, 'what is stored');
      const kept = await again.readIdentity();
      const continued = await again.append({ expectedSize: size(260), commits: [await writer.seal()], marks: {} });
      same(continued.kind, 'appended', 'an append after opening again');
      same(kept?.replica, writer.identity.replica, 'who writes');
      same(await verifyLog(again), 261, 'events of the whole log');
    },
  ),

  law(
    'after close every call fails as closed, closing again is nothing, and others go on [REC-08]',
    async ({ open, makeWriter }) => {
      const [storage, other, writer] = [await open(), await open(), await makeWriter()];
      const commits = [await writer.seal()];
      const pending = storage.append({ expectedSize: size(0), commits, marks: {} });
      same((await pending).kind, 'appended', 'an append before closing');
      await storage.close();
      await storage.close();
      const finding = { identity: 'a', foundAt: '2026-01-01T00:00:00.000Z', code: 'chain.gap', sequence: 2 } as const;
      const calls: readonly (() => Promise<unknown>)[] = [
        () => storage.append({ expectedSize: size(1), commits, marks: {} }),
        () => storage.size(),
        () => storage.read(position(0), 1),
        () => storage.readAt([position(0)]),
        () => storage.pack({ bytesMax: 1, keysOf: () => [] }),
        () => storage.packedTo(),
        () => storage.find(directoryKey(1)),
        () => storage.readMarks(),
        () => storage.writeMarks({ cursor: 1 }),
        () => storage.readIdentity(),
        () => storage.readIdentities(),
        () => storage.keepIdentity(writer.identity),
        () => storage.keepFinding(finding, Uint8Array.of(1)),
        () => storage.readFindings(),
        () => storage.writeSnapshot('view', Uint8Array.of(1)),
        () => storage.readSnapshot('view'),
      ];
      for (const call of calls) same(await settled(call()), CLOSED, `${call}`);
      await other.append({ expectedSize: size(1), commits: [await writer.seal()], marks: {} });
      same(await verifyLog(other), 2, 'events of the whole log');
    },
  ),
];
