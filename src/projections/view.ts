/**
 * Views: rows derived from the state of aggregates of one type.
 *
 * A view is a function of the set of events, so late events converge. Law: `view.laws` (incremental equals rebuild).
 */
import type { AggregateDefinition, EventDefinitions, MachineState } from '../core/aggregate.ts';
import type { Conflict, SettledConflict } from '../core/fold.ts';
import type { AggregateId } from '../core/ids.ts';
import { sameJson } from '../core/json.ts';
import type { Row } from './query.ts';

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
  /** True if an event of it is known to lie in a record that cannot be read: what is shown misses it, and nothing is recorded on it. */
  readonly damaged: boolean;
  /**
   * True until the aggregate is folded anew after its schemas or machine have changed. The state is then of the ones before, in their
   * shape, and may miss the newest events; version 0 if none was kept.
   */
  readonly stale: boolean;
  /** Events without effect in the merged order, overruled by a policy, or that cannot be read. */
  readonly inapplicable: number;
};

/** Says that keys of the row's aggregate are in conflict: no value of theirs is to be shown as decided. Absent otherwise. */
export type Conflicted = { readonly conflicted?: true };

export type ViewDefinition<R extends Row = Row> = {
  readonly name: string;
  readonly type: AggregateDefinition['type'];
  /** The row of one aggregate; undefined for none. Pure. */
  readonly row: (snapshot: AggregateSnapshot) => R | undefined;
  /** Members by which rows are found and ordered without looking at all of them; the members of each index, in order. */
  readonly indexes: readonly (readonly string[])[];
};

/**
 * Defines a view: at most one row for each aggregate of one type, under the aggregate's id. A row of an aggregate in conflict says so
 * by `conflicted: true`.
 */
export const defineView = <R extends Row, E extends EventDefinitions, C>(input: {
  readonly name: string;
  readonly of: AggregateDefinition<E, C>;
  readonly row: (snapshot: AggregateSnapshot<C>) => R | undefined;
  readonly indexes?: readonly (readonly (keyof NoInfer<R> & string)[])[];
}): ViewDefinition<R & Conflicted> => ({
  name: input.name,
  type: input.of.type,
  indexes: input.indexes ?? [],
  row: (snapshot) => {
    // the runner hands over snapshots of this aggregate type only
    const row = input.row(snapshot as AggregateSnapshot<C>);
    return row === undefined || snapshot.conflicts.length === 0 ? row : { ...row, conflicted: true };
  },
});

/** True if two rows show the same. */
export const sameRow = (a: Row | undefined, b: Row | undefined): boolean => a === b || sameJson(a, b);
