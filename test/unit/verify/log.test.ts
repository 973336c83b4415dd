/** The check of a store's own log: the same rules, without lines. */
import { expect, it } from 'vitest';
import type { Commit } from '../../../src/core/commit.ts';
import { verifyLog } from '../../../src/verify/index.ts';
import { at, codeOfAsync, flipped, TENANT } from '../support.ts';
import { A, B, C, headsOf, RECEIPTS, SERVER_TEXT, TRIAL } from './trial.ts';

async function* each(commits: readonly Pick<Commit, 'bytes'>[]) {
  for (const { bytes } of commits) yield { bytes };
}
const WHOLE = { tenant: TENANT, heads: headsOf(TRIAL), receipts: RECEIPTS, server: SERVER_TEXT };

it('reports nothing on an untouched log [VER-01]', async () => {
  const report = await verifyLog(each(TRIAL), WHOLE);
  const bytes = TRIAL.reduce((total, commit) => total + commit.bytes.length, 0);
  expect(report).toMatchObject({ ok: true, findings: [], omitted: 0 });
  expect(report.counts).toEqual({ events: 9, commits: 6, replicas: 3, receipts: 2, bytes });
  expect(Object.keys(report.heads).sort()).toEqual([A, B, C].sort());
  expect(await verifyLog(each(TRIAL), { tenant: TENANT })).toMatchObject({ ok: true });
  expect(await verifyLog(each([]), { tenant: TENANT })).toMatchObject({ ok: true, heads: {} });
});

it('names the event of a flipped bit, and no line [VER-02]', async () => {
  for (const [index, commit] of TRIAL.entries()) {
    const bytes = flipped(commit.bytes, 8 * (commit.bytes.length - 40));
    const { findings } = await verifyLog(each(TRIAL.with(index, { ...commit, bytes })), WHOLE);
    const sequence = commit.first + commit.events.length - 1;
    expect(findings).toEqual([{ code: 'chain.leaf-mismatch', replica: commit.replica, sequence }]);
  }
});

it('names the commit of damage in its frame, whether heads are stated or not [VER-02]', async () => {
  const b1 = at(TRIAL, 1);
  for (const options of [WHOLE, { tenant: TENANT }]) {
    for (const byte of [0, 4, 10, 45, 47, 60, 90, 130, 178]) {
      const damaged = { bytes: flipped(b1.bytes, 8 * byte) };
      const { findings } = await verifyLog(each(TRIAL.with(1, { ...b1, ...damaged })), options);
      expect(findings, `byte ${byte}`).toEqual([expect.objectContaining({ replica: B, sequence: 1 })]);
    }
  }
});

it('finds a cut-off tail by heads, by receipts, or by what other replicas had seen [VER-02, VER-04]', async () => {
  const rest = TRIAL.slice(0, 5);
  const missing = { replica: A, sequence: 4 };
  const byHeads = await verifyLog(each(rest), { tenant: TENANT, heads: WHOLE.heads });
  expect(byHeads.findings).toEqual([{ code: 'chain.gap', ...missing, what: 'missing at the end' }]);
  const byReceipt = await verifyLog(each(rest), { tenant: TENANT, receipts: RECEIPTS, server: SERVER_TEXT });
  expect(byReceipt.findings).toEqual([expect.objectContaining({ code: 'receipt.ahead-of-log', ...missing })]);
  const byBasis = await verifyLog(each(TRIAL.filter((_, index) => index !== 3)), { tenant: TENANT });
  expect(byBasis.findings).toEqual([expect.objectContaining({ code: 'chain.gap', replica: B, sequence: 4 })]);
});

it('passes on what the source throws, and stops with the reason of its signal [VER-01]', async () => {
  const broken = new Error('disk');
  // biome-ignore lint/correctness/useYield: a source that fails at once
  async function* failing(): AsyncGenerator<{ bytes: Uint8Array }> {
    throw broken;
  }
  await expect(verifyLog(failing(), { tenant: TENANT })).rejects.toBe(broken);
  const reason = new Error('stopped');
  const stop = new AbortController();
  const onProgress = () => stop.abort(reason);
  const many = Array.from({ length: 400 }, () => TRIAL).flat();
  const stopped = verifyLog(each(many), { tenant: TENANT, signal: stop.signal, onProgress });
  await expect(stopped).rejects.toBe(reason);
});

it('refuses a server key that is none [VER-01]', async () => {
  expect(await codeOfAsync(() => verifyLog(each([]), { tenant: TENANT, server: 'no key' }))).toBe('key.malformed');
});
