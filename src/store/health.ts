/**
 * Health: checks that run when asked, each by itself, each within its time. A check that fails is a warning and ends
 * nothing; what is told holds counts, codes, identifiers and times, never a value of any record. Laws: `health.laws`.
 */
import { isStoreError } from '../core/errors.ts';
import type { Scheduler } from '../core/ports.ts';
import { CHECKS, type CheckFacts, type HealthCheckName, type HealthParts, type Warning } from './healthChecks.ts';
import { HEALTH_TEXT, type HealthCode } from './healthText.ts';

/** Something that a person should know, and what to do about it. `details`: counts, codes, identifiers, times. */
export type HealthWarning = {
  readonly code: HealthCode;
  readonly details: CheckFacts;
  readonly means: string;
  readonly action: string;
};

/** One check: what it found wrong, and what it measured. */
export type HealthCheck = {
  readonly name: HealthCheckName;
  readonly ok: boolean;
  readonly warnings: readonly HealthWarning[];
  readonly facts: CheckFacts;
  readonly tookMs: number;
};

export type HealthReport = {
  /** Device time, RFC 3339 UTC. */
  readonly at: string;
  /** True if no check has a warning. */
  readonly ok: boolean;
  readonly checks: readonly HealthCheck[];
};

export type HealthOptions = {
  /** Bound of each check; 20 seconds if absent. */
  readonly checkMs?: number;
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
};

const CHECK_MS = 20_000;

const TOOK_TOO_LONG = Symbol('took too long');

/** The work's result, unless it takes too long: then the signal tells it to stop, and nobody waits for it. */
const within = async <T>(scheduler: Scheduler, ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const ended = new AbortController();
  let cancel: () => void = () => undefined;
  const late = new Promise<never>((_, reject) => {
    cancel = scheduler.after(ms, () => {
      ended.abort();
      reject(TOOK_TOO_LONG);
    });
  });
  try {
    return await Promise.race([work(ended.signal), late]);
  } finally {
    cancel();
  }
};

const warningOf = (error: unknown, checkMs: number): Warning =>
  error === TOOK_TOO_LONG
    ? { code: 'health.check-slow', details: { checkMs } }
    : { code: 'health.check-failed', details: { cause: isStoreError(error) ? error.code : 'invariant.broken' } };

const told = (warning: Warning): HealthWarning => ({ ...warning, ...HEALTH_TEXT[warning.code] });

const runCheck = async (name: HealthCheckName, parts: HealthParts, checkMs: number): Promise<HealthCheck> => {
  const startMs = parts.clock.uptimeMs();
  const tookMs = () => Math.max(0, Math.round(parts.clock.uptimeMs() - startMs));
  try {
    const { warnings, facts } = await within(parts.scheduler, checkMs, (signal) => CHECKS[name](parts, signal));
    return { name, ok: warnings.length === 0, warnings: warnings.map(told), facts, tookMs: tookMs() };
  } catch (error) {
    return { name, ok: false, warnings: [told(warningOf(error, checkMs))], facts: {}, tookMs: tookMs() };
  }
};

/** Runs every check, one after the other. Never throws. */
export const checkHealth = async (parts: HealthParts, options: HealthOptions = {}): Promise<HealthReport> => {
  const { checkMs = CHECK_MS, onProgress } = options;
  const names = Object.keys(CHECKS).filter((name): name is HealthCheckName => Object.hasOwn(CHECKS, name));
  const checks: HealthCheck[] = [];
  for (const name of names) {
    checks.push(await runCheck(name, parts, checkMs));
    onProgress?.({ done: checks.length, total: names.length });
  }
  return { at: new Date(parts.clock.nowMs()).toISOString(), ok: checks.every(({ ok }) => ok), checks };
};
