/**
 * Checks what lies in a server's database: the commits as `verifyLog` does, and what stands beside their bytes: columns, heads, the tree.
 *
 * Invariants: rows that a server has written itself have no finding; of rows that were altered since, the commit is named by what its bytes
 * say; one altered row ends the comparison of trees, because every later root follows from it. Law: `rows.laws`.
 */
import type { Head } from '../core/commit.ts';
import type { TenantId } from '../core/ids.ts';
import { sameBytes } from '../crypto/bytes.ts';
import { linkHash, replicaIdOf } from '../crypto/chain.ts';
import { decodeCommit } from '../crypto/commitBytes.ts';
import { appendLeaf, EMPTY_FRONTIER, type Frontier, frontierRoot } from '../crypto/merkle.ts';
import { gatherFindings } from './findings.ts';
import { verifyLog } from './log.ts';
import type { LogReport, Progress, VerifyFinding } from './report.ts';

/** A commit as a server keeps it: its bytes, and what it has read from them when it took them. */
export type ServerRow = {
  /** Of its first event in the server's order. */
  readonly position: number;
  readonly events: number;
  readonly replica: string;
  readonly first: number;
  readonly link: Uint8Array;
  /** Root of the tree that ends with it. */
  readonly treeRoot: Uint8Array;
  readonly bytes: Uint8Array;
};

/** What a server keeps of the whole log, and signs in receipts and checkpoints. */
export type ServerLog = { readonly commits: number; readonly frontier: Frontier; readonly root: Uint8Array };

export type RowsOptions = {
  readonly tenant: TenantId;
  /** Where the server says that each replica's chain ends. */
  readonly heads: Readonly<Record<string, Head>>;
  readonly log: ServerLog;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
};

const partsOf = (bytes: Uint8Array) => {
  try {
    const { publicKey, first, previous, root, leaves } = decodeCommit(bytes);
    const link = linkHash(previous, { first, count: leaves.length, root });
    return { replica: replicaIdOf(publicKey), first, leaves, link };
  } catch {
    return undefined; // found by the check of the commit itself
  }
};

/** Compares each row with its bytes, and with the rows before it. */
const followRows = (raise: (finding: VerifyFinding) => void) => {
  let [position, commits, isTreeKnown] = [0, 0, true];
  let frontier = EMPTY_FRONTIER;
  const next = (row: ServerRow): void => {
    const parts = partsOf(row.bytes);
    commits += 1;
    const isInPlace = row.position === position;
    position = row.position + row.events;
    if (parts === undefined || !isInPlace) isTreeKnown = false;
    const { replica, first, leaves, link } = parts ?? { ...row, leaves: [], link: row.link };
    for (const leaf of leaves) frontier = appendLeaf(frontier, leaf);
    const compared = {
      position: isInPlace,
      events: parts === undefined || row.events === leaves.length,
      replica: row.replica === replica,
      first: row.first === first,
      link: sameBytes(row.link, link),
      tree: !isTreeKnown || sameBytes(row.treeRoot, frontierRoot(frontier)),
    };
    if (!compared.tree) isTreeKnown = false;
    const what = Object.entries(compared).flatMap(([name, isEqual]) => (isEqual ? [] : [name]));
    const place = parts === undefined ? {} : { replica: parts.replica, sequence: parts.first };
    if (what.length > 0) raise({ code: 'storage.corrupt', ...place, what: `row: ${what.join(', ')}` });
  };
  const end = ({ commits: counted, frontier: kept, root }: ServerLog): void => {
    const isTree = sameBytes(frontierRoot(kept), root) && (!isTreeKnown || sameBytes(root, frontierRoot(frontier)));
    const compared = { size: kept.size === position, commits: counted === commits, tree: isTree };
    const what = Object.entries(compared).flatMap(([name, isEqual]) => (isEqual ? [] : [name]));
    if (what.length > 0) raise({ code: 'storage.corrupt', what: `log: ${what.join(', ')}` });
  };
  return { next, end };
};

/**
 * Checks the rows of one tenant in the server's order, with the heads and the tree that the server goes on from.
 * Beyond it: rows and heads and tree put back together to an earlier state, which devices show when they greet; and the key sheet, whose rows
 * only devices can open.
 * @throws StoreError `id.malformed` for `heads`; the reason of `signal` when aborted; what `rows` throws
 */
export const verifyRows = async (
  rows: AsyncIterable<ServerRow>,
  { log, ...options }: RowsOptions,
): Promise<LogReport> => {
  const found = gatherFindings();
  const { next, end } = followRows((finding) => found.raise(0, finding));
  async function* commits() {
    for await (const row of rows) {
      next(row);
      yield row;
    }
  }
  const report = await verifyLog(commits(), options);
  end(log);
  const findings = [...report.findings, ...found.list()];
  return { ...report, ok: findings.length === 0, findings, omitted: report.omitted + found.omitted() };
};
