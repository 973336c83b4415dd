/** Laws of packing: commits lie elsewhere afterwards, and nothing else is different. */
import { expect, it } from 'vitest';
import { StoreError } from '../../../src/core/errors.ts';
import { type DirectoryKey, directoryKey } from '../../../src/core/ids.ts';
import { LIMITS } from '../../../src/core/limits.ts';
import { position, size } from '../../../src/core/position.ts';
import type { CommitBytes, EventStorage, PackOutcome, StoredRecord } from '../../../src/storage/port.ts';
import { contentOf, type Engine, inPlace, plain, settled } from '../engine.ts';
import { verifyLog } from '../sealed.ts';
import { makeWriter } from '../writer.ts';

const EVERYTHING = Number.MAX_SAFE_INTEGER;
const CONFLICT = { kind: 'conflict' };
const KEYS = 5;

/** A commit's keys in these laws: one that all share, and one of few by its length. */
const keysOf = (commit: Uint8Array): readonly DirectoryKey[] => [
  directoryKey(KEYS),
  directoryKey(commit.length % KEYS),
];
const NONE = (): readonly DirectoryKey[] => [];

const all = (storage: EventStorage) => storage.read(position(0), EVERYTHING);
const commitsOf = (records: readonly StoredRecord[]) => records.flatMap(({ commits }) => commits);
const bytesIn = ({ commits }: StoredRecord) => commits.reduce((total, { bytes }) => total + bytes.length, 0);
const eventsIn = ({ commits }: StoredRecord) => commits.reduce((total, { events }) => total + events, 0);

/** Records of one commit each, of very different sizes: about eight full segments and a rest. */
const fill = async (storage: EventStorage, records = 48): Promise<void> => {
  const writer = await makeWriter();
  let at = 0;
  for (let index = 0; index < records; index++) {
    const events = 1 + (index % 3);
    const filler = index % 11 === 0 ? 14_000 : index % 5 === 0 ? 6_000 : 700 * (index % 4);
    await storage.append({ expectedSize: size(at), commits: [await writer.seal(events, filler)], marks: {} });
    at += events;
  }
};

/** What packing is to make of records: the oldest ones that fill a segment, as often as they do; never the last one. */
const packedForm = (records: readonly StoredRecord[]) => {
  const segments: StoredRecord[] = [];
  let open: StoredRecord[] = [];
  for (const record of records.slice(0, -1)) {
    if (open.reduce((total, each) => total + bytesIn(each), bytesIn(record)) > LIMITS.recordBytesMax) {
      segments.push({ position: open[0]?.position ?? position(0), commits: commitsOf(open) });
      open = [];
    }
    open.push(record);
  }
  const merged = commitsOf(segments).length;
  return { segments, rest: records.slice(merged) };
};

const packAll = async (storage: EventStorage, bytesMax = EVERYTHING): Promise<PackOutcome> => {
  const sum = { records: 0, segments: 0 };
  for (;;) {
    const { records, segments, packedTo } = await storage.pack({ bytesMax, keysOf });
    sum.records += records;
    sum.segments += segments;
    if (segments === 0) return { ...sum, packedTo };
  }
};

