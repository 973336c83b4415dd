/** Laws of writes that are decided ahead of the disk: nothing of what was planned is stored unless all before it is. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { StoreError } from '../../../src/core/errors.ts';
import { aggregateId, streamId, userId } from '../../../src/core/ids.ts';
import { position } from '../../../src/core/position.ts';
import { makeSigningKey, sign } from '../../../src/crypto/signer.ts';
import { memoryStorage, type StorageAdapter } from '../../../src/index.ts';
import { verifySession } from '../../../src/store/checks.ts';
import { openSession, type Session } from '../../../src/store/session.ts';
import type { Draft, DraftOutcome, Series } from '../../../src/streams/job.ts';
import { hookedStorage } from '../../../src/testing/index.ts';
import { item, Visit } from '../../unit/store/trial.ts';

const ACTOR = { user: userId('nurse-1'), role: 'site' };
let names = 0;
const open = (storage: StorageAdapter, name: string): Promise<Session> =>
  openSession({
    name,
    tenant: 'acme-042',
    aggregates: [Visit],
    actor: () => ({ userId: 'nurse-1', role: 'site' }),
    storage,
  });

const draftsOf = (count: number, from: number): readonly Draft[] =>
  Array.from({ length: count }, (_, at): Draft => {
    const { type, ...payload } = item(`I${(from + at) % 50}`, from + at);
    return { stream: streamId(Visit.type, aggregateId(`v${at % 5}`)), definition: Visit, type, payload, reason: 'r' };
  });

/** What the log holds at each position, read again and verified. */
const idsOf = async (session: Session): Promise<readonly string[]> => {
  expect(await verifySession(session, {})).toMatchObject({ ok: true });
  const ids: string[] = [];
  for await (const { events } of session.log.readAgain(position(0))) ids.push(...events.map(({ body }) => body.id));
  return ids;
};

type Ended = { readonly outcomes: readonly DraftOutcome[] } | { readonly error: unknown };
const endOf = (work: Promise<readonly DraftOutcome[]>): Promise<Ended> =>
  work.then(
    (outcomes) => ({ outcomes }),
    (error: unknown) => ({ error }),
  );
const committedIn = (ended: readonly Ended[]) =>
  ended
    .flatMap((each) => ('outcomes' in each ? each.outcomes : []))
    .flatMap((one) => (one.kind === 'committed' ? [one] : []));

/** Sizes of jobs: single ones, and pieces of an import that are decided ahead. */
const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 200, max: 520 })), {
  minLength: 1,
  maxLength: 6,
});

it('of tabs that write large batches at once, each outcome stands where it says, and all see the same [REC-03, PRJ-01]', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(sizes, { minLength: 2, maxLength: 3 }), async (tabs) => {
      const storage = memoryStorage();
      names += 1;
      const sessions: Session[] = [];
      for (const _ of tabs) sessions.push(await open(storage, `pipeline-${names}`));
      const ended = await Promise.all(
        tabs.flatMap((jobs, tab) =>
          jobs.map((count, at) => {
            const drafts = draftsOf(count, 1_000 * at);
            return endOf(sessions[tab]?.writer.write({ drafts, actor: ACTOR, atomic: false }) ?? Promise.resolve([]));
          }),
        ),
      );
      const committed = committedIn(ended);
      expect(committed).toHaveLength(tabs.flat().reduce((total, count) => total + count, 0));
      const [first] = sessions;
      if (first === undefined) return;
      for (const session of sessions) await session.log.catchUp();
      const ids = await idsOf(first);
      expect(ids).toHaveLength(committed.length);
      for (const { position: at, eventId } of committed) expect(ids[at]).toBe(eventId);
      const fresh = await open(storage, `pipeline-${names}`);
      for (const session of sessions) {
        expect(session.log.size()).toBe(ids.length);
        for (const stream of fresh.states.streams()) expect(session.snapshot(stream)).toEqual(fresh.snapshot(stream));
      }
    }),
    { numRuns: 12 },
  );
});

/** What happens to each append in turn: it works, fails with nothing stored, or is stored and its answer lost. */
const fates = fc.array(fc.constantFrom('works' as const, 'works' as const, 'fails' as const, 'lost' as const), {
  maxLength: 8,
});

it('whatever append fails, or loses its answer: what was answered is stored, and of a series nothing after a failure [REC-01, REC-08]', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(sizes, { minLength: 1, maxLength: 3 }), fates, async (allSeries, given) => {
      let appends = 0;
      const fail = (call: string, fate: string, at: number) => {
        if (call === 'append' && given[at] === fate) throw new StoreError('storage.failed');
      };
      const storage = hookedStorage(memoryStorage(), {
        before: (call) => {
          if (call === 'append') appends += 1;
          fail(call, 'fails', appends - 1);
        },
        after: (call) => fail(call, 'lost', appends - 1),
      });
      names += 1;
      const session = await open(storage, `pipeline-${names}`);
      const ended = await Promise.all(
        allSeries.map((jobs) => {
          const series: Series = {};
          const write = (count: number, at: number) =>
            endOf(session.writer.write({ drafts: draftsOf(count, 1_000 * at), actor: ACTOR, atomic: false, series }));
          return Promise.all(jobs.map(write));
        }),
      );
      for (const jobs of ended) {
        const firstFailed = jobs.findIndex((job) => 'error' in job);
        if (firstFailed >= 0) expect(committedIn(jobs.slice(firstFailed))).toEqual([]);
      }
      given = [];
      await session.log.catchUp();
      const ids = await idsOf(session);
      for (const { position: at, eventId } of committedIn(ended.flat())) expect(ids[at]).toBe(eventId);
      expect(new Set(ids).size).toBe(ids.length);
      const next = await session.writer.write({ drafts: draftsOf(1, 0), actor: ACTOR, atomic: true });
      expect(next).toMatchObject([{ kind: 'committed', position: ids.length }]);
    }),
    { numRuns: 25 },
  );
});

