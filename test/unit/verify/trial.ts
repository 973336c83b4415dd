/**
 * A small trial for the tests of export and verifier: replicas that write alone, in bulk and at the same time, in the
 * order in which one of them holds everything, with receipts by a test server.
 */
import { type Commit, type Finding, type Head, headAfter } from '../../../src/core/commit.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { position, type Sequence, sequence, size } from '../../../src/core/position.ts';
import { fromUtf8, toBase64, toHex32, utf8 } from '../../../src/crypto/bytes.ts';
import { canonicalText } from '../../../src/crypto/canonical.ts';
import { emptyHead, replicaIdOf } from '../../../src/crypto/chain.ts';
import { receiptBody } from '../../../src/crypto/checkpoint.ts';
import { merkleRoot } from '../../../src/crypto/merkle.ts';
import { startHash } from '../../../src/crypto/runningHash.ts';
import { encodeEvent, prepareCommit, sealContext, signCommit } from '../../../src/crypto/sealCommit.ts';
import { type NoteVerifier, noteVerifierText, signNote } from '../../../src/crypto/signedNote.ts';
import { makeSigningKey, type SigningKey, sign } from '../../../src/crypto/signer.ts';
import { type ExportInput, exportBundle } from '../../../src/export/bundle.ts';
import type { StoredRecord } from '../../../src/storage/port.ts';
import { sealMessage } from '../../../src/verify/format.ts';
import { at, bodyOf, contextOf, KEY_A, KEY_B, KEY_C, TENANT } from '../support.ts';

export const SERVER_NAME = 'sync.example/acme-042';
export const SERVER_KEY = await makeSigningKey();
export const OTHER_KEY = await makeSigningKey();
const verifierOf = (key: SigningKey): NoteVerifier => ({ name: SERVER_NAME, publicKey: key.publicKey });
export const SERVER_TEXT = noteVerifierText(verifierOf(SERVER_KEY));
export const OTHER_SERVER_TEXT = noteVerifierText(verifierOf(OTHER_KEY));

type Basis = Readonly<Record<string, Sequence>>;

/** The commit of `count` events by `key` that follows `head`; ids are unique to `branch`. */
export const write = (
  key: SigningKey,
  head: Head,
  count: number,
  { branch, basis = {}, payload }: { branch: number; basis?: Basis; payload?: JsonObject },
): Promise<Commit> => {
  const first = sequence(head.sequence + 1);
  const events = Array.from({ length: count }, (_, index) =>
    encodeEvent(bodyOf(first + index, { basis, ...(payload === undefined ? {} : { payload }) }, branch)),
  );
  const context = sealContext(contextOf(replicaIdOf(key.publicKey)));
  return signCommit(key, prepareCommit({ key, context, first, previous: head.link, events }));
};

export const receiptFor = (commit: Commit, key = SERVER_KEY, treeSize = 9): Promise<string> => {
  const { sequence: upTo, link } = headAfter(commit);
  const body = receiptBody({
    tenant: TENANT,
    size: size(treeSize),
    root: merkleRoot(commit.leaves),
    replica: commit.replica,
    sequence: sequence(upTo),
    link,
    time: '2026-03-01T10:00:00.000Z',
  });
  return signNote(body, { name: SERVER_NAME, key });
};

export const headsOf = (commits: readonly Commit[]): Readonly<Record<string, Head>> => {
  const heads: Record<string, Head> = {};
  for (const commit of commits) heads[commit.replica] = headAfter(commit);
  return heads;
};

export async function* asRecords(commits: readonly Commit[]): AsyncGenerator<StoredRecord> {
  let from = 0;
  for (const { bytes, events } of commits) {
    yield { position: position(from), commits: [{ bytes, events: events.length }] };
    from += events.length;
  }
}

