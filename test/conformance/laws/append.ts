/** Laws of the append. */
import { expect, it } from 'vitest';
import { LIMITS } from '../../../src/core/limits.ts';
import { position, size } from '../../../src/core/position.ts';
import type { CommitBytes } from '../../../src/storage/port.ts';
import { contentOf, type Engine, inPlace, plain, settled } from '../engine.ts';
import { verifyLog } from '../sealed.ts';
import { makeWriter } from '../writer.ts';

const CONFLICT = { kind: 'conflict' };

/** The outcome says where the records start, and how durable they are. */
const appended = ({ durability }: Engine, to: number, records: readonly number[]) => ({
  kind: 'appended',
  size: to,
  records,
  durability,
});

const comparing = (engine: Engine): void => {
  it('appends to the expected size and says where its records start [REC-01]', () =>
    inPlace(engine, async (open) => {
      const [storage, writer] = [await open(), await makeWriter()];
      expect(storage.durability).toBe(engine.durability);
      expect(await storage.size()).toBe(0);
      const first = await storage.append({ expectedSize: size(0), commits: [await writer.seal(3)], marks: {} });
      expect(first).toEqual(appended(engine, 3, [0]));
      const second = await storage.append({ expectedSize: size(3), commits: [await writer.seal(2)], marks: {} });
      expect(second).toEqual(appended(engine, 5, [3]));
      expect(await verifyLog(storage)).toBe(5);
    }));

  it('refuses every size but the one the log has, with commits or without, and stores nothing [REC-04]', () =>
    inPlace(engine, async (open) => {
      const [storage, writer, foreign] = [await open(), await makeWriter(), await makeWriter()];
      const commits = [await writer.seal(3), await writer.seal(1)];
      await storage.append({ expectedSize: size(0), commits, marks: {} });
      await storage.append({ expectedSize: size(4), commits: [await writer.seal(2)], marks: {} });
      const before = await contentOf(storage);
      const extra = [await foreign.seal(1)];
      for (const wrong of [0, 1, 2, 3, 4, 5, 7, 8, 100, LIMITS.integerMax - 1]) {
        const fresh = await open();
        for (const connection of [storage, fresh]) {
          for (const stale of [extra, []]) {
            const request = { expectedSize: size(wrong), commits: stale, marks: { stale: true } };
            expect(await connection.append(request), `size ${wrong}`).toEqual(CONFLICT);
          }
        }
      }
      expect(await contentOf(storage)).toEqual(before);
      expect(await verifyLog(storage)).toBe(6);
    }));

  it('an append without commits sets its marks if the size is right [REC-04]', () =>
    inPlace(engine, async (open) => {
      const [storage, writer] = [await open(), await makeWriter()];
      const empty = appended(engine, 0, []);
      expect(await storage.append({ expectedSize: size(0), commits: [], marks: { cursor: 1 } })).toEqual(empty);
      await storage.append({ expectedSize: size(0), commits: [await writer.seal()], marks: { cursor: 2, other: [1] } });
      expect(await storage.append({ expectedSize: size(0), commits: [], marks: { cursor: 3 } })).toEqual(CONFLICT);
      expect(await storage.readMarks()).toEqual({ cursor: 2, other: [1] });
      expect(await verifyLog(storage)).toBe(1);
    }));

  it('refuses a connection that has not heard of what another appended, at the size it last saw [REC-04]', () =>
    inPlace(engine, async (open) => {
      const [storage, other, writer, foreign] = [await open(), await open(), await makeWriter(), await makeWriter()];
      await storage.append({ expectedSize: size(0), commits: [await writer.seal(2)], marks: {} });
      expect(await other.size()).toBe(2);
      await storage.append({ expectedSize: size(2), commits: [await writer.seal(2)], marks: { cursor: 1 } });
      const before = await contentOf(storage);
      for (const commits of [[await foreign.seal(1)], [await foreign.seal(1), await foreign.seal(1, 40_000)]]) {
        expect(await other.append({ expectedSize: size(2), commits, marks: { cursor: 2 } })).toEqual(CONFLICT);
      }
      expect(await contentOf(other)).toEqual(before);
      expect(await verifyLog(other)).toBe(4);
    }));

  it('of appends made at once at one size, exactly one is stored [REC-03]', () =>
    inPlace(engine, async (open) => {
      const connections = [await open(), await open(), await open()];
      // One of them has seen the size, the others have not.
      expect(await connections[0]?.size()).toBe(0);
      const commits = await Promise.all(Array.from({ length: 12 }, async () => (await makeWriter()).seal()));
      const outcomes = await Promise.all(
        commits.map((commit, at) =>
          connections[at % 3]?.append({ expectedSize: size(0), commits: [commit], marks: { winner: at } }),
        ),
      );
      const winners = outcomes.flatMap((outcome, at) => (outcome?.kind === 'appended' ? [at] : []));
      expect(winners).toHaveLength(1);
      const [winner = -1] = winners;
      const [record] = (await connections[0]?.read(position(0), 1)) ?? [];
      expect(record?.commits).toEqual([commits[winner]]);
      expect(await connections[1]?.readMarks()).toEqual({ winner });
    }));
};

