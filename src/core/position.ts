/** Places in logs: what each counter counts, and the checking constructor of each. */
import { StoreError } from './errors.ts';
import type { Brand, ReplicaId } from './ids.ts';

/** Zero-based place of an event in one log. */
export type Position = Brand<number, 'Position'>;
/** Number of events in one log: the position of the last + 1. */
export type Size = Brand<number, 'Size'>;
/** Counter of one replica: 1 for its first event, without gaps. */
export type Sequence = Brand<number, 'Sequence'>;
/** Number of events in one stream. */
export type Version = Brand<number, 'Version'>;
/** One event's place: which replica wrote it, and as its how-manieth event. */
export type Dot = { readonly replica: ReplicaId; readonly sequence: Sequence };

const integer = (kind: string, value: number, min: number): number => {
  if (!Number.isSafeInteger(value) || value < min) throw new StoreError('id.malformed', { kind });
  return value;
};
/** @throws StoreError `id.malformed` unless a whole number from 0 to 2^53 - 1 */
export const position = (value: number): Position => integer('position', value, 0) as Position;
/** @throws StoreError `id.malformed` unless a whole number from 0 to 2^53 - 1 */
export const size = (value: number): Size => integer('size', value, 0) as Size;
/** @throws StoreError `id.malformed` unless a whole number from 1 to 2^53 - 1 */
export const sequence = (value: number): Sequence => integer('sequence', value, 1) as Sequence;
/** @throws StoreError `id.malformed` unless a whole number from 0 to 2^53 - 1 */
export const version = (value: number): Version => integer('version', value, 0) as Version;
