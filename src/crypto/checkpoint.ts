/**
 * What a server signs: checkpoints (tree heads, C2SP tlog-checkpoint) and receipts (it holds replica R up to sequence
 * N with this link, at time T, in a tree of size S). Both are signed notes. Law: `checkpoint.laws`.
 */
import { isUtc } from '../core/envelope.ts';
import { StoreError } from '../core/errors.ts';
import { type Hash32, hash32, type ReplicaId, replicaId, type TenantId, tenantId } from '../core/ids.ts';
import { type Sequence, type Size, sequence, size } from '../core/position.ts';
import { fromBase64, fromHex32, toBase64, toHex32 } from './bytes.ts';
import { type NoteVerifier, openNote } from './signedNote.ts';

/** The head of one tenant's log: size and RFC 6962 root. */
export type TreeHeadOf = { readonly tenant: TenantId; readonly size: Size; readonly root: Hash32 };

const ORIGIN_PREFIX = 'indelible/';
const RECEIPT_ORIGIN = 'indelible-receipt/v1';

const malformed = (what: string): StoreError => new StoreError('checkpoint.malformed', { what });

const wholeOf = (text: string, what: string): number => {
  if (!/^(0|[1-9]\d{0,15})$/.test(text)) throw malformed(what);
  return Number(text);
};

/** The body that is signed for a checkpoint: origin, size, root. */
export const checkpointBody = (head: TreeHeadOf): string =>
  `${ORIGIN_PREFIX}${head.tenant}\n${head.size}\n${toBase64(head.root)}\n`;

/** Opens a signed checkpoint. @throws StoreError `checkpoint.malformed`, `signature.invalid`, `id.malformed` */
export const openCheckpoint = async (note: string, verifier: NoteVerifier): Promise<TreeHeadOf> => {
  const [origin = '', count = '', root = '', end, ...rest] = (await openNote(note, verifier)).split('\n');
  if (!origin.startsWith(ORIGIN_PREFIX) || end !== '' || rest.length > 0) throw malformed('checkpoint');
  return {
    tenant: tenantId(origin.slice(ORIGIN_PREFIX.length)),
    size: size(wholeOf(count, 'size')),
    root: hash32(fromBase64(root)),
  };
};

/** The server's statement of what it holds of one replica. */
export type Receipt = TreeHeadOf & {
  readonly replica: ReplicaId;
  readonly sequence: Sequence;
  /** The link after the commit that ends at `sequence`. */
  readonly link: Hash32;
  /** Server time, RFC 3339 UTC with milliseconds. */
  readonly time: string;
};

/** The body that is signed for a receipt. */
export const receiptBody = (receipt: Receipt): string =>
  [
    RECEIPT_ORIGIN,
    receipt.tenant,
    receipt.replica,
    receipt.sequence,
    toHex32(receipt.link),
    receipt.time,
    receipt.size,
    toBase64(receipt.root),
    '',
  ].join('\n');

/** Opens a signed receipt. @throws StoreError `checkpoint.malformed`, `signature.invalid`, `id.malformed` */
export const openReceipt = async (note: string, verifier: NoteVerifier): Promise<Receipt> => {
  const lines = (await openNote(note, verifier)).split('\n');
  const [origin, tenant = '', replica = '', upTo = '', link = '', time = '', count = '', root = '', end] = lines;
  if (origin !== RECEIPT_ORIGIN || end !== '' || lines.length !== 9 || !isUtc(time)) throw malformed('receipt');
  return {
    tenant: tenantId(tenant),
    replica: replicaId(replica),
    sequence: sequence(wholeOf(upTo, 'sequence')),
    link: fromHex32(link),
    time,
    size: size(wholeOf(count, 'size')),
    root: hash32(fromBase64(root)),
  };
};
