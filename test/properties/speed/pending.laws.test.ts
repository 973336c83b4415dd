import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../../src/core/commit.ts';
import { aggregateId, aggregateType, type ReplicaId, type StreamId, streamId } from '../../../src/core/ids.ts';
import { position } from '../../../src/core/position.ts';
import { replicaIdOf } from '../../../src/crypto/chain.ts';
import { type Pending, trackPending } from '../../../src/streams/pending.ts';
import { bodyOf, contextOf, KEY_A, KEY_B } from '../../unit/support.ts';

const OWN = replicaIdOf(KEY_A.publicKey);
const OTHER = replicaIdOf(KEY_B.publicKey);

type Waiting = { readonly stream: StreamId; readonly sequence: number; readonly recordedAt: string };

/** The clear version: one object for each waiting event, counted anew at each question. */
const plainPending = (replica: ReplicaId, acknowledged: number): Pending => {
  let waiting: readonly Waiting[] = [];
  let confirmed = acknowledged;
  const streamsOf = (events: readonly Waiting[]) => new Set(events.map(({ stream }) => stream));
  const own = (events: readonly RecordedEvent[]): readonly Waiting[] =>
    events
      .filter(({ body, context }) => context.replica === replica && body.sequence > confirmed)
      .map(({ body, context }) => ({ ...body, recordedAt: context.recordedAt.utc }));
  const countOf = (stream: StreamId) => waiting.filter((event) => event.stream === stream).length;
  return {
    take: (events) => {
      waiting = [...waiting, ...own(events)];
    },
    reopen: (sequence, events) => {
      confirmed = sequence;
      const again = own(events);
      const last = again.at(-1)?.sequence ?? sequence;
      const before = waiting;
      waiting = [...again, ...waiting.filter((event) => event.sequence > last)];
      return streamsOf([...before, ...waiting]);
    },
    acknowledge: (sequence) => {
      confirmed = Math.max(confirmed, sequence);
      const done = waiting.filter((event) => event.sequence <= confirmed);
      waiting = waiting.filter((event) => event.sequence > confirmed);
      return streamsOf(done);
    },
    isSummary: () => false,
    counts: () => ({
      acknowledged: confirmed,
      oldest: waiting[0]?.recordedAt,
      streams: new Map(STREAMS.map((stream) => [stream, countOf(stream)])),
    }),
    of: (stream) => countOf(stream),
    total: () => ({ events: waiting.length, oldest: waiting[0]?.recordedAt }),
  };
};

const STREAMS = ['a', 'b', 'c'].map((id) => streamId(aggregateType('visit'), aggregateId(id)));
const recorded = (at: number, stream: StreamId, replica: ReplicaId): RecordedEvent => {
  const utc = new Date(1_767_225_600_000 + 1_000 * at).toISOString();
  return {
    body: bodyOf(at, { stream }),
    context: contextOf(replica, { recordedAt: { utc, offsetMin: 0, zone: 'Etc/UTC', uptimeMs: at } }),
    position: position(at),
  };
};

const act = fc.oneof(
  fc.record({
    kind: fc.constant('take' as const),
    events: fc.array(fc.record({ stream: fc.constantFrom(...STREAMS), foreign: fc.boolean() }), { maxLength: 6 }),
  }),
  fc.record({ kind: fc.constant('acknowledge' as const), part: fc.nat(10) }),
  fc.record({ kind: fc.constant('reopen' as const), part: fc.nat(10), readAgain: fc.nat(10) }),
);

describe('the count of pending events, kept in columns', () => {
  it('is that of the clear version, whatever is recorded, confirmed and taken back [AGG-03]', () => {
    fc.assert(
      fc.property(fc.nat(2), fc.array(act, { maxLength: 30 }), (acknowledged, acts) => {
        const [fast, plain] = [trackPending(OWN, acknowledged), plainPending(OWN, acknowledged)];
        const log: RecordedEvent[] = [];
        const both = (ask: (pending: Pending) => unknown) => expect(ask(fast)).toEqual(ask(plain));
        for (const one of acts) {
          const place = Math.floor((log.length * ('part' in one ? one.part : 0)) / 10);
          if (one.kind === 'take') {
            const events = one.events.map(({ stream, foreign }, at) =>
              recorded(log.length + at + 1, stream, foreign ? OTHER : OWN),
            );
            log.push(...events);
            both((pending) => pending.take(events));
          } else if (one.kind === 'acknowledge') both((pending) => pending.acknowledge(place));
          else {
            const again = log.slice(0, Math.floor((log.length * one.readAgain) / 10));
            both((pending) => pending.reopen(place, again));
          }
          both((pending) => pending.total());
          for (const stream of STREAMS) both((pending) => pending.of(stream));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('goes on from kept counts as if it had counted everything itself [AGG-03]', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ stream: fc.constantFrom(...STREAMS), foreign: fc.boolean() }), { maxLength: 30 }),
        fc.nat(30),
        fc.nat(30),
        fc.nat(30),
        (events, kept, first, second) => {
          const log = events.map(({ stream, foreign }, at) => recorded(at + 1, stream, foreign ? OTHER : OWN));
          const [whole, before] = [trackPending(OWN, 0), trackPending(OWN, 0)];
          whole.take(log);
          before.take(log.slice(0, kept));
          const resumed = trackPending(OWN, 0, before.counts());
          resumed.take(log.slice(kept));
          const same = () => {
            expect(resumed.total()).toEqual(whole.total());
            for (const stream of STREAMS) expect(resumed.of(stream)).toBe(whole.of(stream));
          };
          same();
          expect(resumed.isSummary()).toBe(before.total().events > 0);
          for (const receipt of [Math.min(first, second), Math.max(first, second)]) {
            const streams = whole.acknowledge(receipt);
            const told = resumed.isSummary() ? resumed.reopen(receipt, log) : resumed.acknowledge(receipt);
            expect([...told]).toEqual(expect.arrayContaining([...streams]));
            same();
            expect(resumed.isSummary()).toBe(false);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
