/** Rows that did not open, kept as findings with their bytes: what cannot be read now is evidence. */
import type { Finding } from '../../core/commit.ts';
import type { Clock } from '../../core/ports.ts';
import { toHex32 } from '../../crypto/bytes.ts';
import { startHash } from '../../crypto/runningHash.ts';
import type { Cipher, Damage } from './cipher.ts';

export type DamageParts = {
  readonly cipher: Cipher;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly keepFinding: (finding: Finding, evidence: Uint8Array) => Promise<void>;
};

/** `sequence` is the local position of the row's first event; 0 beside the log. */
const findingOf = ({ table, at, sealed }: Damage, nowMs: number): Finding => {
  const hash = startHash();
  hash.update(sealed);
  return {
    identity: ['storage.corrupt', table, at, toHex32(hash.digest()).slice(0, 16)].join(':'),
    foundAt: new Date(nowMs).toISOString(),
    code: 'storage.corrupt',
    sequence: at,
    what: table,
  };
};

/** Keeps what was met. Where that fails too, the row lies where it was, and is met again. */
export const keepDamage = async ({ cipher, clock, keepFinding }: DamageParts): Promise<void> => {
  for (const met of cipher.takeDamage()) {
    await keepFinding(findingOf(met, clock.nowMs()), met.sealed).catch(() => undefined);
  }
};
