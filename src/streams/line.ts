/**
 * Folding the history of a stream that this device alone wrote: each event comes after all before it, so that what a fold
 * keeps besides the state is three numbers, and nobody sees the folds in between.
 *
 * Invariant: a line gives the state that `advanceState` gives for the same events, or does not take the event.
 * Law: `line.laws` (any history; `advanceState` as the oracle).
 */
import type { MachineState } from '../core/aggregate.ts';
import type { RecordedEvent } from '../core/commit.ts';
import { sequence } from '../core/position.ts';
import { EMPTY_VECTOR, seen, type VersionVector, withDot } from '../core/versionVector.ts';
import { type StreamReader, type StreamState, seenBy } from './streamState.ts';

/** The fold of a stream while it is nothing but own events in their order. */
export type Line = {
  state: MachineState;
  version: number;
  /** Highest own sequence in the stream. */
  upTo: number;
};

const namesNoOther = (vector: VersionVector, own: string): boolean => {
  for (const replica in vector) if (replica !== own) return false;
  return true;
};

const namesNobody = (vector: VersionVector): boolean => {
  for (const _ in vector) return false;
  return true;
};

/** The state as a line; undefined if there is more to it. */
export const lineOf = ({ fold }: StreamState, { own, basis }: StreamReader): Line | undefined => {
  const { state, version, frontier, ahead, cyclic, conflicts, settled } = fold;
  const isLine =
    !cyclic && conflicts.length + settled.length === 0 && namesNobody(ahead) && namesNoOther(frontier, own);
  return isLine && basis.isPlain() ? { state, version, upTo: seen(frontier, own) } : undefined;
};

/** The line as a state again. @param before  the state that it was made from */
export const stateOfLine = (
  { state, version, upTo }: Line,
  before: StreamState,
  { own }: StreamReader,
): StreamState => {
  if (version === before.fold.version) return before;
  const frontier = withDot(EMPTY_VECTOR, { replica: own, sequence: sequence(upTo) });
  return { ...before, fold: { ...before.fold, state, version, frontier } };
};

/**
 * Takes one more event; false if it has to be folded another way: by another replica, of another version of its schema,
 * unknown, not legal, or not after the line.
 */
export const advanceLine = (line: Line, event: RecordedEvent, reader: StreamReader): boolean => {
  const { definition, own } = reader;
  const { body, context, opened } = event;
  const isNext = context.replica === own && body.sequence > line.upTo;
  if (!isNext || seen(body.basis, own) > line.upTo || !namesNoOther(body.basis, own)) return false;
  if (definition.events.get(body.type)?.version !== body.schema) return false;
  const next = definition.replay.next(line.state, seenBy(definition, body.type, opened ?? body.payload, context));
  if (next === undefined) return false;
  line.state = next;
  line.version += 1;
  line.upTo = body.sequence;
  return true;
};
