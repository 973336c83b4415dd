/** Simulated worlds: histories drawn by chance, lived with the product's own code, and looked at from outside. */
import { remember } from '../../crypto/remembered.ts';
import { loadFastSha256 } from '../../crypto/sha256.ts';
import { seededEntropy } from '../entropy.ts';
import { checkWorld } from './checker.ts';
import type { WorldModel } from './model.ts';
import { drawHistory, HONEST, type Weights } from './notation.ts';
import { type Signatures, signingPlatform } from './signingPlatform.ts';
import { visitModel } from './visit.ts';
import { endWorld, heal, live, openWorld } from './world.ts';

export { type WorldModel, worldModel } from './model.ts';
export { CLONES, DISHONEST, FLEET, HONEST, NOISY, REVOKED, ROUGH, TAMPERED, type Weights } from './notation.ts';
export type { Signatures } from './signingPlatform.ts';
export { visitModel } from './visit.ts';

export type HistoryOptions = {
  readonly seed: number;
  readonly operations?: number;
  readonly devices?: number;
  readonly weights?: Weights;
  readonly model?: WorldModel;
  /** Signatures of the world's own, or the platform's Ed25519: the same history, at a multiple of its cost. Simulated if absent. */
  readonly signatures?: Signatures;
};

/** A history and what became of it. */
export type HistoryReport = {
  readonly seed: number;
  readonly history: readonly string[];
  /** What did not hold; nothing if all is well. */
  readonly violations: readonly string[];
  /** How often each trouble really happened. */
  readonly injected: ReadonlyMap<string, number>;
  /** Events that somebody was told to be recorded. */
  readonly acknowledged: number;
};

/** Lives a history that is given, and checks it. */
export const liveHistory = async (
  history: readonly string[],
  { seed, devices = 5, model = visitModel, signatures = 'simulated' }: HistoryOptions,
): Promise<HistoryReport> => {
  await loadFastSha256();
  const freePlatform = signingPlatform(signatures, seed);
  // every device of a world reads the same commits and looks at the same signatures
  const forget = remember();
  try {
    const world = await openWorld({ model, devices, seed });
    try {
      for (const word of history) await live(world, word);
      await heal(world);
      const violations = await checkWorld(world);
      return { seed, history, violations, injected: world.injected, acknowledged: world.acknowledged.size };
    } finally {
      await endWorld(world);
    }
  } finally {
    forget();
    freePlatform();
  }
};

/** Draws a history from a seed, lives it, and checks it. */
export const drawnHistory = ({
  operations = 1_000,
  devices = 5,
  weights = HONEST,
  ...rest
}: HistoryOptions): Promise<HistoryReport> =>
  liveHistory(drawHistory(seededEntropy(rest.seed).below, { operations, devices, weights }), { ...rest, devices });

/** The first failure among drawn histories: what did not hold, and the shortest history found that shows it. */
export type Failure = Pick<HistoryReport, 'seed' | 'history' | 'violations'>;

export type CheckOptions = Omit<HistoryOptions, 'seed'> & {
  /** Seed of the first history; the others follow. */
  readonly seed?: number;
  readonly histories?: number;
  readonly onHistory?: (report: HistoryReport) => void;
};

const SHRINKS_MAX = 200;

/** What kind of failure it is: its words without the names of this world. */
const kindOf = ({ violations: [first = ''] }: Pick<HistoryReport, 'violations'>): string =>
  first.replaceAll(/[0-9a-f-]{20,}|\d+|\b[A-H]\d?\b/g, '');

/** Leaves out what is not needed to fail: half of the words first, then ever smaller parts. */
export const shrinkHistory = async (
  failing: HistoryReport,
  options: Omit<HistoryOptions, 'seed'>,
): Promise<Failure> => {
  let best = failing;
  let tries = 0;
  for (
    let part = Math.ceil(best.history.length / 2);
    part >= 1 && tries < SHRINKS_MAX;
    part = part === 1 ? 0 : Math.ceil(part / 2)
  ) {
    for (let at = 0; at < best.history.length && tries < SHRINKS_MAX; ) {
      tries += 1;
      const shorter = [...best.history.slice(0, at), ...best.history.slice(at + part)];
      const report = await liveHistory(shorter, { ...options, seed: best.seed });
      if (report.violations.length > 0 && kindOf(report) === kindOf(failing)) best = report;
      else at += part;
    }
  }
  return { seed: best.seed, history: best.history, violations: best.violations };
};

/** A failure as a person reads it. */
export const failureText = ({ seed, history, violations }: Failure): string =>
  [`seed ${seed}, ${history.length} operations: ${history.join(' ')}`, ...violations.slice(0, 10)].join('\n');

/** Lives histories until one fails, and shortens that one. @returns undefined if none fails */
export const findFailure = async (options: CheckOptions = {}): Promise<Failure | undefined> => {
  const { seed = 1, histories = 100, onHistory, ...rest } = options;
  for (let at = 0; at < histories; at++) {
    const report = await drawnHistory({ ...rest, seed: seed + at });
    onHistory?.(report);
    if (report.violations.length > 0) return shrinkHistory(report, rest);
  }
  return undefined;
};

/**
 * Holds an application's aggregate to the laws, in worlds that try to break them.
 * @throws Error with the seed, the shortest history found in the notation of `notation.ts`, and what did not hold; or if nothing
 *   was recorded at all
 */
export const checkAggregate = async (model: WorldModel, options: Omit<CheckOptions, 'model'> = {}): Promise<void> => {
  let recorded = 0;
  const onHistory = (report: HistoryReport): void => {
    recorded += report.acknowledged;
    options.onHistory?.(report);
  };
  const failure = await findFailure({ ...options, onHistory, model });
  if (failure !== undefined) throw new Error(failureText(failure));
  if (recorded === 0) throw new Error('no law was put to the test: every event that the model drew was refused');
};
