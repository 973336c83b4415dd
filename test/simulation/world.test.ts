/** Worlds of five devices that live histories drawn by chance, honest ones and rough ones; and worlds over a product that is broken. */
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { FAULTS } from '../../scripts/world.mjs';
import { defineAggregate, defineEvent } from '../../src/index.ts';
import {
  CLONES,
  checkAggregate,
  DISHONEST,
  drawnHistory,
  FLEET,
  failureText,
  type HistoryReport,
  HONEST,
  liveHistory,
  NOISY,
  REVOKED,
  ROUGH,
  TAMPERED,
  type Weights,
  worldModel,
} from '../../src/testing/index.ts';
import type * as Simulated from '../../src/testing/world/index.ts';
import { withMutant } from '../support/mutants.ts';
import { MUTANT_OPERATIONS, MUTANTS, mutantTable, WORLD, weightsOf } from './worldMutants.ts';

const OPERATIONS = 250;
/** The environment may ask for more of each kind, never for fewer. */
const HISTORIES = Math.max(16, Number(process.env['INDELIBLE_WORLD_HISTORIES'] ?? 0));
const SEED = Number(process.env['INDELIBLE_WORLD_SEED'] ?? 1);
const RUN_MS_MAX = 300_000 * Math.ceil(HISTORIES / 16);

/** Kinds that rest on what the others have shown already. */
const FEWER = HISTORIES / 4;

const lived = async (weights: Weights, histories = HISTORIES): Promise<ReadonlyMap<string, number>> => {
  const met = new Map<string, number>();
  let acknowledged = 0;
  for (let seed = SEED; seed < SEED + histories; seed++) {
    const report: HistoryReport = await drawnHistory({ seed, operations: OPERATIONS, weights });
    expect(report.violations, failureText(report)).toEqual([]);
    acknowledged += report.acknowledged;
    for (const [what, times] of report.injected) met.set(what, (met.get(what) ?? 0) + times);
  }
  const told = [...met].map(([what, times]) => `${what} ${times}`).join(', ');
  console.log(`seed ${SEED}: ${histories} histories, ${acknowledged} events acknowledged; ${told}`);
  return met;
};

const HONEST_TROUBLE = [
  'clock set',
  'connection lost',
  'disk full',
  'message: alter-answer',
  'message: drop-answer',
  'message: drop-request',
  'message: late',
  'message: repeat',
  'message: server.internal',
  'message: sync.rate-limited',
  'message: sync.unauthorised',
  'program killed',
  'program killed at a call to its disk',
  'records packed',
  'time passed',
];

const isTampering = (what: string): boolean => what.startsWith('disk: ') || what.startsWith("server's rows: ");
const TAMPERED_WITH = FAULTS.filter(isTampering);

it(
  'nothing that devices, people, network and disks do by themselves loses, reorders, invents or hides an event, or raises an alarm [SIM-01, SIM-02]',
  async () => expect([...(await lived(HONEST)).keys()].sort()).toEqual(HONEST_TROUBLE),
  RUN_MS_MAX,
);

it(
  'nor do clones, disks that are put back, and a server that is restored from an older backup, but for what is said to be lost [SIM-06]',
  async () => {
    const met = await lived(ROUGH);
    for (const what of ['device cloned', 'disk put back', 'server put back']) expect([...met.keys()]).toContain(what);
  },
  RUN_MS_MAX,
);

it(
  'what is done to a disk, or to the rows of the server, is found by name and place, by verification and by who begins on it [SIM-08, SIM-14]',
  async () => {
    const met = await lived(TAMPERED);
    expect([...met.keys()].filter(isTampering).sort()).toEqual(TAMPERED_WITH);
  },
  RUN_MS_MAX,
);

const LIES = FAULTS.filter((what) => what.startsWith('server: '));

it(
  'what a server does now and then against its devices is found in the exchange that shows it, and all end equal [SIM-07]',
  async () => {
    const met = await lived(DISHONEST);
    expect([...met.keys()].filter((what) => what.startsWith('server: ')).sort()).toEqual(LIES);
  },
  RUN_MS_MAX,
);

it(
  'an application that is updated and rolled back half-way through a fleet keeps what it does not know, and all end equal [SIM-10]',
  async () => {
    const met = await lived(FLEET, FEWER);
    for (const what of ['application updated', 'application rolled back']) expect([...met.keys()]).toContain(what);
  },
  RUN_MS_MAX,
);

it(
  'of a device or user taken off that goes on, what was recorded before is taken and pointed out on every other device, and the rest stays there, with why [SIM-11]',
  async () => {
    const met = await lived(REVOKED, FEWER);
    for (const what of ['device let in', 'device revoked', 'user taken off', 'revoked: commits not taken'])
      expect([...met.keys()]).toContain(what);
  },
  RUN_MS_MAX,
);

