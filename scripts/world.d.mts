/** What a run of many histories came to. */
export type WorldRun = {
  readonly histories: number;
  readonly operations: number;
  readonly acknowledged: number;
  /** Of each failure its seed, the shortest history found, and what did not hold. */
  readonly failures: readonly string[];
  readonly kinds: ReadonlyMap<string, number>;
  readonly injected: ReadonlyMap<string, number>;
  readonly seconds: number;
};

export const KINDS: readonly string[];
export const FAULTS: readonly string[];
export function missingFaults(run: Pick<WorldRun, 'injected'>): readonly string[];
export function bundleWorld(): Promise<string>;
export function runWorlds(parts: {
  readonly histories: number;
  readonly operations: number;
  /** 5 unless told. */
  readonly devices?: number;
  readonly seed: number;
  readonly threads: number;
  readonly kinds: readonly string[];
  readonly minutes?: number;
  /** A file with the world; bundled from the sources if absent. */
  readonly bundle?: string;
  readonly say: (line: string) => void;
  /** Ends the run when the histories that are being lived have ended. */
  readonly signal?: AbortSignal;
}): Promise<WorldRun>;
export function tableOf(run: WorldRun): readonly string[];