export const joined = (pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(Buffer.concat(pieces));

/** A bundle of `commits`, with the manifest that a sound exporter writes. */
export const bundleOf = async (commits: readonly Commit[], change: Partial<ExportInput> = {}): Promise<Uint8Array> => {
  const input: ExportInput = {
    tenant: TENANT,
    createdAt: '2026-03-02T08:00:00.000Z',
    creator: { user: 'monitor-1', role: 'monitor' },
    software: { store: 'indelible/0.1.0', registry: 'c0ffee' },
    key: KEY_A,
    events: commits.reduce((total, { events }) => total + events.length, 0),
    heads: headsOf(commits),
    server: SERVER_TEXT,
    receipts: [],
    records: asRecords(commits),
    findings: [],
    ...change,
  };
  const pieces: Uint8Array[] = [];
  for await (const piece of exportBundle(input)) pieces.push(piece);
  return joined(pieces);
};

export const A = replicaIdOf(KEY_A.publicKey);
export const B = replicaIdOf(KEY_B.publicKey);
export const C = replicaIdOf(KEY_C.publicKey);
export const start = (key: SigningKey): Head => emptyHead(replicaIdOf(key.publicKey), TENANT);

/** A1, B1-3, A2-3, then B4 and C1 without knowing of each other, then A4 that has seen all. */
const writeTrial = async (): Promise<readonly Commit[]> => {
  const a1 = await write(KEY_A, start(KEY_A), 1, { branch: 1 });
  const b1 = await write(KEY_B, start(KEY_B), 3, { branch: 2, basis: { [A]: sequence(1) } });
  const a2 = await write(KEY_A, headAfter(a1), 2, { branch: 1, basis: { [B]: sequence(3), [A]: sequence(1) } });
  const b2 = await write(KEY_B, headAfter(b1), 1, { branch: 2, basis: { [A]: sequence(3) } });
  const c1 = await write(KEY_C, start(KEY_C), 1, { branch: 3, basis: { [A]: sequence(3), [B]: sequence(3) } });
  const all = { [A]: sequence(3), [B]: sequence(4), [C]: sequence(1) };
  const a3 = await write(KEY_A, headAfter(a2), 1, { branch: 1, basis: all });
  return [a1, b1, a2, b2, c1, a3];
};

export const TRIAL = await writeTrial();
export const RECEIPTS = [await receiptFor(at(TRIAL, 2), SERVER_KEY, 6), await receiptFor(at(TRIAL, 5), SERVER_KEY, 9)];
export const RECORDED: { finding: Finding; evidence: Uint8Array } = {
  finding: {
    code: 'chain.fork',
    sequence: 4,
    replica: B,
    identity: 'chain.fork/test',
    foundAt: '2026-03-01T12:00:00.000Z',
  },
  evidence: Uint8Array.of(1, 2, 3),
};
export const BUNDLE = await bundleOf(TRIAL, { receipts: RECEIPTS, findings: [RECORDED] });

/** Lines with their newlines. */
export const linesOf = (bundle: Uint8Array): readonly Uint8Array[] => {
  const lines: Uint8Array[] = [];
  for (let from = 0; from < bundle.length; ) {
    const end = bundle.indexOf(10, from) + 1;
    lines.push(bundle.subarray(from, end === 0 ? bundle.length : end));
    from = end === 0 ? bundle.length : end;
  }
  return lines;
};

/** Index of the first commit line of `BUNDLE`: the manifest and the receipts stand before it. */
export const FIRST_COMMIT_LINE = 1 + RECEIPTS.length;

/** The same lines under a seal by `key`, as somebody with that key could make it. */
export const resealed = async (lines: readonly Uint8Array[], key: SigningKey): Promise<Uint8Array> => {
  const body = joined(lines);
  const digest = startHash();
  digest.update(body);
  const seal = at(linesOf(BUNDLE), -1);
  const signature = toBase64(await sign(key, sealMessage(digest.digest())));
  const changed = { ...JSON.parse(fromUtf8(seal)), sha256: toHex32(digest.digest()), signature, lines: lines.length };
  return joined([body, utf8(`${canonicalText(changed)}\n`)]);
};
