/** Reads lines that are not of the format for the commits they may hold, so that a damaged event still has its place. */
import type { Findings } from './findings.ts';
import type { LogCheck } from './logCheck.ts';
import { VERIFY_LIMITS } from './report.ts';
import { guessCommits, isFirstHalf, isSecondHalf, mayBeCommit } from './salvage.ts';

type Damaged = { readonly at: number; readonly bytes: Uint8Array; readonly what: string };

export type DamageReader = {
  /** Takes line `at`, which is not of the format. */
  readonly take: (at: number, bytes: Uint8Array, what: string) => Promise<void>;
  /** Works off a line that was kept because its other half might follow. To be called before any other commit. */
  readonly flush: () => Promise<void>;
};

/** The two halves with one character for the newline between them; it is read like any other wrong character. */
const joinHalves = (first: Damaged, second: Uint8Array): Damaged => {
  const bytes = new Uint8Array(first.bytes.length + 1 + second.length);
  bytes.set(first.bytes);
  bytes.set(second, first.bytes.length + 1);
  return { ...first, bytes };
};

/** Hands what it makes out to `log`, and the rest to `findings`. */
export const readDamage = (log: LogCheck, findings: Findings): DamageReader => {
  let held: Damaged | undefined;
  const report = async ({ at, bytes, what }: Damaged): Promise<void> => {
    const guesses = mayBeCommit(bytes) ? guessCommits(bytes) : [];
    for (const { first, second } of guesses) {
      const candidate = { at, bytes: first, damage: what };
      await log.push(second === undefined ? candidate : { ...candidate, second });
    }
    if (guesses.length > 0) return;
    if (mayBeCommit(bytes)) log.raiseUnplaced(at, { code: 'bundle.malformed', what });
    else findings.raise(at, { code: 'bundle.malformed', line: at, what });
  };
  const flush = async (): Promise<void> => {
    const line = held;
    held = undefined;
    if (line !== undefined) await report(line);
  };
  return {
    take: async (at, bytes, what) => {
      const isRest = held !== undefined && held.at === at - 1 && isSecondHalf(bytes);
      if (held !== undefined && isRest && held.bytes.length + bytes.length < VERIFY_LIMITS.lineBytesMax) {
        held = joinHalves(held, bytes);
        return flush();
      }
      await flush();
      const line = { at, bytes: bytes.slice(), what };
      if (isFirstHalf(bytes)) held = line;
      else await report(line);
    },
    flush,
  };
};
