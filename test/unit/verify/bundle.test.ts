/** What a report on a bundle says: counts, heads, keys, and where each kind of fault is. */
import { expect, it } from 'vitest';
import type { Commit } from '../../../src/core/commit.ts';
import { tenantId } from '../../../src/core/ids.ts';
import { fromUtf8, toBase64, toHex32, utf8 } from '../../../src/crypto/bytes.ts';
import { canonicalText } from '../../../src/crypto/canonical.ts';
import { replicaIdOf } from '../../../src/crypto/chain.ts';
import { verifyBundle } from '../../../src/verify/index.ts';
import { VERIFY_LIMITS } from '../../../src/verify/report.ts';
import { at, chainOf, codeOfAsync, KEY_A, TENANT } from '../support.ts';
import {
  A,
  B,
  BUNDLE,
  bundleOf,
  C,
  FIRST_COMMIT_LINE,
  headsOf,
  joined,
  linesOf,
  OTHER_KEY,
  OTHER_SERVER_TEXT,
  RECEIPTS,
  RECORDED,
  receiptFor,
  resealed,
  SERVER_TEXT,
  TRIAL,
} from './trial.ts';

const LINES = linesOf(BUNDLE);
/** `BUNDLE` with a changed manifest, sealed again by `key`. */
const withManifest = (change: object, key = KEY_A): Promise<Uint8Array> => {
  const manifest = { ...JSON.parse(fromUtf8(at(LINES, 0))), ...change };
  return resealed([utf8(`${canonicalText(manifest)}\n`), ...LINES.slice(1, -1)], key);
};
async function* inPieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(length);
  for (let from = 0; from < bytes.length; from += length) {
    buffer.set(bytes.subarray(from, from + length));
    yield buffer.subarray(0, Math.min(length, bytes.length - from));
  }
}

it('reports nothing on an untouched bundle, and says what it holds and on which keys that rests [VER-01, VER-03]', async () => {
  const report = await verifyBundle(BUNDLE, { serverKey: SERVER_TEXT, sealedBy: A });
  expect(report).toMatchObject({ usable: true, ok: true, findings: [], omitted: 0 });
  expect(report.counts).toEqual({ events: 9, commits: 6, replicas: 3, receipts: 2, bytes: BUNDLE.length });
  const heads = Object.entries(headsOf(TRIAL)).map(([id, head]) => [id, { ...head, link: toHex32(head.link) }]);
  expect(report.heads).toEqual(Object.fromEntries(heads));
  expect(report.trust).toEqual({
    server: { key: SERVER_TEXT, pinned: true },
    sealedBy: { replica: A, publicKey: toBase64(KEY_A.publicKey), wrote: true, pinned: true },
    replicas: [A, B, C].sort(),
  });
  expect(report.manifest).toMatchObject({ tenant: TENANT, createdAt: '2026-03-02T08:00:00.000Z', events: 9 });
  expect(report.manifest?.creator).toEqual({ user: 'monitor-1', role: 'monitor' });
  expect(report.recorded).toEqual([RECORDED.finding]);
});

it('gives the same report however the bytes arrive, also in a buffer that is used again [VER-03]', async () => {
  const whole = await verifyBundle(BUNDLE);
  for (const length of [1, 7, 64, 1_000, 65_536]) {
    expect(await verifyBundle(inPieces(BUNDLE, length))).toEqual(whole);
  }
});

it('reports nothing on a bundle without events, receipts or server [VER-01]', async () => {
  const report = await verifyBundle(await bundleOf([], { server: null }));
  expect(report).toMatchObject({ ok: true, counts: { events: 0, commits: 0, replicas: 0, receipts: 0 } });
  expect(report.trust).toMatchObject({ sealedBy: { wrote: false, pinned: false }, replicas: [] });
});

it('says who sealed a bundle that another key sealed anew, and objects when the sealer is pinned [VER-03, VER-04]', async () => {
  const other = replicaIdOf(OTHER_KEY.publicKey);
  const change = { replica: other, publicKey: toBase64(OTHER_KEY.publicKey) };
  const bundle = await withManifest(change, OTHER_KEY);
  const report = await verifyBundle(bundle);
  expect(report.ok).toBe(true);
  expect(report.trust.sealedBy).toMatchObject({ replica: other, wrote: false, pinned: false });
  const pinned = await verifyBundle(bundle, { sealedBy: A });
  const what = 'not sealed by the pinned replica';
  expect(pinned.findings).toEqual([{ code: 'signature.invalid', line: 1, what }]);
});

it('objects to a seal by another key than the manifest names [VER-04]', async () => {
  const report = await verifyBundle(await resealed(LINES.slice(0, -1), OTHER_KEY));
  expect(report.findings).toEqual([{ code: 'seal.mismatch', line: LINES.length, what: 'signature' }]);
  expect(report.trust.sealedBy).toBeUndefined();
});