it(
  'a bit that is flipped in a message, either way, is evidence of that message and of nothing else, and clocks may run fast or slow [SIM-12]',
  async () => {
    const met = await lived(NOISY, FEWER);
    for (const what of [
      'clock runs fast or slow',
      'message: a bit of an answer flipped',
      'message: a bit of a request flipped',
    ])
      expect([...met.keys()]).toContain(what);
  },
  RUN_MS_MAX,
);

it.each(['C> C*1 C< C0+1 C<', 'S> C> C0+1 D1~ S< D0+1 C<', 'B> B0+0 B< B- B< B1+9', 'S> E> E1+4 E< E0+10 S<'])(
  'what a history has shown once does not come again: %s [SIM-06]',
  async (words) => expect((await liveHistory(words.split(' '), { seed: 202 })).violations).toEqual([]),
);

it('a commit of whose key a bit was flipped is found under the name that its bytes have then [SIM-08]', async () => {
  const report = await drawnHistory({ seed: 500_938, operations: 100, weights: TAMPERED });
  expect(report.violations, failureText(report)).toEqual([]);
});

it('one seed gives one history, with the same end [SIM-03]', async () => {
  // One after the other: worlds that live at once share what they remember of signatures, and one would wait where the other need not.
  const live = (seed: number) => drawnHistory({ seed, operations: 80, weights: CLONES });
  for (const seed of [7, 8, 9]) expect(await live(seed)).toEqual(await live(seed));
});

const FIRST = 1;
const short = (seed: number, weights: Weights) => ({ seed, operations: MUTANT_OPERATIONS, weights });

const OFTEN = MUTANTS.filter(({ more }) => more !== undefined).map((mutant) => JSON.stringify(weightsOf(mutant)));

it.each([...new Set([JSON.stringify(CLONES), ...OFTEN])])(
  'the histories that find what is broken leave nothing to find in the product as it is: %# [SIM-04]',
  async (weights) => {
    const report = await drawnHistory(short(FIRST, JSON.parse(weights)));
    expect(report.violations, failureText(report)).toEqual([]);
  },
);

it('the documentation lists every product that is broken, and how soon that is found [SIM-04]', async () => {
  const text = await readFile(new URL('../../docs/simulation.md', import.meta.url), 'utf8');
  expect(text).toContain(mutantTable(MUTANTS));
});

it.each(MUTANTS)(
  'worlds find within a stated number of histories that $name [SIM-04]',
  (mutant) =>
    withMutant(mutant, WORLD, async (world: typeof Simulated) => {
      const failure = async (seed: number): Promise<readonly string[]> => {
        try {
          return (await world.drawnHistory(short(seed, weightsOf(mutant)))).violations;
        } catch (error) {
          return [String(error)];
        }
      };
      const found: string[] = [];
      const end = FIRST + (mutant.within ?? 1);
      for (let seed = FIRST; seed < end && found.length === 0; seed++) found.push(...(await failure(seed)));
      expect(found.length).toBeGreaterThan(0);
    }),
  RUN_MS_MAX,
);

type Counted = { readonly type: 'Counted' };

/** A diary that counts with a number outside of its state: what it shows depends on what this device has folded before. */
const impure = () => {
  let outside = 0;
  const diaries = setup({ types: { context: {} as { readonly count: number }, events: {} as Counted } });
  return defineAggregate({
    type: 'diary',
    events: { Counted: defineEvent({ version: 1, schema: z.strictObject({}), touches: () => [] }) },
    machine: diaries.createMachine({
      context: { count: 0 },
      on: { Counted: { actions: diaries.assign(() => ({ count: ++outside })) } },
    }),
  });
};

it('an aggregate that breaks the laws is shown with its seed and a short history that can be lived again [SIM-05]', async () => {
  const model = worldModel({ aggregate: impure(), event: () => ({ type: 'Counted' }) });
  const told = await checkAggregate(model, { operations: 60, devices: 3 }).then(
    () => '',
    (error: unknown) => (error instanceof Error ? error.message : ''),
  );
  const [, seed = '', words = ''] = /^seed (\d+), \d+ operations: (.*)$/m.exec(told) ?? [];
  const history = words.split(' ').filter((word) => word !== '');
  expect(history.length).toBeLessThanOrEqual(4);
  expect(told).toContain('shows something else');
  expect((await liveHistory(history, { seed: Number(seed), devices: 3, model })).violations.length).toBeGreaterThan(0);
});

it('an aggregate whose machine takes nothing of what is drawn has not been checked, and that is said [SIM-05]', async () => {
  const refusing = defineAggregate({
    type: 'diary',
    events: { Counted: defineEvent({ version: 1, schema: z.strictObject({}) }) },
    machine: setup({}).createMachine({ on: { Counted: {} } }),
  });
  const model = worldModel({ aggregate: refusing, event: () => ({ type: 'Counted' }) });
  await expect(checkAggregate(model, { histories: 1, operations: 20, devices: 2 })).rejects.toThrow('put to the test');
});
