/**
 * Views: rows derived from the state of aggregates of one type.
 *
 * A view is a function of the set of events, so late events converge. Law: `view.laws` (incremental equals rebuild).
 */
import type { AggregateDefinition, EventDefinitions, MachineState } from '../core/aggregate.ts';
import type { Conflict, SettledConflict } from '../core/fold.ts';
import type { AggregateId } from '../core/ids.ts';
import { sameJson } from '../core/json.ts';

/** What is known of one aggregate: its state, and how far that may be relied on. */
export type AggregateSnapshot<C = unknown> = {
  readonly id: AggregateId;
  /** The machine's state. */
  readonly value: MachineState['value'];
  readonly context: C;
  /** Number of events folded. */
  readonly version: number;
  /** Keys with several heads. While a key is in conflict its value in `context` is not to be shown as decided. */
  readonly conflicts: readonly Conflict[];
  /** Conflicts that the aggregate's policy has settled, with the event that counts and those that do not. */
  readonly settled: readonly SettledConflict[];
  /**
   * The state without what is in open conflict, for a row that has to say one thing: the value of a key in conflict is the last
   * one that nobody contests. The same as value and context where nothing is in conflict.
   */
  readonly uncontested: { readonly value: MachineState['value']; readonly context: C };
  /** Own events that the server has not confirmed. */
  readonly pending: number;
  /** True if something in the stream is not understood by this version of the application. */
  readonly readOnly: boolean;
  /** Events without effect in the merged order, overruled by a policy, or that cannot be read. */
  readonly inapplicable: number;
};

/** One line of a view: named JSON values. */
export type Row = Readonly<Record<string, unknown>>;

export type ViewDefinition<R extends Row = Row> = {
  readonly name: string;
  readonly type: AggregateDefinition['type'];
  /** The row of one aggregate; undefined for none. Pure. */
  readonly row: (snapshot: AggregateSnapshot) => R | undefined;
};

/** Defines a view: at most one row for each aggregate of one type. */
export const defineView = <R extends Row, E extends EventDefinitions, C>(input: {
  readonly name: string;
  readonly of: AggregateDefinition<E, C>;
  readonly row: (snapshot: AggregateSnapshot<C>) => R | undefined;
}): ViewDefinition<R> => ({
  name: input.name,
  type: input.of.type,
  // the runner hands over snapshots of this aggregate type only
  row: (snapshot) => input.row(snapshot as AggregateSnapshot<C>),
});

/** True if two rows show the same. */
export const sameRow = (a: Row | undefined, b: Row | undefined): boolean => a === b || sameJson(a, b);