it('objects to a manifest that was changed, also when it is sealed again [VER-04]', async () => {
  const heads = JSON.parse(fromUtf8(at(LINES, 0))).heads;
  const longer = { ...heads, [B]: { ...heads[B], sequence: 5 } };
  const elsewhere = { ...heads, [B]: { ...heads[B], link: 'ab'.repeat(32) } };
  const cases = [
    [{ heads: longer }, { code: 'chain.gap', replica: B, sequence: 5, what: 'missing at the end' }],
    [{ heads: elsewhere }, { code: 'chain.link-mismatch', replica: B, sequence: 4, what: 'not the stated head' }],
    [{ events: 8 }, { code: 'seal.mismatch', line: LINES.length, what: 'events' }],
    [{ tenant: 'acme-043' }, { code: 'receipt.mismatch', replica: A, sequence: 3, line: 2, what: 'another tenant' }],
    [{ server: 'x+00000000+AAAA' }, { code: 'key.malformed', line: 1, what: 'server' }],
  ] as const;
  for (const [change, finding] of cases) {
    expect((await verifyBundle(await withManifest(change))).findings[0]).toEqual(finding);
    expect((await verifyBundle(await withManifest(change, OTHER_KEY))).ok).toBe(false);
  }
});

it('checks receipts with the pinned key and not with the one in the bundle [VER-03, VER-04]', async () => {
  const forged = await receiptFor(at(TRIAL, 5), OTHER_KEY);
  const bundle = await bundleOf(TRIAL, { receipts: [forged], server: OTHER_SERVER_TEXT });
  expect((await verifyBundle(bundle)).trust.server).toEqual({ key: OTHER_SERVER_TEXT, pinned: false });
  const pinned = await verifyBundle(bundle, { serverKey: SERVER_TEXT });
  expect(pinned.findings).toEqual([
    { code: 'signature.invalid', line: 1, what: 'server key is not the pinned one' },
    { code: 'checkpoint.malformed', line: 2, what: 'receipt' },
  ]);
});

it('objects to a receipt whose head the chain never had [VER-04]', async () => {
  const last = at(TRIAL, 5);
  const other = await chainOf(KEY_A, [4], { branch: 12 });
  const forked = await verifyBundle(await bundleOf(TRIAL, { receipts: [await receiptFor(at(other, 0))] }));
  expect(forked.findings).toEqual([{ code: 'receipt.mismatch', replica: A, sequence: 4, line: 2, what: 'link' }]);
  const inside = await receiptFor({ ...last, events: [], first: last.first });
  const report = await verifyBundle(await bundleOf(TRIAL.slice(0, 2), { receipts: [await receiptFor(last)] }));
  expect(report.findings[0]).toMatchObject({ code: 'receipt.ahead-of-log', replica: A, sequence: 2, line: 2 });
  const first = await verifyBundle(await bundleOf(TRIAL, { receipts: [inside] }));
  expect(first.findings[0]).toMatchObject({ code: 'receipt.mismatch', replica: A, sequence: 3 });
  const unsigned = await verifyBundle(await bundleOf(TRIAL, { receipts: RECEIPTS, server: null }));
  expect(unsigned.findings.map(({ code }) => code)).toEqual(['checkpoint.malformed', 'checkpoint.malformed']);
});

it('objects to two receipts with different roots for one tree size [VER-04]', async () => {
  const receipts = [await receiptFor(at(TRIAL, 2)), await receiptFor(at(TRIAL, 5))];
  const { findings } = await verifyBundle(await bundleOf(TRIAL, { receipts }));
  const what = 'two roots for one tree size';
  expect(findings).toEqual([{ code: 'receipt.mismatch', replica: A, sequence: 4, line: 3, what }]);
});

it('objects to an event id that comes again in another chain [VER-04]', async () => {
  const twin = await chainOf(OTHER_KEY, [1], { branch: 2 });
  const { findings } = await verifyBundle(await bundleOf([...TRIAL, ...twin]));
  const [{ replica }] = [at(twin, 0)];
  expect(findings).toEqual([{ code: 'event.duplicate-id', replica, sequence: 1, line: 8 }]);
});