const shape = (engine: Engine): void => {
  it('packs the oldest records into full segments, and every commit stays byte for byte at its position [REC-12]', () =>
    inPlace(engine, async (open) => {
      const storage = await open();
      expect(await storage.packedTo()).toBe(0);
      expect(await storage.pack({ bytesMax: EVERYTHING, keysOf })).toEqual({ records: 0, segments: 0, packedTo: 0 });
      await fill(storage);
      const before = await all(storage);
      const { segments, rest } = packedForm(before);
      expect(segments.length).toBeGreaterThan(2);
      const packedTo = rest[0]?.position;
      const packed = { records: before.length - rest.length, segments: segments.length, packedTo };
      expect(await packAll(storage)).toEqual(packed);
      for (const each of [storage, await open()]) {
        expect(plain(await all(each))).toEqual(plain([...segments, ...rest]));
        expect(await each.packedTo()).toBe(packedTo);
        expect(await each.size()).toBe(before.reduce((total, record) => total + eventsIn(record), 0));
      }
      expect(await storage.pack({ bytesMax: EVERYTHING, keysOf })).toEqual({ records: 0, segments: 0, packedTo });
      await verifyLog(storage);
    }));

  it('a call packs about as many bytes as it is asked to, at least a segment, and the next goes on from there [REC-12]', () =>
    inPlace(engine, async (open) => {
      const [storage, other] = [await open(), await open()];
      await fill(storage);
      const { segments, rest } = packedForm(await all(storage));
      let packedTo = 0;
      for (let calls = 0; packedTo < (rest[0]?.position ?? 0); calls++) {
        const outcome = await (calls % 2 === 0 ? storage : other).pack({ bytesMax: 1, keysOf });
        expect(outcome.segments).toBeGreaterThan(0);
        expect(outcome.packedTo).toBeGreaterThan(packedTo);
        packedTo = outcome.packedTo;
        expect(await storage.packedTo()).toBe(packedTo);
        await verifyLog(other);
      }
      expect(plain(await all(other))).toEqual(plain([...segments, ...rest]));
    }));

  it('packs nothing before a segment is full, and never the newest record [REC-12]', () =>
    inPlace(engine, async (open) => {
      const [storage, writer] = [await open(), await makeWriter()];
      for (let at = 0; at < 4; at++) {
        const commits = [await writer.seal(1, 22_000)];
        await storage.append({ expectedSize: size(at), commits, marks: {} });
        const outcome = await storage.pack({ bytesMax: EVERYTHING, keysOf });
        // Two of them fit into a segment: it is full when a third lies between it and the newest.
        expect(outcome.packedTo).toBe(at === 3 ? 2 : 0);
      }
      expect(await verifyLog(storage)).toBe(4);
    }));

  it('packed commits are found by each of their keys, unpacked ones by none [REC-12]', () =>
    inPlace(engine, async (open) => {
      const storage = await open();
      await fill(storage);
      for (let key = 0; key <= KEYS; key++) expect(await storage.find(directoryKey(key))).toEqual([]);
      const { segments } = packedForm(await all(storage));
      await packAll(storage, 1);
      for (const each of [storage, await open()]) {
        for (let key = 0; key <= KEYS; key++) {
          const holds = ({ commits }: StoredRecord) =>
            commits.some(({ bytes }) => keysOf(bytes).some((own) => own === key));
          const expected = segments.filter(holds).map((segment) => segment.position);
          expect(await each.find(directoryKey(key)), `key ${key}`).toEqual(expected);
        }
        expect(await each.find(directoryKey(2 ** 48 - 1))).toEqual([]);
      }
    }));
};

