/**
 * The bytes of a commit, format 1: what is stored, sent, hashed and exported. `docs/data-format.md` has the table.
 *
 * Invariants: `decodeCommit(encodeCommit(parts))` gives the parts back; every byte belongs to exactly one field; a
 * spelling other than the one written is refused. Laws: `commitBytes.laws`. Frozen by `test/vectors`.
 */
import { invariant, StoreError } from '../core/errors.ts';
import { type Hash32, hash32, type PublicKey32, publicKey32, type Signature64, signature64 } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import { type Sequence, sequence } from '../core/position.ts';
import { setSequence, utf8 } from './bytes.ts';

const MAGIC = 0x49_4e_44_43; // "INDC"
const FORMAT = 1;
const ED25519_SHA256 = 1;
const HEADER_BYTES = 112;
const SIGNATURE_END = 176;
const TABLE_AT = 180;
const OPEN = 0x5b;
const COMMA = 0x2c;
const CLOSE = 0x5d;
const COMMIT_DOMAIN = utf8('indelible/v1/commit\0');

/** What a replica signs of a commit. */
export type CommitHeader = {
  readonly publicKey: PublicKey32;
  readonly first: Sequence;
  /** Number of events. */
  readonly count: number;
  readonly previous: Hash32;
  readonly root: Hash32;
};

/** A commit's fields as bytes: nothing parsed, nothing verified. */
export type CommitParts = Omit<CommitHeader, 'count'> & {
  readonly contextBytes: Uint8Array;
  /** Sealed events, in order of their sequence. */
  readonly eventBytes: readonly Uint8Array[];
  /** Leaf hash of each event: names the altered one when the root does not match. Not stored for a single event. */
  readonly leaves: readonly Hash32[];
};
export type SignedParts = CommitParts & { readonly signature: Signature64 };

const leafTableBytes = (count: number): number => (count > 1 ? 32 * count : 0);

/** Bytes that a commit of `count` events takes beside the context and the events themselves. */
export const frameBytes = (count: number): number => TABLE_AT + 4 * count + leafTableBytes(count) + count + 1;

const writeHeader = (view: DataView<ArrayBuffer>, header: CommitHeader): void => {
  const bytes = new Uint8Array(view.buffer);
  view.setUint32(0, MAGIC);
  view.setUint8(4, FORMAT);
  view.setUint8(5, ED25519_SHA256);
  bytes.set(header.publicKey, 6);
  setSequence(view, 38, header.first);
  view.setUint16(46, header.count);
  bytes.set(header.previous, 48);
  bytes.set(header.root, 80);
};

/** The bytes that the replica signs: domain, then the header. */
export const signedHeader = (header: CommitHeader): Uint8Array<ArrayBuffer> => {
  const message = new Uint8Array(COMMIT_DOMAIN.length + HEADER_BYTES);
  const view = new DataView(new ArrayBuffer(HEADER_BYTES));
  writeHeader(view, header);
  message.set(COMMIT_DOMAIN);
  message.set(new Uint8Array(view.buffer), COMMIT_DOMAIN.length);
  return message;
};

const headerOf = (parts: CommitParts): CommitHeader => ({ ...parts, count: parts.eventBytes.length });

/** The bytes that the replica signs for a whole commit. */
export const signedMessage = (parts: CommitParts): Uint8Array<ArrayBuffer> => signedHeader(headerOf(parts));

const fits = (bytes: Uint8Array, max: number): boolean => bytes.length >= 2 && bytes.length <= max;

/** What `decodeCommit` would refuse is not written. */
const checkParts = (parts: SignedParts): void => {
  const { eventBytes, contextBytes, leaves, first } = parts;
  const firstMax = LIMITS.integerMax - (eventBytes.length - 1);
  invariant(first >= 1 && first <= firstMax, 'the sequences of a commit are exact');
  invariant(leaves.length === eventBytes.length, 'a commit has a leaf for each event');
  invariant(fits(contextBytes, LIMITS.contextBytesMax), 'the context of a commit is within its bounds');
  invariant(
    eventBytes.every((event) => fits(event, LIMITS.eventBytesMax)),
    'each event of a commit is within its bounds',
  );
};

/**
 * The bytes of a commit; `decodeCommit` reads back what this writes.
 * @throws StoreError `append.too-large`; `invariant.broken` for parts that no commit has
 */
export const encodeCommit = (parts: SignedParts): Uint8Array<ArrayBuffer> => {
  const count = parts.eventBytes.length;
  const content = parts.eventBytes.reduce((total, event) => total + event.length, parts.contextBytes.length);
  const length = frameBytes(count) + content;
  if (count < 1 || count > LIMITS.commitEventsMax || length > LIMITS.commitBytesMax) {
    const { commitEventsMax: eventsMax, commitBytesMax: bytesMax } = LIMITS;
    throw new StoreError('append.too-large', { what: 'commit', events: count, eventsMax, bytes: length, bytesMax });
  }
  checkParts(parts);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  writeHeader(view, headerOf(parts));
  bytes.set(parts.signature, HEADER_BYTES);
  view.setUint32(SIGNATURE_END, parts.contextBytes.length);
  parts.eventBytes.forEach((event, at) => {
    view.setUint32(TABLE_AT + 4 * at, event.length);
  });
  let at = TABLE_AT + 4 * count;
  const put = (piece: Uint8Array) => {
    bytes.set(piece, at);
    at += piece.length;
  };
  if (count > 1) for (const leaf of parts.leaves) put(leaf);
  put(parts.contextBytes);
  for (const [index, event] of parts.eventBytes.entries()) {
    bytes[at++] = index === 0 ? OPEN : COMMA;
    put(event);
  }
  bytes[at] = CLOSE;
  return bytes;
};

