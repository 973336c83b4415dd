/**
 * Worlds whose aggregate has a policy for conflicts: what it settles is what the events themselves tell of, losers and all, and it ends
 * as the policy has it.
 */
import { expect, it } from 'vitest';
import { failureText } from '../../src/testing/index.ts';
import { type Mutant, withMutant } from '../support/mutants.ts';
import type * as Lived from './policyWorld.ts';
import { livedUnder, POLICIES } from './policyWorld.ts';

const SEEDS = [1, 2];

it.each(Object.keys(POLICIES))(
  'conflicts under a policy (%s) are those of the events, end by the head that has to count, and what does not count is shown [SIM-13]',
  async (name) => {
    for (const seed of SEEDS) {
      const report = await livedUnder(name, seed);
      expect(report.violations, failureText(report)).toEqual([]);
      expect(report.acknowledged).toBeGreaterThan(20);
    }
  },
);

/** Each of them every device does alike: that devices are equal shows none. */
const MUTANTS: readonly (Mutant & { readonly policy: string })[] = [
  {
    name: 'of events as deep as each other the other replica comes first',
    policy: 'the last writer wins, by key',
    file: 'src/core/foldOrder.ts',
    from: 'compareText(a.context.replica, b.context.replica)',
    to: 'compareText(b.context.replica, a.context.replica)',
  },
  {
    name: 'the first writer wins',
    policy: 'the last writer wins',
    file: 'src/core/conflict.ts',
    from: '({ heads }) => heads.at(-1)?.body.id',
    to: '({ heads }) => heads.at(0)?.body.id',
  },
  {
    name: 'what differs is settled field by field',
    policy: 'fieldwise',
    file: 'src/machines/policy.ts',
    from: 'heads.every((head) => agree(',
    to: 'heads.some((head) => agree(',
  },
  {
    name: 'what is overruled has its effect all the same',
    policy: 'a rule of the application, by key',
    file: 'src/core/fold.ts',
    from: '!overruled.has(event) && ',
    to: '',
  },
  {
    name: 'what is overruled on one key loses its effect on another',
    policy: 'a rule of the application, by key',
    file: 'src/core/conflict.ts',
    from: 'return isAlone ? {',
    to: 'return isAlone || true ? {',
  },
];

it.each(MUTANTS)('a world finds within two histories that $name [SIM-04, SIM-13]', (mutant) =>
  withMutant(mutant, 'test/simulation/policyWorld.ts', async (world: typeof Lived) => {
    const found: string[] = [];
    for (const seed of SEEDS) {
      if (found.length === 0) found.push(...(await world.livedUnder(mutant.policy, seed)).violations);
    }
    expect(found.join('\n')).toMatch(/ends a conflict so|gives an effect to/);
  }),
);
