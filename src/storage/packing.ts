/**
 * How commits fill records: the arithmetic of the port, the same for every adapter, without a word on tables. A record holds
 * commits back to back, as many as fit; a commit is never split. The model holds the adapters to it by their outcomes; what
 * must not be written twice is only the sum. Laws: "the commits of one append fill records in order, each as full as it may
 * be"; "what was committed reads back byte for byte".
 */
import { StoreError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { Size } from '../core/position.ts';
import type { CommitBytes } from './port.ts';

/** Commits back to back, from local position `at` on. */
export type PackedCommits = {
  readonly at: number;
  /** Events in all commits together. */
  readonly count: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Bytes of each commit. */
  readonly lengths: readonly number[];
  /** Events of each commit. */
  readonly events: readonly number[];
};

export const total = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0);

/** @throws StoreError `append.too-large` with the size and the limit */
export const checkCommit = ({ bytes, events }: CommitBytes): void => {
  const fits = bytes.length >= 1 && bytes.length <= LIMITS.commitBytesMax;
  const counts = Number.isInteger(events) && events >= 1 && events <= LIMITS.commitEventsMax;
  if (!fits || !counts) {
    const { commitEventsMax: eventsMax, commitBytesMax: bytesMax } = LIMITS;
    throw new StoreError('append.too-large', { what: 'commit', events, eventsMax, bytes: bytes.length, bytesMax });
  }
};

/** The commits in groups, each as large as one record may be. @throws StoreError `append.too-large` */
export const groupCommits = (
  commits: readonly CommitBytes[],
  recordBytesMax: number,
): readonly (readonly CommitBytes[])[] => {
  const groups: CommitBytes[][] = [];
  let room = 0;
  for (const commit of commits) {
    checkCommit(commit);
    if (commit.bytes.length > room) {
      groups.push([]);
      room = recordBytesMax;
    }
    groups.at(-1)?.push(commit);
    room -= commit.bytes.length;
  }
  return groups;
};

/** One record of all the commits; the bytes are copied. */
export const packCommits = (at: number, commits: readonly CommitBytes[]): PackedCommits => {
  const lengths = commits.map(({ bytes }) => bytes.length);
  const events = commits.map((commit) => commit.events);
  const bytes = new Uint8Array(total(lengths));
  let from = 0;
  for (const commit of commits) {
    bytes.set(commit.bytes, from);
    from += commit.bytes.length;
  }
  return { at, count: total(events), bytes, lengths, events };
};

/** Records from position `at` on, each as full as it may be; the bytes are copied. @throws StoreError `append.too-large` */
export const packRecords = (at: Size, commits: readonly CommitBytes[]): readonly PackedCommits[] => {
  let next: number = at;
  return groupCommits(commits, LIMITS.recordBytesMax).map((group) => {
    const packed = packCommits(next, group);
    next += packed.count;
    return packed;
  });
};

/** The commits of a record that was read and checked, as views of its buffer. */
export const unpackCommits = ({
  bytes,
  lengths,
  events,
}: {
  readonly bytes: Uint8Array;
  readonly lengths: readonly number[];
  readonly events: readonly number[];
}): readonly CommitBytes[] => {
  let from = 0;
  return lengths.map((length, index) => {
    const view = bytes.subarray(from, from + length);
    from += length;
    return { bytes: view, events: events[index] ?? 0 };
  });
};

/** A whole number from 1 to `max`. */
export const isCount = (value: unknown, max: number): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= max;

/** A list of counts with at least one in it. */
export const areCounts = (value: unknown, max: number): value is readonly number[] =>
  Array.isArray(value) && value.length > 0 && value.every((each) => isCount(each, max));
