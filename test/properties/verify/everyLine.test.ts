/** Every line of a bundle removed, repeated, moved, and the bundle cut at every length: the verifier objects. */
import { expect, it } from 'vitest';
import { type Commit, headAfter } from '../../../src/core/commit.ts';
import { toBase64, utf8 } from '../../../src/crypto/bytes.ts';
import { canonicalText } from '../../../src/crypto/canonical.ts';
import { type VerifyFinding, verifyBundle } from '../../../src/verify/index.ts';
import { at, KEY_A, KEY_B } from '../../unit/support.ts';
import {
  BUNDLE,
  bundleOf,
  FIRST_COMMIT_LINE,
  joined,
  linesOf,
  OTHER_KEY,
  RECEIPTS,
  resealed,
  start,
  TRIAL,
  write,
} from '../../unit/verify/trial.ts';

const LINES = linesOf(BUNDLE);
const lineOf = (commit: Commit): Uint8Array =>
  utf8(`${canonicalText({ kind: 'commit', bytes: toBase64(commit.bytes) })}\n`);
const commitAt = (index: number): Commit | undefined => TRIAL[index - FIRST_COMMIT_LINE];
const isAt = (finding: VerifyFinding | undefined, commit: Commit): boolean =>
  finding?.replica === commit.replica && finding.sequence === commit.first;
const indices = [...LINES.keys()];

it('objects to every line that is missing, and names what it held [VER-02, VER-04]', async () => {
  for (const index of indices) {
    const report = await verifyBundle(joined(LINES.filter((_, other) => other !== index)));
    const commit = commitAt(index);
    expect(report.ok, `line ${index + 1}`).toBe(false);
    if (commit !== undefined) expect(isAt(report.findings[0], commit), JSON.stringify(report.findings)).toBe(true);
  }
});

it('names the missing commit also when the rest is sealed again by the right key [VER-02, VER-04]', async () => {
  for (const [index, commit] of TRIAL.entries()) {
    const lines = LINES.slice(0, -1).filter((_, other) => other !== FIRST_COMMIT_LINE + index);
    const report = await verifyBundle(await resealed(lines, KEY_A));
    expect(isAt(report.findings[0], commit), JSON.stringify(report.findings)).toBe(true);
  }
});

it('objects to every line that comes twice, wherever it comes [VER-02, VER-04]', async () => {
  for (const index of indices) {
    for (const place of [...indices, LINES.length]) {
      const report = await verifyBundle(joined(LINES.toSpliced(place, 0, at(LINES, index))));
      expect(report.ok, `line ${index + 1} again at ${place + 1}`).toBe(false);
      const commit = commitAt(index);
      const stays = place > FIRST_COMMIT_LINE - 1 && place < LINES.length - 2;
      if (commit === undefined || !stays) continue;
      const repeats = report.findings.some((finding) => isAt(finding, commit));
      expect(repeats, `${index} at ${place}: ${JSON.stringify(report.findings)}`).toBe(true);
    }
  }
}, 120_000);

it('objects to every two lines that change places [VER-02, VER-04]', async () => {
  for (const one of indices) {
    for (const other of indices.slice(one + 1)) {
      const swapped = LINES.with(one, at(LINES, other)).with(other, at(LINES, one));
      const report = await verifyBundle(joined(swapped));
      expect(report.ok, `lines ${one + 1} and ${other + 1}`).toBe(false);
      const [first, second] = [commitAt(one), commitAt(other)];
      if (first === undefined || second?.replica !== first.replica) continue;
      expect(isAt(report.findings[0], first), JSON.stringify(report.findings)).toBe(true);
      expect(report.findings[0]).toMatchObject({ code: 'chain.gap', what: 'out of order' });
    }
  }
}, 120_000);

it('objects to a bundle that is cut at any length, and to anything after it [VER-04]', async () => {
  const small = await bundleOf(TRIAL.slice(0, 3), { receipts: RECEIPTS.slice(0, 1) });
  expect((await verifyBundle(small)).ok).toBe(true);
  for (let length = 0; length < small.length; length++) {
    const report = await verifyBundle(small.subarray(0, length));
    expect(report.ok, `${length} bytes`).toBe(false);
    expect(report.findings.length).toBeGreaterThan(0);
  }
  for (const more of ['\n', ' ', '{}\n', 'x']) {
    const report = await verifyBundle(joined([BUNDLE, utf8(more)]));
    expect(report.findings).toContainEqual({
      code: 'bundle.malformed',
      line: LINES.length + 1,
      what: 'after the seal',
    });
  }
}, 120_000);

it('names a foreign commit wherever it is inserted, sealed again or not [VER-02, VER-04]', async () => {
  const foreign = await write(OTHER_KEY, start(OTHER_KEY), 2, { branch: 9 });
  for (let place = FIRST_COMMIT_LINE; place <= FIRST_COMMIT_LINE + TRIAL.length; place++) {
    const lines = LINES.toSpliced(place, 0, lineOf(foreign));
    for (const bundle of [joined(lines), await resealed(lines.slice(0, -1), KEY_A)]) {
      const report = await verifyBundle(bundle);
      expect(report.findings[0]).toMatchObject({ replica: foreign.replica, sequence: 1, line: place + 1 });
    }
  }
});

it('names a commit that continues a chain beyond the stated head [VER-02, VER-04]', async () => {
  const more = await write(KEY_B, headAfter(at(TRIAL, 3)), 1, { branch: 2 });
  const lines = [...LINES.slice(0, FIRST_COMMIT_LINE + TRIAL.length), lineOf(more), ...LINES.slice(-2, -1)];
  const report = await verifyBundle(await resealed(lines, KEY_A));
  expect(report.findings[0]).toMatchObject({ code: 'chain.link-mismatch', replica: more.replica, sequence: 5 });
});

it('names each commit that another key has signed again, and goes on behind it [VER-02, VER-04]', async () => {
  for (const [index, commit] of TRIAL.entries()) {
    const head = { sequence: commit.first - 1, link: commit.previous };
    const forged = await write(OTHER_KEY, head, commit.events.length, {
      branch: 7,
      payload: { item: 'BP.SYS', value: 1 },
    });
    const lines = LINES.with(FIRST_COMMIT_LINE + index, lineOf(forged)).slice(0, -1);
    const report = await verifyBundle(await resealed(lines, KEY_A));
    expect(report.findings[0]).toMatchObject({
      code: 'signature.invalid',
      replica: commit.replica,
      sequence: commit.first,
      line: FIRST_COMMIT_LINE + index + 1,
    });
    expect(report.findings.filter(({ code }) => code !== 'seal.mismatch')).toHaveLength(1);
  }
});

it('finds a log that was rolled back and sealed again, by the receipt or by what others had seen [VER-02, VER-04]', async () => {
  const byReceipt = await verifyBundle(await bundleOf(TRIAL.slice(0, 5), { receipts: RECEIPTS }));
  expect(byReceipt.findings).toEqual([
    expect.objectContaining({ code: 'receipt.ahead-of-log', replica: at(TRIAL, 5).replica, sequence: 4, line: 3 }),
  ]);
  const withoutC = TRIAL.filter((_, index) => index !== 4);
  const byBasis = await verifyBundle(await bundleOf(withoutC));
  expect(byBasis.findings).toEqual([
    {
      code: 'chain.gap',
      replica: at(TRIAL, 4).replica,
      sequence: 1,
      what: `named by the basis of ${at(TRIAL, 5).replica}/4`,
    },
  ]);
});