/** `event`: zero-based place of the first event that the fault touches, where it can be told. */
const malformed = (what: string, event = 0): StoreError => new StoreError('commit.malformed', { what, event });

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const checkHead = (bytes: Uint8Array, view: DataView): number => {
  if (bytes.length < TABLE_AT || view.getUint32(0) !== MAGIC) throw malformed('magic');
  const format = view.getUint8(4);
  if (format > FORMAT) throw new StoreError('commit.unsupported-format', { format });
  if (format !== FORMAT || view.getUint8(5) !== ED25519_SHA256) throw malformed('format');
  if (bytes.length > LIMITS.commitBytesMax) throw malformed('length');
  const count = view.getUint16(46);
  if (count < 1 || count > LIMITS.commitEventsMax) throw malformed('count');
  if (bytes.length < frameBytes(count)) throw malformed('length');
  return count;
};

/** Where the parts of a commit stand in its bytes. */
export type CommitFrame = {
  readonly count: number;
  readonly first: Sequence;
  /** Start of the leaf table, of the context, and of the events as one JSON array. */
  readonly leavesAt: number;
  readonly contextAt: number;
  readonly eventsFrom: number;
};

/** Walks the events by the table of their lengths; `visit` is told where each starts and ends. */
const walkEvents = (
  bytes: Uint8Array,
  view: DataView,
  place: { readonly count: number; readonly from: number },
  visit?: (from: number, to: number) => void,
): void => {
  let at = place.from;
  for (let index = 0; index < place.count; index++) {
    const length = view.getUint32(TABLE_AT + 4 * index);
    if (length < 2 || length > LIMITS.eventBytesMax) throw malformed('event length', index);
    if (bytes[at] !== (index === 0 ? OPEN : COMMA)) throw malformed('separator', Math.max(0, index - 1));
    if (at + 1 + length >= bytes.length) throw malformed('event length', index);
    visit?.(at + 1, at + 1 + length);
    at += 1 + length;
  }
  if (bytes[at] !== CLOSE || at + 1 !== bytes.length) throw malformed('length', place.count - 1);
};

const frameOf = (bytes: Uint8Array, view: DataView): CommitFrame => {
  const count = checkHead(bytes, view);
  const first = view.getBigUint64(38);
  if (first < 1n || first + BigInt(count) - 1n > BigInt(LIMITS.integerMax)) throw malformed('sequence');
  const contextLength = view.getUint32(SIGNATURE_END);
  const leavesAt = TABLE_AT + 4 * count;
  const contextAt = leavesAt + leafTableBytes(count);
  const eventsFrom = contextAt + contextLength;
  if (contextLength < 2 || contextLength > LIMITS.contextBytesMax || eventsFrom > bytes.length)
    throw malformed('context length');
  return { count, first: sequence(Number(first)), leavesAt, contextAt, eventsFrom };
};

/** The fields of a commit's header, as views. */
const headerFields = (bytes: Uint8Array) => ({
  publicKey: publicKey32(bytes.subarray(6, 38)),
  previous: hash32(bytes.subarray(48, 80)),
  root: hash32(bytes.subarray(80, HEADER_BYTES)),
});

/**
 * Cuts commit bytes into their fields; the parts are views of `bytes`, not copies. Checks the framing only.
 * @throws StoreError `commit.malformed` (with the place), `commit.unsupported-format`
 */
export const decodeCommit = (bytes: Uint8Array): SignedParts & { readonly eventsFrom: number } => {
  const view = viewOf(bytes);
  const { count, first, leavesAt, contextAt, eventsFrom } = frameOf(bytes, view);
  const eventBytes: Uint8Array[] = [];
  walkEvents(bytes, view, { count, from: eventsFrom }, (from, to) => eventBytes.push(bytes.subarray(from, to)));
  const leafAt = (index: number): Hash32 => hash32(bytes.subarray(leavesAt + 32 * index, leavesAt + 32 * index + 32));
  const header = headerFields(bytes);
  return {
    ...header,
    first,
    signature: signature64(bytes.subarray(HEADER_BYTES, SIGNATURE_END)),
    contextBytes: bytes.subarray(contextAt, eventsFrom),
    eventBytes,
    leaves: count === 1 ? [header.root] : Array.from({ length: count }, (_, index) => leafAt(index)),
    eventsFrom,
  };
};

/**
 * As `decodeCommit`, with the same checks, for readers who parse the events together: it cuts neither events nor leaves.
 * Law: `frame.laws` (both accept the same bytes and say the same of them).
 * @throws StoreError `commit.malformed` (with the place), `commit.unsupported-format`
 */
export const decodeFrame = (bytes: Uint8Array) => {
  const view = viewOf(bytes);
  const { count, first, contextAt, eventsFrom } = frameOf(bytes, view);
  walkEvents(bytes, view, { count, from: eventsFrom });
  const contextBytes = bytes.subarray(contextAt, eventsFrom);
  return { ...headerFields(bytes), count, first, contextBytes, eventsBytes: bytes.subarray(eventsFrom) };
};
