/** What the people of a simulated world record: an application's aggregates, and a source of events for them. */
import type { AggregateDefinition, EventDefinitions, SendableEvent } from '../../machines/aggregate.ts';
import type { RollupDefinition } from '../../projections/rollup.ts';
import type { AggregateSnapshot, ViewDefinition } from '../../projections/view.ts';
import type { SeededEntropy } from '../entropy.ts';

/** Draws a whole number from 0 to `below` - 1. */
export type Draw = SeededEntropy['below'];

export type WorldModel = {
  readonly aggregate: AggregateDefinition;
  /** Views, and rollups each after what it is of: all replicas with the same events have to show the same rows of them. */
  readonly views: readonly (ViewDefinition | RollupDefinition)[];
  /** Something that a person may try to record, legal or not. */
  readonly event: (draw: Draw, state: AggregateSnapshot) => SendableEvent<EventDefinitions>;
  /** The next version of the application: devices are updated to it, and rolled back, one by one; in the end all are updated. */
  readonly next: WorldModel | undefined;
};

/** The newest version of an application. */
export const newestOf = (model: WorldModel): WorldModel => (model.next === undefined ? model : newestOf(model.next));

/** What people record in a world: events of one aggregate, drawn from the state in which it is shown to them. */
export const worldModel = <E extends EventDefinitions, C, S>(input: {
  readonly aggregate: AggregateDefinition<E, C, S>;
  readonly views?: readonly (ViewDefinition | RollupDefinition)[];
  readonly event: (draw: Draw, state: AggregateSnapshot<C>) => SendableEvent<E>;
  readonly next?: WorldModel;
}): WorldModel => ({
  aggregate: input.aggregate,
  views: input.views ?? [],
  next: input.next,
  // the world hands over snapshots of this aggregate only
  event: (draw, state) => input.event(draw, state as AggregateSnapshot<C>),
});
