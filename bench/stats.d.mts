export declare const quantile: (numbers: readonly number[], share: number) => number;
export declare const median: (numbers: readonly number[]) => number;
export declare const growthExponent: (points: readonly (readonly [size: number, cost: number])[]) => number;
export declare const spread: (numbers: readonly number[]) => {
  readonly figure: number;
  readonly min: number;
  readonly max: number;
};
export declare const round: (value: number) => number;
