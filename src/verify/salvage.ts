/**
 * What damaged bytes still tell about themselves: the header of a commit that does not hold together, and the commits in
 * a line that is no longer a line of the format. Nothing here decides that bytes are sound; it only serves to name the
 * place of a fault, so a forger can at most mislead about the place.
 */
import {
  type Hash32,
  hash32,
  type PublicKey32,
  publicKey32,
  type ReplicaId,
  replicaId,
  signature64,
} from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import { sequence } from '../core/position.ts';
import { utf8 } from '../crypto/bytes.ts';
import { linkHash, replicaIdOf } from '../crypto/chain.ts';
import { signedMessage } from '../crypto/commitBytes.ts';
import { verifySignature } from '../crypto/signer.ts';
import { guessBase64, readBase64 } from './base64.ts';

/** Places of the header's fields, format 1 (`docs/data-format.md`). */
const HEADER = { publicKey: 6, first: 38, count: 46, previous: 48, root: 80, signature: 112, end: 176 } as const;

/** A header as the bytes have it. `genuine`: its signature verifies, so that each field is what was signed. */
export type Header = {
  readonly replica: ReplicaId;
  readonly first: number;
  readonly count: number;
  readonly previous: Hash32;
  /** Link after the commit, if the header is genuine. */
  readonly link: Hash32;
  readonly genuine: boolean;
  /** The replica that the shared context names, where it can be read. */
  readonly named?: ReplicaId;
};

const isGenuine = async (
  bytes: Uint8Array,
  fields: { readonly publicKey: PublicKey32; readonly first: number; readonly count: number },
): Promise<boolean> => {
  const { publicKey, first, count } = fields;
  if (first < 1 || count < 1 || count > LIMITS.commitEventsMax) return false;
  const empty = new Uint8Array(0);
  const message = signedMessage({
    publicKey,
    first: sequence(first),
    previous: hash32(bytes.subarray(HEADER.previous, HEADER.root)),
    root: hash32(bytes.subarray(HEADER.root, HEADER.signature)),
    contextBytes: empty,
    eventBytes: Array.from({ length: count }, () => empty),
    leaves: [],
  });
  return verifySignature(publicKey, signature64(bytes.subarray(HEADER.signature, HEADER.end)), message);
};

const NAMED = /"replica":"([0-9a-f]{32})"/;
const namedIn = (bytes: Uint8Array): ReplicaId | undefined => {
  const from = bytes.subarray(HEADER.end, HEADER.end + 36 * LIMITS.commitEventsMax + LIMITS.contextBytesMax);
  const name = NAMED.exec(new TextDecoder('latin1').decode(from))?.[1];
  return name === undefined ? undefined : replicaId(name);
};

/** Reads the header of bytes that are not a sound commit, if they are long enough to have one. */
export const readHeader = async (bytes: Uint8Array): Promise<Header | undefined> => {
  if (bytes.length < HEADER.end) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const publicKey = publicKey32(bytes.subarray(HEADER.publicKey, HEADER.first));
  const claimed = view.getBigUint64(HEADER.first);
  const count = view.getUint16(HEADER.count);
  const first = claimed <= BigInt(LIMITS.integerMax - LIMITS.commitEventsMax) ? Number(claimed) : 0;
  const previous = hash32(bytes.slice(HEADER.previous, HEADER.root));
  const root = hash32(bytes.subarray(HEADER.root, HEADER.signature));
  const named = namedIn(bytes);
  return {
    replica: replicaIdOf(publicKey),
    first,
    count,
    previous,
    link: linkHash(previous, { first, count, root }),
    genuine: await isGenuine(bytes, { publicKey, first, count }),
    ...(named === undefined ? {} : { named }),
  };
};

const PREFIX = utf8('{"bytes":"');
const SUFFIX = utf8('","kind":"commit"}');
/** The first six bytes of every commit of format 1, in base64. */
const MAGIC = utf8('SU5EQwEB');
const QUOTE = 0x22;

const matchesAt = (line: Uint8Array, at: number, wanted: Uint8Array): boolean =>
  at >= 0 && wanted.every((byte, index) => line[at + index] === byte);

/** Bytes of the commit in a well-formed commit line, undefined for any other line. */
export const readCommitLine = (line: Uint8Array): Uint8Array | undefined => {
  const end = line.length - SUFFIX.length;
  if (end < PREFIX.length || !matchesAt(line, 0, PREFIX) || !matchesAt(line, end, SUFFIX)) return undefined;
  return readBase64(line.subarray(PREFIX.length, end));
};

/** True for the first part of a commit line that a stray newline has cut in two. */
export const isFirstHalf = (line: Uint8Array): boolean =>
  matchesAt(line, 0, PREFIX) && !matchesAt(line, line.length - SUFFIX.length, SUFFIX);

/** True for the other part of such a line. */
export const isSecondHalf = (line: Uint8Array): boolean =>
  matchesAt(line, line.length - SUFFIX.length, SUFFIX) && !matchesAt(line, 0, PREFIX);

const startsIn = (line: Uint8Array): readonly number[] => {
  const starts: number[] = [];
  for (let at = line.indexOf(MAGIC[0] ?? 0); at >= 0; at = line.indexOf(MAGIC[0] ?? 0, at + 1)) {
    if (matchesAt(line, at, MAGIC)) starts.push(at);
  }
  return starts.length > 0 ? starts : [PREFIX.length];
};

/** What may be a commit. `second` is another reading, to be used when the first is sound though characters were filled in. */
export type Guess = { readonly first: Uint8Array; readonly second?: Uint8Array };

/** The commits that a damaged line may hold, in order. Fewer bytes than a header has are not a commit. */
export const guessCommits = (line: Uint8Array): readonly Guess[] => {
  const starts = startsIn(line);
  return starts.flatMap((start, index) => {
    const rest = line.subarray(start, starts[index + 1] ?? line.length);
    const quote = rest.indexOf(QUOTE);
    const text = quote < 0 ? rest : rest.subarray(0, quote);
    const { bytes, filled } = guessBase64(text, 0);
    if (bytes.length < HEADER.end) return [];
    return filled ? [{ first: bytes, second: guessBase64(text, 63).bytes }] : [{ first: bytes }];
  });
};

const OTHER_KINDS = /"kind":"(receipt|finding|seal|manifest)"|^\{"(note|evidence|commits|createdAt)":/;

/** True unless a damaged line still shows that it is of another kind. */
export const mayBeCommit = (line: Uint8Array): boolean => {
  const decoder = new TextDecoder('latin1');
  const [start, end] = [decoder.decode(line.subarray(0, 64)), decoder.decode(line.subarray(-256))];
  return !OTHER_KINDS.test(start) && !OTHER_KINDS.test(end);
};
