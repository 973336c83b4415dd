/** Holds what a server has signed against what is held: each receipt must name a head that the chain really had. */
import type { Head } from '../core/commit.ts';
import { isStoreError } from '../core/errors.ts';
import type { ReplicaId, TenantId } from '../core/ids.ts';
import { sameBytes, toHex32 } from '../crypto/bytes.ts';
import { openReceipt, type Receipt } from '../crypto/checkpoint.ts';
import type { NoteVerifier } from '../crypto/signedNote.ts';
import type { Chain } from './chains.ts';
import type { Findings } from './findings.ts';
import { VERIFY_LIMITS } from './report.ts';

type Waiting = { readonly receipt: Receipt; readonly at: number };

export type ReceiptCheck = {
  /** Opens a receipt and keeps it until its place in the log has come. All of them before the first commit. */
  readonly add: (note: string, at: number) => Promise<void>;
  /** Tells that the chain of `replica` had this head. */
  readonly passed: (replica: ReplicaId, head: Head) => void;
  /** Tells that the log has ended, at place `endAt`, with these chains. */
  readonly finish: (chains: ReadonlyMap<ReplicaId, Chain>, endAt: number) => void;
  /** Receipts that the server did sign. */
  readonly genuine: () => number;
};

type Options = {
  readonly tenant: TenantId;
  readonly server: NoteVerifier | undefined;
  readonly findings: Findings;
  /** What a finding says about its line. */
  readonly lineOf: (at: number) => { readonly line?: number };
};

type Sink = Pick<Options, 'findings' | 'lineOf'>;

const raiseMismatch = ({ findings, lineOf }: Sink, { receipt, at }: Waiting, what: string): void => {
  const { replica, sequence } = receipt;
  findings.raise(at, { code: 'receipt.mismatch', replica, sequence, ...lineOf(at), what });
};

/** Judges a receipt whose place never came. What the log lacks stands at its end, `endAt`, not at the receipt. */
const judgeLeft = (sink: Sink, entry: Waiting, chain: Chain | undefined, endAt: number): void => {
  const { receipt, at } = entry;
  const { replica, sequence } = receipt;
  const held = chain?.head.sequence ?? 0;
  if (sequence > held && chain?.unsure !== true) {
    const what = `the server holds ${sequence} events of this replica`;
    const place = { replica, sequence: held + 1, ...sink.lineOf(at) };
    sink.findings.raise(endAt, { code: 'receipt.ahead-of-log', ...place, what });
  }
  if (sequence <= held && chain?.blemished !== true) raiseMismatch(sink, entry, 'not the end of a commit');
};

/** Receipts that wait for their place, by replica and sequence. */
const gatherReceipts = (sink: Sink) => {
  const waiting = new Map<ReplicaId, Map<number, Waiting[]>>();
  const roots = new Map<number, string>();
  return {
    keep: (entry: Waiting): void => {
      const { replica, sequence, size, root } = entry.receipt;
      const known = roots.get(size) ?? toHex32(root);
      roots.set(size, known);
      if (known !== toHex32(root)) raiseMismatch(sink, entry, 'two roots for one tree size');
      const bySequence = waiting.get(replica) ?? new Map<number, Waiting[]>();
      waiting.set(replica, bySequence);
      const same = bySequence.get(sequence) ?? [];
      bySequence.set(sequence, same);
      same.push(entry);
    },
    take: (replica: ReplicaId, sequence: number): readonly Waiting[] => {
      const bySequence = waiting.get(replica);
      const taken = bySequence?.get(sequence) ?? [];
      bySequence?.delete(sequence);
      return taken;
    },
    left: (): readonly Waiting[] => [...waiting.values()].flatMap((bySequence) => [...bySequence.values()].flat()),
  };
};

/** Receipts of one tenant by one server. */
export const checkReceipts = ({ tenant, server, findings, lineOf }: Options): ReceiptCheck => {
  const sink = { findings, lineOf };
  const receipts = gatherReceipts(sink);
  let genuine = 0;
  return {
    add: async (note, at) => {
      if (server === undefined) {
        findings.raise(at, { code: 'checkpoint.malformed', ...lineOf(at), what: 'no server key' });
        return;
      }
      if (genuine >= VERIFY_LIMITS.receiptsMax) {
        findings.raise(at, { code: 'checkpoint.malformed', ...lineOf(at), what: 'too many receipts' });
        return;
      }
      try {
        const receipt = await openReceipt(note, server);
        genuine += 1;
        if (receipt.tenant === tenant) receipts.keep({ receipt, at });
        else raiseMismatch(sink, { receipt, at }, 'another tenant');
      } catch (error) {
        if (!isStoreError(error)) throw error;
        findings.raise(at, { code: error.code, ...lineOf(at), what: 'receipt' });
      }
    },
    passed: (replica, head) => {
      for (const entry of receipts.take(replica, head.sequence)) {
        if (!sameBytes(entry.receipt.link, head.link)) raiseMismatch(sink, entry, 'link');
      }
    },
    finish: (chains, endAt) => {
      for (const entry of receipts.left()) judgeLeft(sink, entry, chains.get(entry.receipt.replica), endAt);
    },
    genuine: () => genuine,
  };
};
