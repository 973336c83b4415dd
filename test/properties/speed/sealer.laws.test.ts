import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hash32 } from '../../../src/core/ids.ts';
import { replicaIdOf } from '../../../src/crypto/chain.ts';
import { checkCommit } from '../../../src/crypto/checkCommit.ts';
import { writeEvents } from '../../../src/crypto/eventText.ts';
import { encodeEvent, prepareCommit, sealContext, signCommit } from '../../../src/crypto/sealCommit.ts';
import { type CommitDraft, type SealedRun, type Sealer, sealHere } from '../../../src/crypto/sealer.ts';
import { sign } from '../../../src/crypto/signer.ts';
import { simulatedTime } from '../../../src/testing/index.ts';
import { answerer } from '../../../src/worker/answer.ts';
import type { Answer, HandedKey } from '../../../src/worker/messages.ts';
import { sealingPort, type Thread } from '../../../src/worker/port.ts';
import { sealWithWorker } from '../../../src/worker/sealer.ts';
import { bodyOf, contextOf, hex, KEY_A, KEY_B } from '../../unit/support.ts';
import { text } from '../facts/arbitraries.ts';

const REPLICA = replicaIdOf(KEY_A.publicKey);
const PREVIOUS = hash32(new Uint8Array(32).fill(7));

/** Sizes of the commits of one run: mostly single ones, as callers send them, and large ones, as an import does. */
const sizes = fc.array(
  fc.oneof({ weight: 6, arbitrary: fc.constant(1) }, fc.integer({ min: 2, max: 40 }), fc.integer({ min: 32, max: 90 })),
  { maxLength: 20 },
);
const runs = fc.record({ sizes, value: text, roles: fc.array(fc.constantFrom('a', 'b'), { maxLength: 40 }) });
type Run = { readonly sizes: readonly number[]; readonly value: string; readonly roles: readonly string[] };

const draftsOf = ({ sizes: counts, value, roles }: Run): readonly CommitDraft[] => {
  let sequence = 0;
  return counts.map((count, at) => {
    const actor = { ...contextOf(REPLICA).actor, role: roles[at] ?? 'site' };
    const bodies = Array.from({ length: count }, () => {
      sequence += 1;
      return bodyOf(sequence, { payload: { value, at: sequence } });
    });
    return { context: sealContext(contextOf(REPLICA, { actor })), events: writeEvents(bodies) };
  });
};

/** Each commit by the clear way, one after the other. */
const clearly = async (drafts: readonly CommitDraft[]) => {
  let link = PREVIOUS;
  const commits = [];
  for (const { context, events } of drafts) {
    const encoded = events.bodies.map(encodeEvent);
    const first = encoded[0]?.body.sequence ?? bodyOf(1).sequence;
    const prepared = prepareCommit({ key: KEY_A, context, first, previous: link, events: encoded });
    link = prepared.link;
    commits.push(await signCommit(KEY_A, prepared));
  }
  return { commits, link };
};

const sealed = async (sealer: Sealer, drafts: readonly CommitDraft[]) => {
  const run = sealer.begin(KEY_A, PREVIOUS);
  drafts.forEach(run.add);
  return run.end();
};

type Manner = (nth: number, done: Promise<Answer>) => Promise<Answer | 'silent' | 'dies'>;

/** A thread in this one, that behaves as `manner` says; real threads are in the browser's suite. */
const threadOf = (manner: Manner) => (): Thread => {
  let asked = 0;
  let ended = false;
  let handed: HandedKey | undefined;
  const answer = answerer();
  const thread: Thread = {
    onmessage: null,
    onerror: null,
    onmessageerror: null,
    terminate: () => {
      ended = true;
    },
    postMessage: ({ id, key, request }, transfer) => {
      handed = key ?? handed;
      void manner(asked++, answer(handed, structuredClone(request, { transfer }))).then((found) => {
        if (ended || found === 'silent') return;
        if (found === 'dies') thread.onerror?.call(thread, Object.assign(new Event('error'), ERROR));
        else thread.onmessage?.(new MessageEvent('message', { data: { kind: 'answer', id, answer: found } }));
      });
    },
  };
  queueMicrotask(() => thread.onmessage?.(new MessageEvent('message', { data: { kind: 'ready' } })));
  return thread;
};
const ERROR = { message: '', filename: '', lineno: 0, colno: 0, error: undefined };

