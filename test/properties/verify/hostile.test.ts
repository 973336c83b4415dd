/** Bytes that no exporter wrote: the verifier ends in a report, whatever they are. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { toBase64, utf8 } from '../../../src/crypto/bytes.ts';
import { canonicalText } from '../../../src/crypto/canonical.ts';
import { verifyBundle, verifyLog } from '../../../src/verify/index.ts';
import { at, TENANT } from '../../unit/support.ts';
import { BUNDLE, joined, linesOf, TRIAL } from '../../unit/verify/trial.ts';

const LINES = linesOf(BUNDLE);
async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
const bytes = (maxLength: number) => fc.uint8Array({ maxLength });

it('never throws on random bytes, and calls them unusable [VER-04]', async () => {
  await fc.assert(
    fc.asyncProperty(bytes(2_000), async (random) => {
      const report = await verifyBundle(random);
      expect([report.usable, report.ok, report.findings.length]).toEqual([false, false, 1]);
    }),
    { numRuns: 500 },
  );
});

it('never throws on random bytes behind a sound beginning [VER-04]', async () => {
  const keep = fc.integer({ min: 1, max: LINES.length });
  await fc.assert(
    fc.asyncProperty(keep, fc.array(bytes(300), { maxLength: 5 }), async (lines, random) => {
      const rest = random.flatMap((piece) => [piece, Uint8Array.of(10)]);
      const report = await verifyBundle(joined([...LINES.slice(0, lines), ...rest]));
      expect(report.usable).toBe(true);
      expect(report.ok).toBe(lines === LINES.length && rest.length === 0);
    }),
    { numRuns: 300 },
  );
});

it('never throws on lines of any JSON, nor on commits of any bytes [VER-04]', async () => {
  const kinds = fc.constantFrom('manifest', 'commit', 'receipt', 'finding', 'seal');
  const member = fc.constantFrom('bytes', 'note', 'finding', 'evidence', 'sha256', 'lines', 'format', 'heads');
  const anyLine = fc
    .tuple(kinds, fc.dictionary(member, fc.jsonValue()))
    .map(([kind, members]) => utf8(`${JSON.stringify({ ...members, kind })}\n`));
  const anyCommit = bytes(700).map((random) => utf8(`${canonicalText({ kind: 'commit', bytes: toBase64(random) })}\n`));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(anyLine, anyCommit), { maxLength: 8 }), async (lines) => {
      expect((await verifyBundle(joined(lines))).usable).toBe(false);
      expect((await verifyBundle(joined([at(LINES, 0), ...lines]))).ok).toBe(false);
    }),
    { numRuns: 300 },
  );
});

it('never throws on a bundle with pieces cut out, put in or overwritten, and never passes it [VER-04]', async () => {
  const place = fc.nat({ max: BUNDLE.length });
  await fc.assert(
    fc.asyncProperty(place, fc.nat({ max: 600 }), bytes(60), async (from, length, put) => {
      const changed = joined([BUNDLE.subarray(0, from), put, BUNDLE.subarray(from + length)]);
      const same = Buffer.compare(changed, BUNDLE) === 0;
      expect((await verifyBundle(changed)).ok).toBe(same);
    }),
    { numRuns: 1_000 },
  );
}, 120_000);

it('never throws on a log of any bytes, and never passes it [VER-04]', async () => {
  const some = fc.oneof(bytes(700), fc.constantFrom(...TRIAL.map((commit) => commit.bytes)));
  await fc.assert(
    fc.asyncProperty(fc.array(some, { maxLength: 10 }), fc.array(fc.string()), async (pieces, receipts) => {
      const random = pieces.filter((piece) => !TRIAL.some((commit) => commit.bytes === piece));
      const commits = each(pieces.map((piece) => ({ bytes: piece })));
      const report = await verifyLog(commits, { tenant: TENANT, receipts });
      if (random.length > 0 || receipts.length > 0) expect(report.ok).toBe(false);
      expect(report.findings.length).toBeGreaterThanOrEqual(random.length > 0 ? 1 : 0);
    }),
    { numRuns: 300 },
  );
});