const packing = (engine: Engine): void => {
  it('fills records with whole commits, each as full as the limit allows [REC-01]', () =>
    inPlace(engine, async (open) => {
      const [storage, writer] = [await open(), await makeWriter()];
      const commits: CommitBytes[] = [];
      for (const filler of [10, 20_000, 30_000, 12_000, 40_000, 8, 8, 48_000])
        commits.push(await writer.seal(1, filler));
      const outcome = await storage.append({ expectedSize: size(0), commits, marks: {} });
      expect(outcome).toEqual(appended(engine, 8, [0, 3, 7]));
      const records = await storage.read(position(0), Number.MAX_SAFE_INTEGER);
      expect(records.map((record) => record.commits.length)).toEqual([3, 4, 1]);
      const all = { position: position(0), commits: records.flatMap((record) => record.commits) };
      expect(plain([all])).toEqual(plain([{ ...all, commits }]));
      for (const { commits: packed } of records) {
        expect(packed.reduce((total, { bytes }) => total + bytes.length, 0)).toBeLessThanOrEqual(LIMITS.recordBytesMax);
      }
      expect(await verifyLog(storage)).toBe(8);
    }));

  it('a record takes the last byte that fits, and no more [REC-01]', () =>
    inPlace(engine, async (open) => {
      const storage = await open();
      const of = (length: number) => ({ bytes: new Uint8Array(length).fill(7), events: 1 });
      const rest = LIMITS.recordBytesMax - LIMITS.commitBytesMax;
      const exact = [of(LIMITS.commitBytesMax), of(rest), of(LIMITS.commitBytesMax), of(rest + 1)];
      const outcome = await storage.append({ expectedSize: size(0), commits: exact, marks: {} });
      expect(outcome).toEqual(appended(engine, 4, [0, 2, 3]));
    }));

  it('refuses a commit over the limits, anywhere in an append, and stores nothing [REC-01]', () =>
    inPlace(engine, async (open) => {
      const [storage, writer] = [await open(), await makeWriter()];
      await storage.append({ expectedSize: size(0), commits: [await writer.seal()], marks: { cursor: 1 } });
      const good = [
        await writer.seal(),
        await writer.seal(2),
        await writer.seal(1, 45_000),
        await writer.seal(1, 45_000),
      ];
      const before = await contentOf(storage);
      const bytes = new Uint8Array(10);
      const wrong: readonly CommitBytes[] = [
        { bytes: new Uint8Array(LIMITS.commitBytesMax + 1), events: 1 },
        { bytes: new Uint8Array(0), events: 1 },
        ...[0, -1, 1.5, Number.NaN, LIMITS.commitEventsMax + 1].map((events) => ({ bytes, events })),
      ];
      for (const bad of wrong) {
        for (let at = 0; at <= good.length; at++) {
          const call = storage.append({
            expectedSize: size(1),
            commits: good.toSpliced(at, 0, bad),
            marks: { cursor: 2 },
          });
          expect(await settled(call)).toEqual({ code: 'append.too-large' });
        }
      }
      expect(await contentOf(storage)).toEqual(before);
      await storage.append({ expectedSize: size(1), commits: good, marks: {} });
      expect(await verifyLog(storage)).toBe(6);
    }));
};

export const appendLaws = (engine: Engine): void => {
  comparing(engine);
  packing(engine);
};
