/** Every byte of a small bundle, changed: the verifier objects, and names the event. */
import { expect, it } from 'vitest';
import type { Commit } from '../../../src/core/commit.ts';
import { fromUtf8 } from '../../../src/crypto/bytes.ts';
import { decodeCommit } from '../../../src/crypto/commitBytes.ts';
import { verifyBundle } from '../../../src/verify/index.ts';
import { at, flipped } from '../../unit/support.ts';
import { bundleOf, linesOf, RECORDED, receiptFor, TRIAL } from '../../unit/verify/trial.ts';

const COMMITS = TRIAL.slice(0, 2);
const RECEIPTS = [await receiptFor(at(TRIAL, 1))];
const SMALL = await bundleOf(COMMITS, { receipts: RECEIPTS, findings: [RECORDED] });
const LINES = linesOf(SMALL);
const FIRST = 2;
const PREFIX = '{"bytes":"'.length;

/** Indices, in a commit, of the events that the bytes from `from` to `to` belong to; a separator belongs to the event before. */
const eventsAt = (commit: Commit, from: number, to: number): readonly number[] => {
  const { eventBytes } = decodeCommit(commit.bytes);
  return eventBytes.flatMap((event, index) => {
    const start = event.byteOffset - commit.bytes.byteOffset;
    const end = start + event.length + (index === eventBytes.length - 1 ? 0 : 1);
    return from < end && to >= start ? [index] : [];
  });
};

const everyByte = LINES.flatMap((line, index) => [...line.keys()].map((offset) => ({ index, offset })));
const startOf = (index: number): number => LINES.slice(0, index).reduce((total, line) => total + line.length, 0);

/** Changes one byte and says what is wrong with the verdict, if anything is. */
const judge = async (index: number, offset: number, bit: number): Promise<string | undefined> => {
  const changed = flipped(SMALL, 8 * (startOf(index) + offset) + bit);
  const report = await verifyBundle(changed);
  const place = `line ${index + 1} byte ${offset} bit ${bit}: ${JSON.stringify(report.findings)}`;
  if (report.ok || report.findings.length === 0) return `unseen, ${place}`;
  const commit = COMMITS[index - FIRST];
  const [found] = report.findings;
  if (commit === undefined) return undefined;
  const named = found?.replica === commit.replica ? (found.sequence ?? 0) - commit.first : -1;
  if (named < 0 || named >= commit.events.length) return `misplaced, ${place}`;
  const char = offset - PREFIX;
  const touched = eventsAt(commit, (6 * char) >> 3, (6 * char + 5) >> 3);
  return touched.length === 0 || touched.includes(named) ? undefined : `wrong event, ${place}`;
};

const judgeAll = async (places: readonly { index: number; offset: number }[], bits: readonly number[]) => {
  const faults: string[] = [];
  for (const { index, offset } of places) {
    for (const bit of bits) {
      const fault = await judge(index, offset, (bit + offset) % 8);
      if (fault !== undefined) faults.push(fault);
    }
  }
  return faults;
};

it('is a sample that is sound as it stands [VER-01]', async () => {
  expect((await verifyBundle(SMALL)).findings).toEqual([]);
  expect(fromUtf8(at(LINES, FIRST)).startsWith('{"bytes":"')).toBe(true);
});

it('objects to one flipped bit of every byte, and names the event it is in [VER-02, VER-04]', async () => {
  expect(await judgeAll(everyByte, [0])).toEqual([]);
}, 300_000);

it('objects to every flipped bit of a commit of several events, and names the event it is in [VER-02, VER-04]', async () => {
  const places = everyByte.filter(({ index }) => index === FIRST + 1);
  expect(
    await judgeAll(
      places.filter(({ offset }) => offset % 3 === 0),
      [1, 2, 3, 4, 5, 6, 7],
    ),
  ).toEqual([]);
}, 300_000);