const helped = (open: () => Thread | undefined) => {
  const time = simulatedTime();
  const port = sealingPort(open, time.scheduler);
  return { port, time, sealer: sealWithWorker(port) };
};

const MANNERS: Readonly<Record<string, Manner>> = {
  works: async (_, done) => done,
  'refuses every second request': async (nth, done) => (nth % 2 === 0 ? done : { kind: 'failed' }),
  'dies at the third request': async (nth, done) => (nth < 2 ? done : 'dies'),
  'is silent from the second request on': async (nth, done) => (nth < 1 ? done : 'silent'),
};

describe('every sealer gives the bytes of the clear way', () => {
  it('on the page’s own thread, for any run of commits [FMT-07]', async () => {
    await fc.assert(
      fc.asyncProperty(runs, async (run) => {
        const drafts = draftsOf(run);
        expect(await sealed(sealHere, drafts)).toEqual(await clearly(drafts));
      }),
      { numRuns: 20 },
    );
  });

  for (const [name, manner] of Object.entries(MANNERS)) {
    it(`with a worker that ${name}, for any runs one after the other [FMT-07]`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(runs, { minLength: 2, maxLength: 2 }), async (all) => {
          const { sealer, time } = helped(threadOf(manner));
          for (const run of all) {
            const drafts = draftsOf(run);
            const work = sealed(sealer, drafts);
            let ended = false;
            void work.finally(() => {
              ended = true;
            });
            while (!ended) {
              await new Promise((resolve) => setTimeout(resolve, 1));
              time.advance(1_000);
            }
            const [found, expected] = [await work, await clearly(drafts)];
            expect(found.commits.map(({ bytes }) => hex(bytes))).toEqual(
              expected.commits.map(({ bytes }) => hex(bytes)),
            );
            expect(found).toEqual(expected);
          }
          sealer.close();
        }),
        { numRuns: 5 },
      );
    });
  }

  it('where there is no worker, or the page may not start one, or hands over what cannot be cloned [FMT-07]', async () => {
    const forbidden = () => {
      throw new DOMException('', 'SecurityError');
    };
    const unclonable = (): Thread => ({
      ...threadOf(async (_, done) => done)(),
      postMessage: () => {
        throw new DOMException('', 'DataCloneError');
      },
    });
    const drafts = draftsOf({ sizes: [1, 1, 1, 1, 1, 1, 100, 1, 30], value: 'x', roles: [] });
    const expected = await clearly(drafts);
    for (const open of [() => undefined, forbidden, unclonable]) {
      const { sealer } = helped(open);
      for (let round = 0; round < 4; round++) expect(await sealed(sealer, drafts)).toEqual(expected);
    }
  });

  it('and they are sound [FMT-07]', async () => {
    const { sealer, port } = helped(threadOf(async (_, done) => done));
    port.start();
    await Promise.resolve();
    expect(port.isReady()).toBe(true);
    const { commits } = await sealed(
      sealer,
      draftsOf({ sizes: [150, ...Array<number>(30).fill(1)], value: 'x', roles: [] }),
    );
    for (const { bytes } of commits) expect(await checkCommit(bytes)).toMatchObject({ kind: 'sound' });
  });
});

