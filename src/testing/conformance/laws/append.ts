/** Laws of the append. */
import { LIMITS } from '../../../core/limits.ts';
import { position, size } from '../../../core/position.ts';
import type { CommitBytes } from '../../../storage/port.ts';
import { holds, same } from '../check.ts';
import { type ConformanceEngine, contentOf, type Law, law, plain, settled } from '../engine.ts';
import { verifyLog } from '../sealed.ts';

const CONFLICT = { kind: 'conflict' };

/** The outcome says where the records start, and how durable they are. */
const appended = ({ durability }: ConformanceEngine, to: number, records: readonly number[]) => ({
  kind: 'appended',
  size: to,
  records,
  durability,
});

const comparing: readonly Law[] = [
  law(
    'appends to the expected size and says where its records start [REC-01]',
    async ({ open, makeWriter, engine }) => {
      const [storage, writer] = [await open(), await makeWriter()];
      same(storage.durability, engine.durability, 'storage.durability');
      same(storage.keepsKeyBytes, engine.keepsKeyBytes, 'storage.keepsKeyBytes');
      same(await storage.size(), 0, 'storage.size');
      const first = await storage.append({ expectedSize: size(0), commits: [await writer.seal(3)], marks: {} });
      same(first, appended(engine, 3, [0]), 'the first append');
      const second = await storage.append({ expectedSize: size(3), commits: [await writer.seal(2)], marks: {} });
      same(second, appended(engine, 5, [3]), 'the second append');
      same(await verifyLog(storage), 5, 'events of the whole log');
    },
  ),

  law(
    'refuses every size but the one the log has, with commits or without, and stores nothing [REC-04]',
    async ({ open, makeWriter }) => {
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
            same(await connection.append(request), CONFLICT, `size ${wrong}`);
          }
        }
      }
      same(await contentOf(storage), before, 'what is stored');
      same(await verifyLog(storage), 6, 'events of the whole log');
    },
  ),

  law(
    'an append without commits sets its marks if the size is right [REC-04]',
    async ({ open, makeWriter, engine }) => {
      const [storage, writer] = [await open(), await makeWriter()];
      const empty = appended(engine, 0, []);
      same(await storage.append({ expectedSize: size(0), commits: [], marks: { cursor: 1 } }), empty, 'storage.append');
      await storage.append({ expectedSize: size(0), commits: [await writer.seal()], marks: { cursor: 2, other: [1] } });
      same(
        await storage.append({ expectedSize: size(0), commits: [], marks: { cursor: 3 } }),
        CONFLICT,
        'storage.append',
      );
      same(await storage.readMarks(), { cursor: 2, other: [1] }, 'storage.readMarks');
      same(await verifyLog(storage), 1, 'events of the whole log');
    },
  ),

  law(
    'refuses a connection that has not heard of what another appended, at the size it last saw [REC-04]',
    async ({ open, makeWriter }) => {
      const [storage, other, writer, foreign] = [await open(), await open(), await makeWriter(), await makeWriter()];
      await storage.append({ expectedSize: size(0), commits: [await writer.seal(2)], marks: {} });
      same(await other.size(), 2, 'other.size');
      await storage.append({ expectedSize: size(2), commits: [await writer.seal(2)], marks: { cursor: 1 } });
      const before = await contentOf(storage);
      for (const commits of [[await foreign.seal(1)], [await foreign.seal(1), await foreign.seal(1, 40_000)]]) {
        same(await other.append({ expectedSize: size(2), commits, marks: { cursor: 2 } }), CONFLICT, 'other.append');
      }
      same(await contentOf(other), before, 'what is stored');
      same(await verifyLog(other), 4, 'events of the whole log');
    },
  ),

  law('of appends made at once at one size, exactly one is stored [REC-03]', async ({ open, makeWriter }) => {
    const connections = [await open(), await open(), await open()];
    // One of them has seen the size, the others have not.
    same(await connections[0]?.size(), 0, 'connections[0]?.size');
    const commits = await Promise.all(Array.from({ length: 12 }, async () => (await makeWriter()).seal()));
    const outcomes = await Promise.all(
      commits.map((commit, at) =>
        connections[at % 3]?.append({ expectedSize: size(0), commits: [commit], marks: { winner: at } }),
      ),
    );
    const winners = outcomes.flatMap((outcome, at) => (outcome?.kind === 'appended' ? [at] : []));
    same(winners.length, 1, 'appends that were stored');
    const [winner = -1] = winners;
    const [record] = (await connections[0]?.read(position(0), 1)) ?? [];
    same(record?.commits, [commits[winner]], 'the commit that was stored');
    same(await connections[1]?.readMarks(), { winner }, 'connections[1]?.readMarks');
  }),
];

const packing: readonly Law[] = [
  law(
    'fills records with whole commits, each as full as the limit allows [REC-01]',
    async ({ open, makeWriter, engine }) => {
      const [storage, writer] = [await open(), await makeWriter()];
      const commits: CommitBytes[] = [];
      for (const filler of [10, 20_000, 30_000, 12_000, 40_000, 8, 8, 48_000])
        commits.push(await writer.seal(1, filler));
      const outcome = await storage.append({ expectedSize: size(0), commits, marks: {} });
      same(outcome, appended(engine, 8, [0, 3, 7]), 'the append');
      const records = await storage.read(position(0), Number.MAX_SAFE_INTEGER);
      same(
        records.map((record) => record.commits.length),
        [3, 4, 1],
        'commits in each record',
      );
      const all = { position: position(0), commits: records.flatMap((record) => record.commits) };
      same(plain([all]), plain([{ ...all, commits }]), 'the commits as they were given');
      for (const { commits: packed } of records) {
        holds(
          packed.reduce((total, { bytes }) => total + bytes.length, 0) <= LIMITS.recordBytesMax,
          'a record holds no more bytes than the limit',
        );
      }
      same(await verifyLog(storage), 8, 'events of the whole log');
    },
  ),

  law('a record takes the last byte that fits, and no more [REC-01]', async ({ open, engine }) => {
    const storage = await open();
    const of = (length: number) => ({ bytes: new Uint8Array(length).fill(7), events: 1 });
    const rest = LIMITS.recordBytesMax - LIMITS.commitBytesMax;
    const exact = [of(LIMITS.commitBytesMax), of(rest), of(LIMITS.commitBytesMax), of(rest + 1)];
    const outcome = await storage.append({ expectedSize: size(0), commits: exact, marks: {} });
    same(outcome, appended(engine, 4, [0, 2, 3]), 'the append');
  }),

  law(
    'refuses a commit over the limits, anywhere in an append, and stores nothing [REC-01]',
    async ({ open, makeWriter }) => {
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
          same(await settled(call), { code: 'append.too-large' }, 'an append with a commit over the limits');
        }
      }
      same(await contentOf(storage), before, 'what is stored');
      await storage.append({ expectedSize: size(1), commits: good, marks: {} });
      same(await verifyLog(storage), 6, 'events of the whole log');
    },
  ),
];

export const appendLaws: readonly Law[] = [...comparing, ...packing];
