/** The XState machine behind an aggregate, as XState's own tools find it: in its snapshot. */
import type { AnyStateMachine, SnapshotFrom } from 'xstate';
import type { AggregateDefinition } from '../../../src/core/aggregate.ts';

const isSnapshot = (value: unknown): value is SnapshotFrom<AnyStateMachine> =>
  typeof value === 'object' && value !== null && 'machine' in value;

export const machineOfAggregate = ({ snapshotOf, replay, type }: AggregateDefinition): AnyStateMachine => {
  const snapshot = snapshotOf(replay.initial);
  if (!isSnapshot(snapshot)) throw new Error(`${type} shows no machine`);
  return snapshot.machine;
};
