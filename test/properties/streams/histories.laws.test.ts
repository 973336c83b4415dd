/** Histories of streams, against a plain filter of the log, however its records are packed meanwhile. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { RecordedEvent } from '../../../src/core/commit.ts';
import { aggregateId, aggregateType, replicaId, type StreamId, streamId } from '../../../src/core/ids.ts';
import { position, size } from '../../../src/core/position.ts';
import { keptHistories, readHistories } from '../../../src/streams/histories.ts';
import type { CommittedBatch } from '../../../src/streams/log.ts';
import { bodyOf, contextOf } from '../../unit/support.ts';

const STREAMS = ['a', 'b', 'c', 'd'].map((id) => streamId(aggregateType('visit'), aggregateId(id)));
const context = contextOf(replicaId('0'.repeat(32)));

/** A log of records with so many events each, of the streams drawn. */
const logs = fc.array(fc.array(fc.constantFrom(...STREAMS), { minLength: 1, maxLength: 4 }), { maxLength: 70 });
type Drawn = readonly (readonly StreamId[])[];

const batchesOf = (drawn: Drawn): readonly CommittedBatch[] => {
  let at = 0;
  return drawn.map((streams) => {
    const record = position(at);
    const events = streams.map((stream): RecordedEvent => {
      at += 1;
      return { body: bodyOf(at, { stream }), context, position: position(at - 1) };
    });
    return { record, events, size: size(at) };
  });
};

/** The batch that neighbours give when they are packed into one record. */
const merged = (batches: readonly CommittedBatch[]): readonly CommittedBatch[] =>
  batches.length === 0
    ? []
    : [
        {
          record: batches[0]?.record ?? position(0),
          events: batches.flatMap(({ events }) => events),
          size: batches.at(-1)?.size ?? size(0),
        },
      ];

/** A log whose oldest records are packed between two reads, more of them each time. */
const packedMeanwhile = (batches: readonly CommittedBatch[], step: number) => {
  let packed = 0;
  let reads = 0;
  return {
    reads: () => reads,
    findEarlier: async () => [],
    readRecords: async (places: readonly number[]) => {
      reads += 1;
      const now = [...merged(batches.slice(0, packed)), ...batches.slice(packed)];
      packed = Math.min(batches.length, packed + step);
      return now.filter(({ record, size: end }) => places.some((at) => at >= record && at < end));
    },
  };
};

const eventsOf = (batches: readonly CommittedBatch[], stream: StreamId) =>
  batches.flatMap(({ events }) => events.filter(({ body }) => body.stream === stream));

it('several histories are read at once, each event once and in order, while records are packed [AGG-03]', () =>
  fc.assert(
    fc.asyncProperty(logs, fc.subarray(STREAMS), fc.nat(40), async (drawn, streams, step) => {
      const batches = batchesOf(drawn);
      const log = packedMeanwhile(batches, step);
      const recordsOf = (stream: StreamId) =>
        batches.filter(({ events }) => events.some(({ body }) => body.stream === stream)).map(({ record }) => record);
      const wanted = streams.map((stream) => ({ stream, records: recordsOf(stream) }));
      const found = await readHistories(log, wanted);
      expect([...found.keys()].sort()).toEqual([...streams].sort());
      for (const stream of streams) expect(found.get(stream)).toEqual(eventsOf(batches, stream));
      expect(log.reads()).toBeLessThanOrEqual(Math.ceil(batches.length / 32));
    }),
    { numRuns: 60 },
  ));

it('a history that is kept goes on with what is published, or is forgotten whole when there is no room [AGG-03]', () =>
  fc.assert(
    fc.property(logs, fc.nat(30), fc.nat(60), (drawn, known, room) => {
      const batches = batchesOf(drawn);
      const kept = keptHistories(room);
      for (const stream of STREAMS) kept.keep(stream, eventsOf(batches.slice(0, known), stream));
      // what is kept may have been read from a log that was ahead of what is published
      for (const batch of batches.slice(Math.max(0, known - 3))) kept.take(batch);
      const held = STREAMS.map((stream) => kept.get(stream));
      expect(held.reduce((sum, history) => sum + (history?.length ?? 0), 0)).toBeLessThanOrEqual(room);
      STREAMS.forEach((stream, at) => {
        if (held[at] !== undefined) expect(held[at]).toEqual(eventsOf(batches, stream));
      });
      kept.clear();
      for (const stream of STREAMS) expect(kept.get(stream)).toBeUndefined();
    }),
    { numRuns: 60 },
  ));
