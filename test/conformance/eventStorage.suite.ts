/**
 * The conformance suite of the storage port: every law of `src/storage/port.ts`, for any engine, whole. Each case works
 * in a place of its own and ends in the verifier where it has stored commits.
 */
import { describe } from 'vitest';
import type { Engine } from './engine.ts';
import { appendLaws } from './laws/append.ts';
import { connectionLaws } from './laws/connections.ts';
import { faultLaws } from './laws/faults.ts';
import { modelLaw } from './laws/model.ts';
import { packingLaws } from './laws/packing.ts';
import { readLaws } from './laws/read.ts';
import { sideLaws } from './laws/side.ts';

export const describeEventStorage = (name: string, engine: Engine): void => {
  describe(`storage: ${name}`, () => {
    appendLaws(engine);
    readLaws(engine);
    packingLaws(engine);
    sideLaws(engine);
    connectionLaws(engine);
    modelLaw(engine);
    faultLaws(engine);
  });
};
