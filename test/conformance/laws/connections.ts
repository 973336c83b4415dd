/** Laws of several connections to one database, and of closing and opening again. */
import { expect, it } from 'vitest';
import { directoryKey } from '../../../src/core/ids.ts';
import { position, size } from '../../../src/core/position.ts';
import { contentOf, type Engine, eventually, inPlace, NAME, settled } from '../engine.ts';
import { verifyLog } from '../sealed.ts';
import { makeWriter, race } from '../writer.ts';

const CLOSED = { code: 'storage.closed' };

const together = (engine: Engine): void => {
  it('of connections that append against each other exactly one wins each size, and nothing is lost [REC-03]', () =>
    inPlace(engine, async (open) => {
      const connections = [await open(), await open(), await open(), await open()];
      const won = (await Promise.all(connections.map((connection) => race(connection, 15)))).flat();
      expect(new Set(won).size).toBe(60);
      expect(await verifyLog(await open())).toBe(4 * (5 * (1 + 2 + 3)));
    }));

  it('tells the other connections of stored commits, and never the one that stored them [REC-03]', () =>
    inPlace(engine, async (open) => {
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
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(heard).toEqual({ own: 0, other: 2, third: 1 });
    }));

  it('databases of different names hold nothing of each other [REC-03]', () =>
    inPlace(engine, async (open, place) => {
      const [storage, writer] = [await open(), await makeWriter()];
      const stranger = await place.adapter().open(`${NAME}-other`);
      const heard: string[] = [];
      stranger.onForeignCommit(() => heard.push('a commit'));
      await storage.append({ expectedSize: size(0), commits: [await writer.seal()], marks: { cursor: 1 } });
      expect(await stranger.size()).toBe(0);
      expect(await stranger.readMarks()).toEqual({});
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(heard).toEqual([]);
      await stranger.close();
    }));
};

export const connectionLaws = (engine: Engine): void => {
  together(engine);

  it('opening again gives the same bytes, marks, findings, snapshots and identity [REC-02]', () =>
    inPlace(engine, async (open) => {
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
      expect(await contentOf(again)).toEqual(before);
      const kept = await again.readIdentity();
      const continued = await again.append({ expectedSize: size(260), commits: [await writer.seal()], marks: {} });
      expect(continued.kind).toBe('appended');
      expect(kept?.replica).toBe(writer.identity.replica);
      expect(await verifyLog(again)).toBe(261);
    }));

  it('after close every call fails as closed, closing again is nothing, and others go on [REC-08]', () =>
    inPlace(engine, async (open) => {
      const [storage, other, writer] = [await open(), await open(), await makeWriter()];
      const commits = [await writer.seal()];
      const pending = storage.append({ expectedSize: size(0), commits, marks: {} });
      expect((await pending).kind).toBe('appended');
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
      for (const call of calls) expect(await settled(call())).toEqual(CLOSED);
      await other.append({ expectedSize: size(1), commits: [await writer.seal()], marks: {} });
      expect(await verifyLog(other)).toBe(2);
    }));
};