it('writes of one moment share one transaction, each with its own commit [REC-01, REC-03]', async () => {
  let appends = 0;
  const storage = hookedStorage(memoryStorage(), {
    before: (call) => {
      if (call === 'append') appends += 1;
    },
  });
  names += 1;
  const { writer, storage: opened } = await open(storage, `pipeline-${names}`);
  const outcomes = await Promise.all(
    draftsOf(100, 0).map((draft) => writer.write({ drafts: [draft], actor: ACTOR, atomic: true })),
  );
  expect(outcomes.flat().map((outcome) => (outcome.kind === 'committed' ? outcome.position : -1))).toEqual(
    outcomes.map((_, at) => at),
  );
  expect(appends).toBe(1);
  const records = await opened.read(position(0), 10_000_000);
  expect(records.flatMap(({ commits }) => commits.map(({ events }) => events))).toEqual(Array(100).fill(1));
});

/** What is recorded, as the values that were given: each draft of these tests has its own. */
const valuesOf = async (session: Session): Promise<readonly unknown[]> => {
  const values: unknown[] = [];
  for await (const { events } of session.log.readAgain(position(0)))
    values.push(...events.map(({ body }) => body.payload['value']));
  return values;
};

it('what is sealed while a transaction is under way goes into the next one together, in order, and is answered together [REC-01, REC-03]', async () => {
  const held: (() => void)[] = [];
  const sizes: number[] = [];
  const inner = memoryStorage();
  const storage: StorageAdapter = {
    open: async (name) => {
      const opened = await inner.open(name);
      return {
        ...opened,
        append: async (request) => {
          sizes.push(request.commits.reduce((sum, { events }) => sum + events, 0));
          await new Promise<void>((resolve) => held.push(resolve));
          return opened.append(request);
        },
      };
    },
  };
  names += 1;
  const session = await open(storage, `pipeline-${names}`);
  const answered: number[] = [];
  const works = [60, 60, 60, 60, 60].map((count, nth) =>
    session.writer.write({ drafts: draftsOf(count, 60 * nth), actor: ACTOR, atomic: false }).then((outcomes) => {
      answered.push(nth);
      return outcomes;
    }),
  );
  // The five are of one moment; the next five come while that transaction is under way.
  await expect.poll(() => held.length).toBe(1);
  for (let nth = 5; nth < 10; nth++) {
    const work = session.writer.write({ drafts: draftsOf(60, 60 * nth), actor: ACTOR, atomic: false });
    works.push(
      work.then((outcomes) => {
        answered.push(nth);
        return outcomes;
      }),
    );
    await Promise.resolve();
  }
  const key = await makeSigningKey();
  for (let turn = 0; turn < 20; turn++) await sign(key, new Uint8Array(1)); // by then the five are signed too
  expect([sizes, answered]).toEqual([[300], []]);
  held.shift()?.();
  await expect.poll(() => held.length).toBe(1);
  expect([sizes, answered]).toEqual([
    [300, 300],
    [0, 1, 2, 3, 4],
  ]);
  held.shift()?.();
  const outcomes = (await Promise.all(works)).flat();
  expect(outcomes.map((outcome) => (outcome.kind === 'committed' ? outcome.position : -1))).toEqual(
    outcomes.map((_, at) => at),
  );
  expect(await valuesOf(session)).toEqual(outcomes.map((_, at) => at));
  for (const stream of session.states.streams())
    expect(session.snapshot(stream)).toEqual((await open(inner, `pipeline-${names}`)).snapshot(stream));
});

it('when a transaction of several batches loses its answer, all of them are told so, and nothing is recorded twice [REC-01, REC-08]', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 50, max: 200 }), { minLength: 3, maxLength: 8 }),
      fc.nat(3),
      async (counts, lost) => {
        let appends = 0;
        const storage = hookedStorage(memoryStorage(), {
          after: (call) => {
            if (call === 'append' && appends++ === lost) throw new StoreError('storage.failed');
          },
        });
        names += 1;
        const session = await open(storage, `pipeline-${names}`);
        let from = 0;
        const works: Promise<Ended>[] = [];
        for (const count of counts) {
          works.push(endOf(session.writer.write({ drafts: draftsOf(count, from), actor: ACTOR, atomic: false })));
          from += count;
          await Promise.resolve();
        }
        const ended = await Promise.all(works);
        await session.log.catchUp();
        const values = await valuesOf(session);
        expect(new Set(values).size).toBe(values.length);
        const ids = await idsOf(session);
        for (const { position: at, eventId } of committedIn(ended)) expect(ids[at]).toBe(eventId);
      },
    ),
    { numRuns: 12 },
  );
});
