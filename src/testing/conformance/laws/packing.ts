/** Laws of packing: commits lie elsewhere afterwards, and nothing else is different. */
import { StoreError } from '../../../core/errors.ts';
import { type DirectoryKey, directoryKey } from '../../../core/ids.ts';
import { LIMITS } from '../../../core/limits.ts';
import { position, size } from '../../../core/position.ts';
import type { CommitBytes, EventStorage, PackOutcome, StoredRecord } from '../../../storage/port.ts';
import { holds, same } from '../check.ts';
import { atOnce, contentOf, type Law, law, pause, plain, settled } from '../engine.ts';
import { verifyLog } from '../sealed.ts';
import type { Writer } from '../writer.ts';

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
const fill = async (storage: EventStorage, writer: Writer, records = 48): Promise<void> => {
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
  for (let calls = 0; ; calls++) {
    holds(calls < 1_000, 'packing comes to an end');
    const { records, segments, packedTo } = await storage.pack({ bytesMax, keysOf });
    sum.records += records;
    sum.segments += segments;
    if (segments === 0) return { ...sum, packedTo };
  }
};

const shape: readonly Law[] = [
  law(
    'packs the oldest records into full segments, and every commit stays byte for byte at its position [REC-12]',
    async ({ open, makeWriter }) => {
      const storage = await open();
      same(await storage.packedTo(), 0, 'storage.packedTo');
      same(
        await storage.pack({ bytesMax: EVERYTHING, keysOf }),
        { records: 0, segments: 0, packedTo: 0 },
        'storage.pack',
      );
      await fill(storage, await makeWriter());
      const before = await all(storage);
      const { segments, rest } = packedForm(before);
      holds(segments.length > 2, 'there are segments to be packed');
      const packedTo = rest[0]?.position;
      const packed = { records: before.length - rest.length, segments: segments.length, packedTo };
      same(await packAll(storage), packed, 'what packing came to');
      for (const each of [storage, await open()]) {
        same(plain(await all(each)), plain([...segments, ...rest]), 'the packed log');
        same(await each.packedTo(), packedTo, 'each.packedTo');
        same(
          await each.size(),
          before.reduce((total, record) => total + eventsIn(record), 0),
          'each.size',
        );
      }
      same(await storage.pack({ bytesMax: EVERYTHING, keysOf }), { records: 0, segments: 0, packedTo }, 'storage.pack');
      await verifyLog(storage);
    },
  ),

  law(
    'a call packs about as many bytes as it is asked to, at least a segment, and the next goes on from there [REC-12]',
    async ({ open, makeWriter }) => {
      const [storage, other] = [await open(), await open()];
      await fill(storage, await makeWriter());
      const { segments, rest } = packedForm(await all(storage));
      let packedTo = 0;
      for (let calls = 0; packedTo < (rest[0]?.position ?? 0); calls++) {
        const outcome = await (calls % 2 === 0 ? storage : other).pack({ bytesMax: 1, keysOf });
        holds(outcome.segments > 0, 'a call packs at least one segment while there is one');
        holds(outcome.packedTo > packedTo, 'the next call goes on where the last one ended');
        packedTo = outcome.packedTo;
        same(await storage.packedTo(), packedTo, 'storage.packedTo');
        await verifyLog(other);
      }
      same(plain(await all(other)), plain([...segments, ...rest]), 'the packed log');
    },
  ),

  law('packs nothing before a segment is full, and never the newest record [REC-12]', async ({ open, makeWriter }) => {
    const [storage, writer] = [await open(), await makeWriter()];
    for (let at = 0; at < 4; at++) {
      const commits = [await writer.seal(1, 22_000)];
      await storage.append({ expectedSize: size(at), commits, marks: {} });
      const outcome = await storage.pack({ bytesMax: EVERYTHING, keysOf });
      // Two of them fit into a segment: it is full when a third lies between it and the newest.
      same(outcome.packedTo, at === 3 ? 2 : 0, 'packedTo');
    }
    same(await verifyLog(storage), 4, 'events of the whole log');
  }),

  law(
    'packed commits are found by each of their keys, unpacked ones by none [REC-12]',
    async ({ open, makeWriter }) => {
      const storage = await open();
      await fill(storage, await makeWriter());
      for (let key = 0; key <= KEYS; key++) same(await storage.find(directoryKey(key)), [], 'storage.find');
      const { segments } = packedForm(await all(storage));
      await packAll(storage, 1);
      for (const each of [storage, await open()]) {
        for (let key = 0; key <= KEYS; key++) {
          const holds = ({ commits }: StoredRecord) =>
            commits.some(({ bytes }) => keysOf(bytes).some((own) => own === key));
          const expected = segments.filter(holds).map((segment) => segment.position);
          same(await each.find(directoryKey(key)), expected, `key ${key}`);
        }
        same(await each.find(directoryKey(2 ** 48 - 1)), [], 'each.find');
      }
    },
  ),
];