it('names a fork, a missing run and a commit of another tenant [VER-02, VER-04]', async () => {
  const fork = at(await chainOf(KEY_A, [2, 2], { branch: 5 }), 1);
  const stranger = at(await chainOf(OTHER_KEY, [1], { context: { tenant: tenantId('other-1') } }), 0);
  const lines = linesOf(await bundleOf(await chainOf(KEY_A, [2, 3, 1])));
  const lineOf = ({ bytes }: Commit) => utf8(`${canonicalText({ kind: 'commit', bytes: toBase64(bytes) })}\n`);
  const verdict = async (changed: readonly Uint8Array[]) => (await verifyBundle(joined(changed))).findings[0];
  expect(await verdict(lines)).toBeUndefined();
  expect(await verdict(lines.toSpliced(3, 0, lineOf(fork)))).toMatchObject({
    code: 'chain.fork',
    sequence: 3,
    line: 4,
  });
  expect(await verdict(lines.toSpliced(2, 1))).toMatchObject({ code: 'chain.gap', replica: A, sequence: 3, line: 3 });
  expect(await verdict(lines.toSpliced(1, 0, lineOf(stranger)))).toMatchObject({ code: 'sync.wrong-tenant', line: 2 });
});

it('names the commit that an unreadable line must have held, by the gap that it leaves [VER-02, VER-04]', async () => {
  for (const [index, commit] of TRIAL.entries()) {
    const wiped = LINES.with(FIRST_COMMIT_LINE + index, utf8(`${'#'.repeat(900)}\n`));
    const { findings } = await verifyBundle(joined(wiped));
    expect(findings[0]).toMatchObject({
      code: 'bundle.malformed',
      replica: commit.replica,
      sequence: commit.first,
      line: FIRST_COMMIT_LINE + index + 1,
    });
    expect(findings.some(({ code }) => code === 'chain.gap')).toBe(false);
  }
});

it('reports every fault of several, in the order of the file [VER-02]', async () => {
  const damage = (line: Uint8Array): Uint8Array => line.with(600, line[600] === 65 ? 66 : 65);
  const lines = LINES.map((line, index) => (index === 3 || index === 5 || index === 8 ? damage(line) : line));
  const { findings } = await verifyBundle(joined(lines));
  expect(findings.map(({ line }) => line)).toEqual([4, 6, 9, LINES.length]);
  expect(findings.slice(0, 3).map(({ replica, sequence }) => `${replica}/${sequence}`)).toEqual([
    `${A}/1`,
    `${A}/2`,
    `${A}/4`,
  ]);
});

it('calls empty, foreign and newer input unusable, with a code [VER-04]', async () => {
  const codes = async (text: string) => {
    const report = await verifyBundle(utf8(text));
    return [report.usable, report.ok, report.findings.map(({ code }) => code)];
  };
  expect(await codes('')).toEqual([false, false, ['bundle.malformed']]);
  expect(await codes('<ODM/>\n')).toEqual([false, false, ['bundle.malformed']]);
  expect(await codes('{"kind":"commit"}\n')).toEqual([false, false, ['bundle.malformed']]);
  expect(await codes('{"format":2,"kind":"manifest"}\n')).toEqual([false, false, ['bundle.unsupported-format']]);
  expect(await codes('x'.repeat(VERIFY_LIMITS.lineBytesMax + 1))).toEqual([false, false, ['bundle.malformed']]);
});

it('reports a line beyond the limit once, and reads on behind it [VER-04]', async () => {
  const long = utf8(`${'x'.repeat(VERIFY_LIMITS.lineBytesMax + 200_000)}\n`);
  const bundle = joined(LINES.toSpliced(FIRST_COMMIT_LINE, 0, long));
  for (const source of [bundle, inPieces(bundle, 65_536)]) {
    const { findings, counts } = await verifyBundle(source);
    expect(findings).toEqual([
      { code: 'bundle.malformed', line: FIRST_COMMIT_LINE + 1, what: 'line too long' },
      expect.objectContaining({ code: 'seal.mismatch', what: 'sha256, lines' }),
    ]);
    expect(counts.events).toBe(9);
  }
});

it('lists a bounded number of findings and counts the others [VER-04]', async () => {
  const many = Array.from({ length: VERIFY_LIMITS.findingsMax + 50 }, () => utf8('{}\n'));
  const { findings, omitted } = await verifyBundle(joined([...LINES.slice(0, 1), ...many]));
  expect(findings).toHaveLength(VERIFY_LIMITS.findingsMax);
  expect(omitted).toBeGreaterThanOrEqual(50);
});

it('tells progress, and stops with the reason of its signal [VER-03]', async () => {
  const seen: number[] = [];
  await verifyBundle(BUNDLE, { onProgress: ({ bytes, events }) => seen.push(bytes, events) });
  expect(seen).toEqual([BUNDLE.length, 9]);
  const reason = new Error('stopped by a person');
  const stopped = verifyBundle(BUNDLE, { signal: AbortSignal.abort(reason) });
  await expect(stopped).rejects.toBe(reason);
});

it('refuses a pinned key that is none, whatever the bytes [VER-03]', async () => {
  expect(await codeOfAsync(() => verifyBundle(BUNDLE, { serverKey: 'no key' }))).toBe('key.malformed');
  expect(await codeOfAsync(() => verifyBundle(BUNDLE, { sealedBy: 'nobody' }))).toBe('id.malformed');
});
