/** For tests of applications: time, randomness, storage and network that a test owns; examples and arbitraries. Names are listed by hand. */
export { arbitraryOf, type GivenArbitraries, openedArbitraryOf } from './arbitraries.ts';
export {
  type ConformanceEngine,
  ConformanceError,
  type ConformanceLaw,
  type ConformancePlace,
  FAULT_KINDS,
  type FaultKind,
  type FaultStep,
  isSilent,
  makeFaults,
  type StorageFaults,
  storageConformance,
} from './conformance/index.ts';
export { type SeededEntropy, seededEntropy } from './entropy.ts';
export { ExampleError } from './example.ts';
export { faultyIndexedDb } from './faultyIndexedDb.ts';
export { type Expected, given, type RefusedFor, type Then, type When } from './given.ts';
export { givenRows, type Histories, type Rows } from './givenRows.ts';
export { type Disturbance, simulatedNetwork, UNDISTURBED } from './network.ts';
export { type SimulatedRequest, type SimulatedServer, simulatedServer } from './server.ts';
export { hookedStorage, type StorageCall, type StorageHooks } from './storage.ts';
export { type SimulatedTime, simulatedTime } from './time.ts';
export {
  type CheckOptions,
  CLONES,
  checkAggregate,
  DISHONEST,
  drawnHistory,
  type Failure,
  FLEET,
  failureText,
  findFailure,
  type HistoryOptions,
  type HistoryReport,
  HONEST,
  liveHistory,
  NOISY,
  REVOKED,
  ROUGH,
  shrinkHistory,
  TAMPERED,
  visitModel,
  type Weights,
  type WorldModel,
  worldModel,
} from './world/index.ts';
