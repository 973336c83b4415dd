/**
 * Writes the export bundle, format 1 (`verify/format.ts` has the readers): everything a store holds, in one stream that
 * is verified from its bytes alone.
 *
 * Invariants: one pass, and no more in memory than one record and one chunk; the same input gives the same bytes (up to
 * the seal's signature on platforms whose Ed25519 draws randomness); what is written is what was stored, byte for byte.
 * Laws: `bundle.test`.
 */
import type { Finding, Head } from '../core/commit.ts';
import { isUtc, type Software } from '../core/envelope.ts';
import { invariant } from '../core/errors.ts';
import type { TenantId } from '../core/ids.ts';
import { toBase64, toHex32, utf8 } from '../crypto/bytes.ts';
import { canonicalText } from '../crypto/canonical.ts';
import { replicaIdOf } from '../crypto/chain.ts';
import { startHash } from '../crypto/runningHash.ts';
import { type SigningKey, sign } from '../crypto/signer.ts';
import type { StoredRecord } from '../storage/port.ts';
import { BUNDLE_FORMAT, sealMessage } from '../verify/format.ts';
import { type HeadText, type Progress, VERIFY_LIMITS } from '../verify/report.ts';

export type ExportInput = {
  readonly tenant: TenantId;
  /** Device time, RFC 3339 UTC with milliseconds. */
  readonly createdAt: string;
  /** Who asked for the export. */
  readonly creator: { readonly user: string; readonly role: string };
  readonly software: Software;
  /** Key of the exporting replica: it seals the bundle, and its replica id goes into the manifest. */
  readonly key: SigningKey;
  /** Events in `records`: the size of the log when the export began, less what cannot be read. */
  readonly events: number;
  /** Events of the log that cannot be read, and are not in `records`; 0 if absent. The chains show where. */
  readonly unreadable?: number;
  /** Where each replica's chain stands in `records`. */
  readonly heads: Readonly<Record<string, Head>>;
  /** C2SP verifier key of the sync server, null if none is known. */
  readonly server: string | null;
  /** Signed notes of that server. */
  readonly receipts: readonly string[];
  /** The whole log from position 0 to `events`, in its order. */
  readonly records: AsyncIterable<StoredRecord>;
  readonly findings: readonly { readonly finding: Finding; readonly evidence: Uint8Array }[];
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
};

const CHUNK_BYTES = 65_536;

const manifestLine = (input: ExportInput): object => {
  const { tenant, createdAt, creator, software, key, events, server } = input;
  const heads: Record<string, HeadText> = {};
  for (const [replica, head] of Object.entries(input.heads)) {
    heads[replica] = { sequence: head.sequence, link: toHex32(head.link) };
  }
  const replica = replicaIdOf(key.publicKey);
  const publicKey = toBase64(key.publicKey);
  const made = { tenant, createdAt, creator: { user: creator.user, role: creator.role }, software, replica, publicKey };
  return { kind: 'manifest', format: BUNDLE_FORMAT, scope: 'all', ...made, heads, events, server };
};

/** Gathers lines into chunks, and hashes and counts them. */
const makeWriter = () => {
  const hash = startHash();
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let bytes = 0;
  let lines = 0;
  return {
    add: (line: object): void => {
      const encoded = utf8(`${canonicalText(line)}\n`);
      invariant(encoded.length <= VERIFY_LIMITS.lineBytesMax, 'a line of an export fits its limit', {
        line: lines + 1,
      });
      hash.update(encoded);
      waiting.push(encoded);
      waitingBytes += encoded.length;
      bytes += encoded.length;
      lines += 1;
    },
    isFull: (): boolean => waitingBytes >= CHUNK_BYTES,
    /** What has been added since the last call. */
    take: (): Uint8Array => {
      const chunk = new Uint8Array(waitingBytes);
      let at = 0;
      for (const piece of waiting) {
        chunk.set(piece, at);
        at += piece.length;
      }
      waiting = [];
      waitingBytes = 0;
      return chunk;
    },
    lines: (): number => lines,
    bytes: (): number => bytes,
    digest: hash.digest,
  };
};

const checkInput = (input: ExportInput): void => {
  invariant(isUtc(input.createdAt), 'an export says when it was made, in UTC');
  invariant(input.receipts.length <= VERIFY_LIMITS.receiptsMax, 'the receipts of an export fit their limit');
  const vouched = Object.values(input.heads).reduce((total, head) => total + head.sequence, 0);
  const most = input.events + (input.unreadable ?? 0);
  const isSum = vouched >= input.events && vouched <= most;
  invariant(isSum, 'the heads of an export add up to its events', { events: input.events, vouched });
};

/**
 * Writes a bundle, a chunk of about 64 KiB at a time. A consumer that stops early holds an incomplete bundle, which the
 * verifier refuses.
 * @throws StoreError `invariant.broken` if records, heads and counts disagree, and the reason of `signal` when aborted
 */
export async function* exportBundle(input: ExportInput): AsyncGenerator<Uint8Array, void, undefined> {
  checkInput(input);
  const writer = makeWriter();
  let events = 0;
  let commits = 0;
  function* flush(isLast: boolean): Generator<Uint8Array> {
    input.signal?.throwIfAborted();
    if (!isLast && !writer.isFull()) return;
    yield writer.take();
    input.onProgress?.({ bytes: writer.bytes(), events });
  }
  input.signal?.throwIfAborted();
  writer.add(manifestLine(input));
  for (const note of input.receipts) {
    writer.add({ kind: 'receipt', note });
    yield* flush(false);
  }
  for await (const record of input.records) {
    for (const commit of record.commits) {
      writer.add({ kind: 'commit', bytes: toBase64(commit.bytes) });
      events += commit.events;
      commits += 1;
    }
    yield* flush(false);
  }
  invariant(events === input.events, 'an export holds the events it names', { expected: input.events, events });
  for (const { finding, evidence } of input.findings) {
    writer.add({ kind: 'finding', finding, evidence: toBase64(evidence) });
    yield* flush(false);
  }
  const digest = writer.digest();
  const signature = toBase64(await sign(input.key, sealMessage(digest)));
  writer.add({ kind: 'seal', lines: writer.lines(), commits, events, sha256: toHex32(digest), signature });
  yield* flush(true);
}
