/** Findings of one store: kept with their evidence, or in mind until there is room. */
import { BehaviorSubject } from 'rxjs';
import type { Fault, Finding, RecordedEvent } from '../core/commit.ts';
import { isStoreError } from '../core/errors.ts';
import type { EventId } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import type { Clock } from '../core/ports.ts';
import { toHex32 } from '../crypto/bytes.ts';
import { canonicalBytes } from '../crypto/canonical.ts';
import { startHash } from '../crypto/runningHash.ts';
import type { EventStorage } from '../storage/port.ts';

type Kept = { readonly finding: Finding; readonly evidence: Uint8Array };

export type Findings = {
  /**
   * Keeps a fault with the bytes at fault. On a full device it is told all the same, and kept when there is room.
   * @returns true if it is kept, false if this program alone knows of it
   */
  readonly keep: (fault: Fault, evidence: Uint8Array) => Promise<boolean>;
  readonly all: () => Promise<readonly Finding[]>;
  /** Tells that there is one more. */
  readonly kept$: BehaviorSubject<undefined>;
};

const findingOf = (fault: Fault, evidence: Uint8Array, clock: Clock): Finding => {
  const hash = startHash();
  hash.update(evidence);
  const identity = [fault.code, fault.replica ?? '', fault.sequence, toHex32(hash.digest()).slice(0, 16)].join(':');
  return { ...fault, identity, foundAt: new Date(clock.nowMs()).toISOString() };
};

export const openFindings = (storage: EventStorage, clock: Clock): Findings => {
  const waiting = new Map<string, Kept>();
  const kept$ = new BehaviorSubject<undefined>(undefined);
  const tryToKeep = async ({ finding, evidence }: Kept): Promise<void> => {
    try {
      await storage.keepFinding(finding, evidence);
      waiting.delete(finding.identity);
    } catch (error) {
      if (!isStoreError(error, 'storage.quota-exceeded')) throw error;
      waiting.set(finding.identity, { finding, evidence });
    }
  };
  return {
    kept$,
    keep: async (fault, evidence) => {
      for (const kept of [...waiting.values()]) await tryToKeep(kept);
      const finding = findingOf(fault, evidence, clock);
      await tryToKeep({ finding, evidence });
      kept$.next(undefined);
      return !waiting.has(finding.identity);
    },
    all: async () => {
      const kept = (await storage.readFindings()).map(({ finding }) => finding);
      const isNew = ({ finding }: Kept) => !kept.some(({ identity }) => identity === finding.identity);
      return [...kept, ...[...waiting.values()].filter(isNew).map(({ finding }) => finding)];
    },
  };
};

/** Keeps a finding for each event whose payload does not satisfy its schema: once in a session, and of so many at most. */
export const unreadableTeller = (keep: Findings['keep']): ((event: RecordedEvent) => void) => {
  const told = new Set<EventId>();
  return ({ body, context }) => {
    if (told.has(body.id) || told.size >= LIMITS.unreadableFindingsMax) return;
    told.add(body.id);
    const fault = { code: 'event.unreadable', sequence: body.sequence, replica: context.replica } as const;
    keep(fault, canonicalBytes(body)).catch(() => told.delete(body.id)); // told when its stream is folded anew again
  };
};
