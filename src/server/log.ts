/** Lines for operators on standard error: one JSON object each, holding codes, counts and tenants, never a value. */
import type { Logger } from '../core/ports.ts';

/** A logger that writes lines of at least `least` weight. */
export const lineLogger = (least: 'info' | 'warn' | 'error', nowMs: () => number): Logger => {
  const weights = { info: 0, warn: 1, error: 2 } as const;
  return {
    log: (level, code, details) => {
      if (weights[level] < weights[least]) return;
      console.error(JSON.stringify({ time: new Date(nowMs()).toISOString(), level, code, ...details }));
    },
  };
};

export const silentLogger: Logger = { log: () => undefined };
