/** Laws of the writer and what counts beside it: jobs are all or nothing, and pending counts follow receipts. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { aggregateId, type StreamId, streamId, userId } from '../../../src/core/ids.ts';
import { memoryStorage } from '../../../src/index.ts';
import { openSession, type Session } from '../../../src/store/session.ts';
import type { Draft } from '../../../src/streams/job.ts';
import { trackPending } from '../../../src/streams/pending.ts';
import { item, LOCK, UNLOCK, Visit } from '../../unit/store/trial.ts';
import { live, replicaOf } from '../fold/traces.ts';

const ACTOR = { user: userId('nurse-1'), role: 'site' };
let sessions = 0;
const open = (): Promise<Session> => {
  sessions += 1;
  return openSession({
    name: `session-${sessions}`,
    tenant: 'acme-042',
    aggregates: [Visit],
    actor: () => ({ userId: 'nurse-1', role: 'site' }),
    storage: memoryStorage(),
  });
};
const streamOf = (id: string): StreamId => streamId(Visit.type, aggregateId(id));

const sendable = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom('A', 'B'), fc.nat(9)).map(([name, value]) => item(name, value)) },
  { weight: 1, arbitrary: fc.constantFrom(LOCK, UNLOCK) },
);
const draft = fc
  .record({ id: fc.constantFrom('v', 'w'), event: sendable, reasoned: fc.boolean() })
  .map(({ id, event, reasoned }): Draft => {
    const { type, ...payload } = event;
    return { stream: streamOf(id), definition: Visit, type, payload, ...(reasoned ? { reason: 'r' } : {}) };
  });
const jobs = fc.array(fc.record({ drafts: fc.array(draft, { minLength: 1, maxLength: 6 }), atomic: fc.boolean() }), {
  maxLength: 8,
});

/** What the machine says of each draft, one after the other, without any store. */
const oracle = (given: readonly { readonly drafts: readonly Draft[]; readonly atomic: boolean }[]) => {
  const states = new Map<StreamId, { readonly state: typeof Visit.replay.initial; readonly version: number }>();
  return given.map(({ drafts, atomic }) => {
    const before = new Map(states);
    const outcomes = drafts.map(({ stream, type, payload, reason }) => {
      const { state, version } = states.get(stream) ?? { state: Visit.replay.initial, version: 0 };
      const event = { ...payload, type };
      const next = Visit.replay.next(state, event);
      if (next === undefined) return 'illegal';
      if (reason === undefined && Visit.needsReason(event, state.context)) return 'reason-required';
      states.set(stream, { state: next, version: version + 1 });
      return version + 1;
    });
    if (!atomic || outcomes.every((outcome) => typeof outcome === 'number')) return outcomes;
    states.clear();
    for (const [stream, state] of before) states.set(stream, state);
    return outcomes.map((outcome) => (typeof outcome === 'number' ? 'with-others' : outcome));
  });
};

it('jobs queued at once end as if each had been decided alone, in order; an atomic one stores all of it or nothing [REC-01, AGG-04]', async () => {
  await fc.assert(
    fc.asyncProperty(jobs, async (given) => {
      const { writer, storage, log } = await open();
      const found = await Promise.all(
        given.map(({ drafts, atomic }) => writer.write({ drafts, atomic, actor: ACTOR })),
      );
      const simple = found.map((outcomes) =>
        outcomes.map((outcome) =>
          outcome.kind === 'committed' ? outcome.version : outcome.kind === 'refused' ? outcome.why : outcome.kind,
        ),
      );
      expect(simple).toEqual(oracle(given));
      const positions = found.flat().flatMap((outcome) => (outcome.kind === 'committed' ? [outcome.position] : []));
      expect(positions).toEqual(positions.map((_, at) => at));
      expect(log.size()).toBe(positions.length);
      await storage.close();
    }),
    { numRuns: 100 },
  );
});

it('an atomic job of more events than a commit holds is refused whole [FMT-13, REC-01]', async () => {
  const { writer, log } = await open();
  const drafts = Array.from({ length: 257 }, (_, at): Draft => {
    const { type, ...payload } = item(`I${at}`, at);
    return { stream: streamOf('v'), definition: Visit, type, payload };
  });
  await expect(writer.write({ drafts, atomic: true, actor: ACTOR })).rejects.toMatchObject({
    code: 'append.too-large',
  });
  expect(log.size()).toBe(0);
  await writer.write({ drafts: drafts.slice(1), atomic: true, actor: ACTOR });
  expect(log.size()).toBe(256);
});

it('pending counts are the own events above the newest receipt, after any receipts, repeats and retractions [SYN-05]', () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('record' as const), count: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ kind: fc.constant('receipt' as const), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
      fc.record({ kind: fc.constant('retract' as const), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
    ),
    { maxLength: 30 },
  );
  const all = live(Array.from({ length: 100 }, (_, at) => (at % 3 === 0 ? 'Ba' : 'Aa'))).map(({ event }) => event);
  fc.assert(
    fc.property(steps, (given) => {
      const own = replicaOf('A');
      const pending = trackPending(own, 0);
      let held = 0;
      let confirmed = 0;
      for (const step of given) {
        const mine = all.slice(0, held).filter(({ context }) => context.replica === own);
        if (step.kind === 'record') {
          pending.take(all.slice(held, held + step.count));
          held = Math.min(all.length, held + step.count);
        } else if (step.kind === 'receipt') {
          confirmed = Math.max(confirmed, Math.floor(step.part * mine.length));
          pending.acknowledge(confirmed);
        } else {
          confirmed = Math.floor(step.part * confirmed);
          pending.reopen(confirmed, mine);
        }
        const waiting = all
          .slice(0, held)
          .filter(({ context, body }) => context.replica === own && body.sequence > confirmed);
        expect(pending.total().events).toBe(waiting.length);
        expect(pending.of(all[0]?.body.stream ?? streamOf('v'))).toBe(waiting.length);
        expect(pending.total().oldest).toBe(waiting[0]?.context.recordedAt.utc);
      }
    }),
    { numRuns: 200 },
  );
});
