/** The export: what goes in comes out byte for byte, in one bounded pass. */
import { expect, it } from 'vitest';
import { fromBase64, fromUtf8 } from '../../../src/crypto/bytes.ts';
import { readCanonical } from '../../../src/crypto/canonical.ts';
import type { ExportInput } from '../../../src/export/bundle.ts';
import { exportBundle } from '../../../src/export/bundle.ts';
import type { StoredRecord } from '../../../src/storage/port.ts';
import { at, codeOfAsync, KEY_A, TENANT } from '../support.ts';
import { asRecords, BUNDLE, bundleOf, headsOf, linesOf, RECEIPTS, RECORDED, TRIAL } from '../verify/trial.ts';

const inputOf = (change: Partial<ExportInput> = {}): ExportInput => ({
  tenant: TENANT,
  createdAt: '2026-03-02T08:00:00.000Z',
  creator: { user: 'monitor-1', role: 'monitor' },
  software: { store: 'indelible/0.1.0', registry: 'c0ffee', app: 'diary/2' },
  key: KEY_A,
  events: 9,
  heads: headsOf(TRIAL),
  server: null,
  receipts: [],
  records: asRecords(TRIAL),
  findings: [],
  ...change,
});
const writeAll = async (change: Partial<ExportInput>): Promise<number> => {
  let bytes = 0;
  for await (const piece of exportBundle(inputOf(change))) bytes += piece.length;
  return bytes;
};

it('holds each commit, receipt and finding as it was stored, in the order of the format [VER-03]', () => {
  const lines = linesOf(BUNDLE).map((line) => JSON.parse(fromUtf8(line)));
  const kinds = ['manifest', 'receipt', 'receipt', ...TRIAL.map(() => 'commit'), 'finding', 'seal'];
  expect(lines.map(({ kind }) => kind)).toEqual(kinds);
  expect(lines.slice(1, 3).map(({ note }) => note)).toEqual(RECEIPTS);
  const commits = lines.slice(3, 9).map(({ bytes }) => fromBase64(bytes));
  expect(commits).toEqual(TRIAL.map(({ bytes }) => bytes));
  expect(lines[9].finding).toEqual(RECORDED.finding);
  expect(fromBase64(lines[9].evidence)).toEqual(RECORDED.evidence);
});

it('writes each line as canonical JSON and a newline, and says who made it, when, and what of [VER-03]', () => {
  for (const line of linesOf(BUNDLE)) {
    expect(line.at(-1)).toBe(10);
    expect(readCanonical(line.subarray(0, -1))).toBeDefined();
  }
  const manifest = JSON.parse(fromUtf8(at(linesOf(BUNDLE), 0)));
  expect(manifest).toMatchObject({
    format: 1,
    tenant: TENANT,
    scope: 'all',
    events: 9,
    createdAt: '2026-03-02T08:00:00.000Z',
    creator: { user: 'monitor-1', role: 'monitor' },
  });
});

it('writes the same bytes for the same input [VER-03]', async () => {
  expect(await bundleOf(TRIAL, { receipts: RECEIPTS, findings: [RECORDED] })).toEqual(BUNDLE);
});

it('gives out chunks of bounded size while it reads, not after [VER-03]', async () => {
  let read = 0;
  async function* slowly(): AsyncGenerator<StoredRecord> {
    for (let round = 0; round < 400; round++) {
      for await (const record of asRecords(TRIAL)) {
        read += 1;
        yield record;
      }
    }
  }
  const sizes: number[] = [];
  const readAtChunk: number[] = [];
  const heads = Object.fromEntries(
    Object.entries(headsOf(TRIAL)).map(([replica, head]) => [replica, { ...head, sequence: 400 * head.sequence }]),
  );
  for await (const piece of exportBundle(inputOf({ records: slowly(), events: 3_600, heads }))) {
    sizes.push(piece.length);
    readAtChunk.push(read);
  }
  expect(sizes.length).toBeGreaterThan(20);
  expect(Math.max(...sizes)).toBeLessThan(3 * 65_536);
  expect(at(readAtChunk, 0)).toBeLessThan(120);
});

it('refuses to write a bundle that names more or other events than it holds [VER-03]', async () => {
  const broken = (change: Partial<ExportInput>) => codeOfAsync(() => writeAll(change));
  expect(await broken({ events: 8 })).toBe('invariant.broken');
  expect(await broken({ records: asRecords(TRIAL.slice(0, 5)) })).toBe('invariant.broken');
  expect(await broken({ createdAt: 'yesterday' })).toBe('invariant.broken');
  expect(await broken({ findings: [{ ...RECORDED, evidence: new Uint8Array(4_194_304) }] })).toBe('invariant.broken');
});

it('tells progress, and stops with the reason of its signal [VER-03]', async () => {
  const seen: { bytes: number; events: number }[] = [];
  const bytes = await writeAll({ onProgress: (progress) => seen.push(progress) });
  expect(seen.at(-1)).toEqual({ bytes, events: 9 });
  const reason = new Error('stopped by a person');
  await expect(writeAll({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
