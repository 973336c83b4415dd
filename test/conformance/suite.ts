/** The conformance kit under this project's test runner: one test for each law. */
import { describe, it } from 'vitest';
import { type ConformanceEngine, storageConformance } from '../../src/testing/conformance/index.ts';

export const describeStorage = (name: string, engine: ConformanceEngine): void => {
  describe(`storage: ${name} [REC-07]`, () => {
    for (const law of storageConformance(engine)) it(`${law.name} [${law.requirement}]`, law.run);
  });
};