describe('runs that continue each other before the ones before them have ended', () => {
  for (const [name, manner] of Object.entries(MANNERS)) {
    it(`give the bytes of the clear way with a worker that ${name}, for any runs [FMT-07, BEN-03]`, async () => {
      const sizesOfRuns = fc.array(sizes, { minLength: 2, maxLength: 6 });
      await fc.assert(
        fc.asyncProperty(sizesOfRuns, async (all) => {
          const { sealer, time } = helped(threadOf(manner));
          const drafts = draftsOf({ sizes: all.flat(), value: 'x', roles: [] });
          const ended: Promise<SealedRun>[] = [];
          let [run, from] = [sealer.begin(KEY_A, PREVIOUS), 0];
          for (const { length } of all) {
            if (ended.length > 0) run = run.next();
            drafts.slice(from, from + length).forEach(run.add);
            from += length;
            ended.push(run.end());
          }
          let isOver = false;
          const work = Promise.all(ended).finally(() => {
            isOver = true;
          });
          while (!isOver) {
            await new Promise((resolve) => setTimeout(resolve, 1));
            time.advance(1_000);
          }
          const found = await work;
          expect({ commits: found.flatMap(({ commits }) => commits), link: found.at(-1)?.link }).toEqual(
            await clearly(drafts),
          );
          sealer.close();
        }),
        { numRuns: 6 },
      );
    });
  }

  it('are sealed by the page when the worker continues another chain than was asked for [FMT-07]', async () => {
    const other = draftsOf({ sizes: [40], value: 'other', roles: [] });
    const wrong: Manner = async (nth, done) => {
      if (nth !== 1) return done;
      const elsewhere = sealHere.begin(KEY_A, hash32(new Uint8Array(32)));
      other.forEach(elsewhere.add);
      const { commits } = await elsewhere.end();
      return { kind: 'sealed', commits: commits.map(({ bytes }) => new Uint8Array(bytes)), links: [PREVIOUS] };
    };
    const { sealer } = helped(threadOf(wrong));
    const drafts = draftsOf({ sizes: [40, 40], value: 'x', roles: [] });
    const [first, second] = [sealer.begin(KEY_A, PREVIOUS), drafts.slice(1)];
    drafts.slice(0, 1).forEach(first.add);
    const ended = [first.end()];
    const next = first.next();
    second.forEach(next.add);
    ended.push(next.end());
    const commits = (await Promise.all(ended)).flatMap((run) => run.commits);
    expect(commits).toEqual((await clearly(drafts)).commits);
    sealer.close();
  });
});

describe('the sealing worker', () => {
  it('signs with the key it is asked for, whichever it was asked for before, also after it was ended [FMT-07]', async () => {
    const { port } = helped(threadOf(async (_, done) => done));
    const messages = new Uint8Array(132).fill(9);
    for (const key of [KEY_A, KEY_A, KEY_B, KEY_A, KEY_B, KEY_B]) {
      port.start();
      const signatures = await sign(key, messages);
      expect(await port.ask(key, { kind: 'sign', messages, count: 1 })).toEqual({ kind: 'signed', signatures });
      if (key === KEY_B) port.close();
      expect(await sign(key, messages)).toEqual(signatures);
    }
    expect(await port.ask(KEY_A, { kind: 'sign', messages, count: 1 })).toEqual({ kind: 'failed' });
  });

  it('is ended when it has had nothing to do for a while, and started again [BEN-03]', async () => {
    let started = 0;
    const { port, time } = helped(() => {
      started += 1;
      return threadOf(async (_, done) => done)();
    });
    for (let round = 1; round <= 3; round++) {
      port.start();
      await Promise.resolve();
      expect([port.isReady(), started]).toEqual([true, round]);
      time.advance(60_000);
      expect(port.isReady()).toBe(false);
    }
  });

  it('is done without after it failed three times [BEN-03]', async () => {
    let started = 0;
    const { port } = helped(() => {
      started += 1;
      return threadOf(async () => 'dies')();
    });
    for (let round = 0; round < 6; round++) {
      port.start();
      await Promise.resolve();
      expect(await port.ask(KEY_A, { kind: 'sign', messages: new Uint8Array(2), count: 1 })).toEqual({
        kind: 'failed',
      });
    }
    expect([started, port.isReady()]).toEqual([3, false]);
  });
});