const reading: readonly Law[] = [
  law(
    'every position below the size reads before, between and after packing, and gives the record that holds it [REC-12]',
    async ({ open, makeWriter }) => {
      const [storage, other] = [await open(), await open()];
      await fill(storage, await makeWriter(), 30);
      const commits = plain(await all(storage)).flatMap((record) => record.commits);
      const end = await storage.size();
      for (let packing = true; packing; packing = (await storage.pack({ bytesMax: 1, keysOf })).segments > 0) {
        const records = await all(storage);
        same(
          plain(records).flatMap((record) => record.commits),
          commits,
          'the commits in order',
        );
        for (let at = 0; at < end; at++) {
          const holder = records.findLastIndex((record) => record.position <= at);
          const [read] = await other.read(position(at), 1);
          const [found] = await other.readAt([position(at)]);
          same(read?.position, records[holder]?.position, `record read from ${at}`);
          same(found?.position, records[holder]?.position, `record found at ${at}`);
        }
        const every = Array.from({ length: end }, (_, at) => position(at));
        same(plain(await other.readAt(every)), plain(records), 'other.readAt');
      }
      await verifyLog(other);
    },
  ),

  law(
    'a reader goes on from where it was while records are packed and appended, and misses no event [REC-12]',
    async ({ open, makeWriter }) => {
      const [storage, reader, packer, writer] = [await open(), await open(), await open(), await makeWriter()];
      let appending = true;
      const append = async () => {
        for (let at = 0; at < 60; at++) {
          await storage.append({ expectedSize: size(at), commits: [await writer.seal(1, 7_000)], marks: {} });
        }
      };
      const pack = async () => {
        for (; appending; await pause(1)) await packer.pack({ bytesMax: 1, keysOf });
      };
      let next = 0;
      const read = async () => {
        for (let reads = 0; appending || next < (await storage.size()); reads++) {
          await pause(1);
          holds(reads < 20_000, 'a reader comes to the end of the log');
          for (const record of await reader.read(position(next), 40_000)) {
            holds(record.position <= next, 'no event is passed over');
            next = Math.max(next, record.position + eventsIn(record));
          }
        }
      };
      const stop = () => {
        appending = false;
      };
      await atOnce([append().finally(stop), pack().finally(stop), read()]);
      same(next, 60, 'events that the reader has seen');
      holds((await reader.packedTo()) > 0, 'something was packed meanwhile');
      same(await verifyLog(reader), 60, 'events of the whole log');
    },
  ),
];

const safety: readonly Law[] = [
  law(
    'what the check of a commit throws ends the packing, and nothing of it is stored [REC-12]',
    async ({ open, makeWriter }) => {
      const storage = await open();
      await fill(storage, await makeWriter());
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
        same(answer, { code: 'chain.leaf-mismatch' }, `commit ${bad}`);
        same(await contentOf(storage), before, `commit ${bad}`);
        same(await storage.find(directoryKey(KEYS)), [], 'storage.find');
      }
      await packAll(storage);
      holds((await storage.packedTo()) > 0, 'something is packed in the end');
      await verifyLog(storage);
    },
  ),

  law(
    'connections that pack at once and append at once make one log, and every commit is there once [REC-12]',
    async ({ open, makeWriter }) => {
      const connections = [await open(), await open(), await open()];
      const [storage, writer] = [await open(), await makeWriter()];
      const sealed: CommitBytes[] = [];
      for (let at = 0; at < 40; at++) sealed.push(await writer.seal(1, 8_000));
      for (const [at, commit] of sealed.entries()) {
        const packs = connections.map((each) => each.pack({ bytesMax: EVERYTHING, keysOf: NONE }));
        const append = storage.append({ expectedSize: size(at), commits: [commit], marks: {} });
        same((await append).kind, 'appended', 'an append during packing');
        await Promise.all(packs);
      }
      const records = await all(storage);
      same(
        plain(records).flatMap(({ commits }) => commits),
        plain([{ position: position(0), commits: sealed }]).flatMap(({ commits }) => commits),
        'the commits in order',
      );
      same(plain(await all(await open())), plain(records), 'the log on a fresh connection');
      same(await verifyLog(storage), 40, 'events of the whole log');
    },
  ),

  law(
    'refuses a connection that slept over the packing, at every size it may still believe in [REC-04]',
    async ({ open, makeWriter }) => {
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
          same(await connection.append(request), CONFLICT, `size ${believes}`);
        }
      }
      const fresh = await open();
      for (let stale = 0; stale < 24; stale++) {
        const request = { expectedSize: size(stale), commits: extra, marks: { cursor: 1 } };
        same(await fresh.append(request), CONFLICT, `size ${stale}`);
      }
      same(await contentOf(storage), before, 'what is stored');
      same(await verifyLog(storage), 24, 'events of the whole log');
    },
  ),
];

export const packingLaws: readonly Law[] = [...shape, ...reading, ...safety];
