/** Laws of reading the log. */
import { position, size } from '../../../core/position.ts';
import type { EventStorage } from '../../../storage/port.ts';
import { holds, same } from '../check.ts';
import { atOnce, type Law, law, pause, plain, settled } from '../engine.ts';
import { verifyLog, verifyRecords } from '../sealed.ts';
import type { Writer } from '../writer.ts';

const CORRUPT = { code: 'storage.corrupt' };

/** Twelve records of 1 to 3 events and very different sizes. */
const fill = async (storage: EventStorage, writer: Writer): Promise<readonly number[]> => {
  const starts: number[] = [];
  let at = 0;
  for (let index = 0; index < 12; index++) {
    const events = 1 + (index % 3);
    const commits = [await writer.seal(events, index % 4 === 0 ? 15_000 : 20)];
    await storage.append({ expectedSize: size(at), commits, marks: {} });
    starts.push(at);
    at += events;
  }
  return starts;
};

export const readLaws: readonly Law[] = [
  law(
    'reads whole records from a start until the bytes asked for are reached, and at least one [REC-01]',
    async ({ open, makeWriter }) => {
      const storage = await open();
      const starts = await fill(storage, await makeWriter());
      const all = await storage.read(position(0), Number.MAX_SAFE_INTEGER);
      same(
        all.map((record) => record.position),
        starts,
        'starts of the records',
      );
      const lengths = all.map(({ commits }) => commits.reduce((total, { bytes }) => total + bytes.length, 0));
      for (const [index, start] of starts.entries()) {
        for (const bytesMax of [1, 300, 1_000, 20_000, 70_000, 1_000_000]) {
          let [count, bytes] = [0, 0];
          while (index + count < all.length && bytes < bytesMax) bytes += lengths[index + count++] ?? 0;
          const expected = plain(all.slice(index, index + count));
          same(plain(await storage.read(position(start), bytesMax)), expected, `${bytesMax} bytes from ${start}`);
        }
      }
      same(await storage.read(await storage.size().then(position), 1), [], 'storage.read');
      same(await verifyRecords(all), await storage.size(), 'events in all records');
    },
  ),

  law(
    'reads from any position, beginning with the record that holds it, and refuses one beyond the log [REC-01]',
    async ({ open, makeWriter }) => {
      const storage = await open();
      same(await storage.read(position(0), 10), [], 'storage.read');
      same(await settled(storage.read(position(1), 10)), CORRUPT, 'storage.read');
      const starts = await fill(storage, await makeWriter());
      const all = await storage.read(position(0), Number.MAX_SAFE_INTEGER);
      const end = await storage.size();
      for (let at = 0; at < end; at++) {
        const holder = starts.findLastIndex((start) => start <= at);
        same(plain(await storage.read(position(at), 1)), plain(all.slice(holder, holder + 1)), `from ${at}`);
        same(plain(await storage.read(position(at), 1e9)), plain(all.slice(holder)), `from ${at}`);
      }
      same(await storage.read(position(end), 10), [], 'storage.read');
      for (const beyond of [end + 1, end + 2, end + 1_000]) {
        same(await settled(storage.read(position(beyond), 10)), CORRUPT, `from ${beyond}`);
      }
      for (const missing of [end, end + 1, end + 1_000]) {
        same(await settled(storage.readAt([position(0), position(missing)])), CORRUPT, 'storage.readAt');
      }
    },
  ),

  law(
    'gives the records that hold given positions, each once, in the order of the log [REC-01]',
    async ({ open, makeWriter }) => {
      const storage = await open();
      const starts = await fill(storage, await makeWriter());
      const all = await storage.read(position(0), Number.MAX_SAFE_INTEGER);
      const end = await storage.size();
      const holders = (asked: readonly number[]) =>
        plain(
          all.filter(({ position: at }, index) =>
            asked.some((each) => each >= at && each < (starts[index + 1] ?? end)),
          ),
        );
      const every = Array.from({ length: end }, (_, at) => at);
      for (const asked of [[...starts].reverse(), [5, 0, 5, 6], [end - 1, 0], every, ...every.map((at) => [at])]) {
        same(plain(await storage.readAt(asked.map(position))), holders(asked), `${asked}`);
      }
      same(await storage.readAt([]), [], 'storage.readAt');
    },
  ),

  law(
    'stored bytes are those given at the call, whatever is done to the arrays later [REC-05]',
    async ({ open, makeWriter }) => {
      const [storage, writer] = [await open(), await makeWriter()];
      const sealed = await writer.seal(2);
      const room = new Uint8Array(sealed.bytes.length + 64).fill(9);
      room.set(sealed.bytes, 32);
      const view = room.subarray(32, 32 + sealed.bytes.length);
      const call = storage.append({ expectedSize: size(0), commits: [{ bytes: view, events: 2 }], marks: {} });
      room.fill(0);
      await call;
      same((await storage.read(position(0), 1))[0]?.commits, [sealed], 'the stored commit');
      same(await verifyLog(storage), 2, 'events of the whole log');
    },
  ),

  law('reading goes on while others append, and sees whole records only [REC-03]', async ({ open, makeWriter }) => {
    const [storage, reader, writer] = [await open(), await open(), await makeWriter()];
    let appending = true;
    const append = async () => {
      for (let at = 0; at < 60; at += 2) {
        const commits = [await writer.seal(1), await writer.seal(1, 5_000)];
        await storage.append({ expectedSize: size(at), commits, marks: {} });
      }
    };
    const read = async () => {
      for (let seen = 0; appending; await pause(1)) {
        const events = await verifyRecords(await reader.read(position(0), 100_000_000));
        holds(events >= seen, 'a reader never sees less than before');
        same(events % 2, 0, 'commits of an append that are missing');
        seen = events;
      }
    };
    const stop = () => {
      appending = false;
    };
    await atOnce([append().finally(stop), read().finally(stop)]);
    same(await verifyLog(reader), 60, 'events of the whole log');
  }),
];
