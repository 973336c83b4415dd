/** One row of the bench. `ratio` is figure to baseline; `min` and `max` are over the rounds, of the ratio where there is one. */
export type BenchRow = {
  readonly id: string;
  readonly what: string;
  readonly against: string | null;
  readonly figure: number | null;
  readonly unit: string;
  readonly baseline: number | null;
  readonly ratio: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly budget: string;
  /** Null for a row without a budget. */
  readonly holds: boolean | null;
  readonly n: number;
  readonly rounds: number;
};
export declare const tableOf: (rows: readonly BenchRow[]) => string;
export declare const machineOf: (browserVersion: string) => string;
export declare const writeDocument: (path: string, rows: readonly BenchRow[], machine: string) => void;
