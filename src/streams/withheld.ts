/**
 * States as somebody would see them who opens no protected value: what is kept of a store whose states show opened ones. They are
 * folded from the log as it lies there, without a key, so nothing that was opened can get into them.
 *
 * Invariants: no opened value is in what is kept; it is what folding the whole log unopened gives, wherever it goes on from. Law:
 * `withheld.laws`.
 */
import type { RecordedEvent } from '../core/commit.ts';
import { StoreError } from '../core/errors.ts';
import { isRecord, type JsonObject } from '../core/json.ts';
import { position } from '../core/position.ts';
import { replaced, sealedFor } from '../core/protect.ts';
import { type PlacedSeal, sealedIn } from '../crypto/sealedValues.ts';
import type { AggregateStates } from './aggregateState.ts';
import type { CommittedBatch, Log } from './log.ts';
import type { Beside } from './scan.ts';
import { type KnownStates, NOTHING_KNOWN } from './tracker.ts';

/** Read at once: what comes out of the database is one turn, whatever is done with it. */
const READ_BYTES = 262_144;

const isObject = (value: unknown): value is JsonObject => isRecord(value);

const withheld = (event: RecordedEvent): RecordedEvent => {
  const found: PlacedSeal[] = [];
  sealedIn(event.body.payload, [], found);
  if (found.length === 0) return event;
  const opened = replaced(
    event.body.payload,
    found.map(({ way }) => ({ way, instead: sealedFor('waiting') })),
  );
  return isObject(opened) ? { ...event, opened } : event;
};

/** Events that nothing was opened of, with placeholders for what is sealed in them. */
const withheldBatch = (batch: CommittedBatch): CommittedBatch => ({ ...batch, events: batch.events.map(withheld) });

type WithheldParts = {
  readonly log: Pick<Log, 'size' | 'readAgain'>;
  readonly states: Pick<AggregateStates, 'beside'>;
  readonly breathe: () => Promise<void>;
};

/**
 * Folds the log unopened, from `known` to its end.
 * @param capture  called in the very moment in which the states are of all of the log   @throws StoreError `storage.*`
 */
export const foldWithheld = async <T>(
  { log, states, breathe }: WithheldParts,
  capture: (folded: ReturnType<Beside['folded']>) => T,
  known: KnownStates = NOTHING_KNOWN,
): Promise<T> => {
  const beside = states.beside(known);
  for (let at = known.size; at < log.size(); ) {
    const before = at;
    for await (const batch of log.readAgain(position(at), { pieceBytes: READ_BYTES, isSealed: true })) {
      beside.take(withheldBatch(batch));
      at = batch.size;
      await breathe();
    }
    if (at === before) throw new StoreError('storage.failed', { cause: 'the log ends before its size' });
  }
  return capture(beside.folded());
};