const reading = (engine: Engine): void => {
  it('every position below the size reads before, between and after packing, and gives the record that holds it [REC-12]', () =>
    inPlace(engine, async (open) => {
      const [storage, other] = [await open(), await open()];
      await fill(storage, 30);
      const commits = plain(await all(storage)).flatMap((record) => record.commits);
      const end = await storage.size();
      for (let packing = true; packing; packing = (await storage.pack({ bytesMax: 1, keysOf })).segments > 0) {
        const records = await all(storage);
        expect(plain(records).flatMap((record) => record.commits)).toEqual(commits);
        for (let at = 0; at < end; at++) {
          const holder = records.findLastIndex((record) => record.position <= at);
          const [read] = await other.read(position(at), 1);
          const [found] = await other.readAt([position(at)]);
          expect(read?.position).toBe(records[holder]?.position);
          expect(found?.position).toBe(records[holder]?.position);
        }
        const every = Array.from({ length: end }, (_, at) => position(at));
        expect(plain(await other.readAt(every))).toEqual(plain(records));
      }
      await verifyLog(other);
    }));

  it('a reader goes on from where it was while records are packed and appended, and misses no event [REC-12]', () =>
    inPlace(engine, async (open) => {
      const [storage, reader, packer, writer] = [await open(), await open(), await open(), await makeWriter()];
      let appending = true;
      const append = async () => {
        for (let at = 0; at < 60; at++) {
          await storage.append({ expectedSize: size(at), commits: [await writer.seal(1, 7_000)], marks: {} });
        }
      };
      const appended = append().finally(() => {
        appending = false;
      });
      const packed = (async () => {
        while (appending) {
          await packer.pack({ bytesMax: 1, keysOf });
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      })();
      let next = 0;
      while (appending || next < (await storage.size())) {
        for (const record of await reader.read(position(next), 40_000)) {
          expect(record.position).toBeLessThanOrEqual(next);
          next = Math.max(next, record.position + eventsIn(record));
        }
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await Promise.all([appended, packed]);
      expect(next).toBe(60);
      expect(await reader.packedTo()).toBeGreaterThan(0);
      expect(await verifyLog(reader)).toBe(60);
    }));
};

const safety = (engine: Engine): void => {
  it('what the check of a commit throws ends the packing, and nothing of it is stored [REC-12]', () =>
    inPlace(engine, async (open) => {
      const storage = await open();
      await fill(storage);
      const before = await contentOf(storage);
      const commits = commitsOf(await all(storage)).length;
      for (let bad = 1; bad < commits; bad += 5) {
        let seen = 0;
        const refusing = () => {
          seen += 1;
          if (seen === bad) throw new StoreError('chain.leaf-mismatch', { sequence: bad });
          return [];
        };
        const answer = await settled(storage.pack({ bytesMax: EVERYTHING, keysOf: refusing }));
        if (seen < bad) break;
        expect(answer, `commit ${bad}`).toEqual({ code: 'chain.leaf-mismatch' });
        expect(await contentOf(storage), `commit ${bad}`).toEqual(before);
        expect(await storage.find(directoryKey(KEYS))).toEqual([]);
      }
      await packAll(storage);
      expect(await storage.packedTo()).toBeGreaterThan(0);
      await verifyLog(storage);
    }));

  it('connections that pack at once and append at once make one log, and every commit is there once [REC-12]', () =>
    inPlace(engine, async (open) => {
      const connections = [await open(), await open(), await open()];
      const [storage, writer] = [await open(), await makeWriter()];
      const sealed: CommitBytes[] = [];
      for (let at = 0; at < 40; at++) sealed.push(await writer.seal(1, 8_000));
      for (const [at, commit] of sealed.entries()) {
        const packs = connections.map((each) => each.pack({ bytesMax: EVERYTHING, keysOf: NONE }));
        const append = storage.append({ expectedSize: size(at), commits: [commit], marks: {} });
        expect((await append).kind).toBe('appended');
        await Promise.all(packs);
      }
      const records = await all(storage);
      expect(plain(records).flatMap(({ commits }) => commits)).toEqual(
        plain([{ position: position(0), commits: sealed }]).flatMap(({ commits }) => commits),
      );
      expect(plain(await all(await open()))).toEqual(plain(records));
      expect(await verifyLog(storage)).toBe(40);
    }));

  it('refuses a connection that slept over the packing, at every size it may still believe in [REC-04]', () =>
    inPlace(engine, async (open) => {
      const [storage, writer, foreign] = [await open(), await makeWriter(), await makeWriter()];
      const sleepers: { readonly connection: EventStorage; readonly believes: number }[] = [];
      for (let at = 0; at < 24; at++) {
        if (at % 4 === 0) {
          const connection = await open();
          sleepers.push({ connection, believes: await connection.size() });
        }
        await storage.append({ expectedSize: size(at), commits: [await writer.seal(1, 9_000)], marks: {} });
      }
      await packAll(storage);
      const before = await contentOf(storage);
      const extra = [await foreign.seal(1)];
      for (const { connection, believes } of sleepers) {
        for (const commits of [extra, []]) {
          const request = { expectedSize: size(believes), commits, marks: { cursor: 1 } };
          expect(await connection.append(request), `size ${believes}`).toEqual(CONFLICT);
        }
      }
      const fresh = await open();
      for (let stale = 0; stale < 24; stale++) {
        const request = { expectedSize: size(stale), commits: extra, marks: { cursor: 1 } };
        expect(await fresh.append(request), `size ${stale}`).toEqual(CONFLICT);
      }
      expect(await contentOf(storage)).toEqual(before);
      expect(await verifyLog(storage)).toBe(24);
    }));
};

export const packingLaws = (engine: Engine): void => {
  shape(engine);
  reading(engine);
  safety(engine);
};
