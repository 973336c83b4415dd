/** Rollups: what rows come to, group by group. Contract only; what keeps the groups is `groups.ts`. */
import type { Row, Where } from './query.ts';
import type { ViewDefinition } from './view.ts';

/**
 * What is told of a group: how many rows there are of a kind, the sum of a member (of what is a finite number), or its
 * least or greatest value (of numbers and texts; undefined if there is none).
 */
export type Measure<R extends Row = Row> =
  | { readonly count: Where<R> }
  | { readonly sum: keyof R & string }
  | { readonly min: keyof R & string }
  | { readonly max: keyof R & string };

export type MeasureValue<R extends Row, M> = M extends
  | { readonly min: infer K extends keyof R }
  | { readonly max: infer K extends keyof R }
  ? R[K] | undefined
  : number;

export type RollupRow<R extends Row, G extends keyof R, M> = Readonly<Pick<R, G>> & {
  readonly [K in keyof M]: MeasureValue<R, M[K]>;
};

export type RollupDefinition<R extends Row = Row> = {
  readonly name: string;
  readonly of: ViewDefinition | RollupDefinition;
  readonly where: Where<Row>;
  readonly groupBy: readonly string[];
  readonly measures: Readonly<Record<string, Measure>>;
  readonly indexes: readonly (readonly string[])[];
  /** Never there: it tells the type of a row. */
  readonly rowType?: R;
};

/**
 * Defines a rollup over a view, or over another rollup: one row for each group that has rows, with the members grouped by and the
 * measures. No member to group by: one group for all.
 */
export const defineRollup = <
  R extends Row,
  const G extends keyof R & string,
  const M extends Readonly<Record<string, Measure<R>>>,
>(input: {
  readonly name: string;
  readonly of: ViewDefinition<R> | RollupDefinition<R>;
  /** Which rows are told of; all if absent. */
  readonly where?: Where<R>;
  readonly groupBy: readonly G[];
  readonly measures: M;
  readonly indexes?: readonly (readonly (G | (keyof M & string))[])[];
}): RollupDefinition<RollupRow<R, G, M>> => ({
  name: input.name,
  of: input.of,
  where: input.where ?? {},
  groupBy: input.groupBy,
  measures: input.measures,
  indexes: input.indexes ?? [],
});
