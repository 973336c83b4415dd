/**
 * The conformance kit of the storage port: every law of it, for any adapter, whole, under any test runner. An adapter
 * that is held to these laws keeps a log that nothing is lost from. How to run it: `docs/conformance.md`.
 *
 * Owns: the laws. An adapter is never asked which of them it would like: what it cannot do, it does not pass.
 */
import { type ConformanceEngine, type ConformanceLaw, inPlace, type Law } from './engine.ts';
import { appendLaws } from './laws/append.ts';
import { connectionLaws } from './laws/connections.ts';
import { faultLaws, harmlessLaws } from './laws/faults.ts';
import { modelLaw } from './laws/model.ts';
import { packingLaws } from './laws/packing.ts';
import { readLaws } from './laws/read.ts';
import { sideLaws } from './laws/side.ts';

export { ConformanceError } from './check.ts';
export type { ConformanceEngine, ConformanceLaw, ConformancePlace } from './engine.ts';
export { FAULT_KINDS, type FaultKind, type FaultStep, isSilent, makeFaults, type StorageFaults } from './faults.ts';

/** Laws of an adapter, by what it says of its engine. */
const lawsFor = ({ faultKinds }: ConformanceEngine): readonly Law[] => [
  ...appendLaws,
  ...readLaws,
  ...packingLaws,
  ...sideLaws,
  ...connectionLaws,
  modelLaw,
  ...(faultKinds.length === 0 ? harmlessLaws : faultLaws(faultKinds)),
];

/**
 * Every law of the storage port, to be run in any order. Each works in a place of its own and ends in the verifier where
 * it has stored commits. `run` resolves if the adapter holds to the law, and rejects with a `ConformanceError` that says
 * what was expected and what came.
 */
export const storageConformance = (engine: ConformanceEngine): readonly ConformanceLaw[] =>
  lawsFor(engine).map(({ name, requirement, work }) => ({ name, requirement, run: () => inPlace(engine, work) }));
