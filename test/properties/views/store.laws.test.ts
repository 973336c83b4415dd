/**
 * Laws of what a store shows, over whole stores: whatever was recorded, synced, settled, erased, cut off, compacted, updated or put back,
 * what was kept up step by step is what a store that folds the whole log makes; and replicas that hold the same events show the same rows.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { withMutant } from '../../support/mutants.ts';
import { MUTANTS } from './mutants.ts';
import type * as Shown from './shown.ts';
import { liveScript, scripts } from './shown.ts';

it('after every step what a store shows is what one that folds the whole log shows; equal sets of events show equal rows [PRJ-02, PRJ-03, PRJ-12, PRJ-17]', async () => {
  await fc.assert(fc.asyncProperty(scripts, liveScript), { numRuns: 8 });
});

/** Scripts of this seed find every mutant; so many of them are lived at most. */
const SEED = 3;
const SCRIPTS_MAX = 12;

it('the same scripts leave nothing to find in the product as it is [PRJ-19]', async () => {
  await fc.assert(fc.asyncProperty(scripts, liveScript), { seed: SEED, numRuns: SCRIPTS_MAX });
});

it.each(MUTANTS)('whole stores find within twelve scripts that $name [PRJ-19]', (mutant) =>
  withMutant(mutant, 'test/properties/views/shown.ts', async ({ firstUntrue }: typeof Shown) => {
    expect(await firstUntrue(SEED, SCRIPTS_MAX)).toBeGreaterThan(0);
  }),
);
