/**
 * Every bound of the library, with the relations between them. Both sides are asserted: before writing and after
 * reading. A bound may grow in a later format; it never shrinks, so that old records stay readable.
 */
import { invariant } from './errors.ts';

export const LIMITS = {
  /** Events in one commit. */
  commitEventsMax: 256,
  /** Bytes of one commit as stored and sent; reads from IndexedDB cost a step above 64 KiB (MEASURED, section 1). */
  commitBytesMax: 61_440,
  /** Bytes of one stored record (one or more commits). */
  recordBytesMax: 64_512,
  /** Bytes of one sealed event. */
  eventBytesMax: 49_152,
  /** Bytes of the context that the events of a commit share. */
  contextBytesMax: 8_192,
  /** Nesting of canonical JSON. */
  jsonDepthMax: 64,
  /** UTF-16 units of a tenant, stream, event or user id. */
  idLengthMax: 200,
  /** UTF-16 units of a reason for change. */
  reasonLengthMax: 2_000,
  /** Replicas named in one version vector. */
  vectorEntriesMax: 1_024,
  /** Keys that one event may touch. */
  touchesMax: 256,
  /** Heads that one resolution may name. */
  resolvesMax: 64,
  /** Keys of which one event says what was chosen, and characters of such a key. */
  choicesMax: 256,
  choiceKeyLengthMax: 1_000,
  /** Events that one electronic signature may cover: their hashes have to fit into one event. */
  signedEventsMax: 512,
  /** Streams that one electronic signature may cover. */
  signedStreamsMax: 64,
  /** UTF-16 units of a printed name, of the meaning of a signature, and of a reference to a proof of identity. */
  signedTextLengthMax: 200,
  /** UTF-16 units of the accountability statement that signers confirm. */
  accountabilityLengthMax: 4_000,
  /** People who vouch for the new key of a signer. */
  endorsementsMax: 4,
  /** Commits in one push or pull message. */
  batchCommitsMax: 256,
  /** Commit bytes in one push or pull message. */
  batchBytesMax: 1_048_576,
  /** Tries of one append against other tabs before it fails with `append.contention`. */
  appendTriesMax: 64,
  /** Milliseconds, awake, in which the database has to answer one call; then once more on a new connection. */
  storageAnswerMs: 10_000,
  /** Milliseconds without a call after which the next append is read back before it counts as stored. */
  storagePauseMs: 30_000,
  /** Milliseconds that an append waits for its turn among tabs; then it goes ahead, and the head decides. */
  turnWaitMs: 1_000,
  /** Milliseconds that a tab keeps its turn without appending. */
  turnKeptMs: 250,
  /** Milliseconds that an exchange of another tab may stay silent; then its turn is taken from it. */
  exchangeSilentMs: 3_000,
  /** Milliseconds between two looks at the log of a visible page, in case that a hint was lost. */
  lookMs: 10_000,
  /** Events that one processor may have set aside; then it waits until they are tried again. */
  parkedEventsMax: 1_024,
  /** Bytes of one protected value, padded: as base64 it fits into an event. */
  sealedValueBytesMax: 32_768,
  /** Bytes of a value of a field group, as canonical JSON, where its mark does not say more: what the smallest size class holds. */
  groupValueBytesMax: 30,
  /** What a field has to be able to hold to be searchable: characters of a text, and the range of a number. */
  searchTextLengthMin: 4,
  searchRangeMin: 10_000,
  /** Values sealed under one AES key with random nonces before the next key is derived; NIST SP 800-38D allows 2^32. */
  sealsPerKeyMax: 268_435_456,
  /** Values that one request to erase may name, UTF-16 units of the path to one, and data keys that one confirmation names. */
  erasedPlacesMax: 64,
  erasedPathLengthMax: 1_000,
  erasedKeysMax: 256,
  /** Nodes of one data key: what is left of it after some 360 redactions. */
  dataKeyNodesMax: 65_536,
  /** Rows of the key sheet in one message, and bytes of the wraps in it: at least one row of the largest size. */
  keyRowsMax: 128,
  keyRowBytesMax: 2_621_440,
  /** KiB of memory of one Argon2id derivation; the floor is OWASP's minimum. */
  argonMemoryKibMin: 19_456,
  argonMemoryKibMax: 262_144,
  /** Passes of one Argon2id derivation over its memory. */
  argonPassesMin: 2,
  argonPassesMax: 32,
  /** Characters of a passphrase. */
  passphraseLengthMin: 8,
  passphraseLengthMax: 256,
  /** Users of one vault. */
  vaultUsersMax: 64,
  /** Ways in which one user may unlock. */
  vaultWaysMax: 8,
  /** Wrapping keys that one user of a vault holds. */
  vaultHeldMax: 64,
  /** Characters of a wrapping key that is sealed for one holder, in base64. */
  grantLengthMax: 400,
  /** Tenants whose access list a server keeps folded between pushes. */
  accessListsKept: 64,
  /** People among whom a recovery key is shared. */
  custodiansMax: 16,
  /** Failed attempts that a vault remembers for the next unlocking; older ones are counted only. */
  vaultFailuresMax: 64,
  /** Bytes of a vault. */
  vaultBytesMax: 524_288,
  /** Failed attempts in a row before each further one has to wait, and the longest wait. */
  attemptsFreeMax: 3,
  attemptWaitMs: 1_000,
  attemptWaitMsMax: 3_600_000,
  /** Seals under one key at rest; then another one is drawn. Random nonces of 96 bits allow 2^32 (NIST SP 800-38D, 8.3). */
  rowSealsPerKeyMax: 16_777_216,
  /** Keys at rest that one connection keeps derived. */
  rowKeysHeldMax: 1_024,
  /** Events that do not satisfy their schema of which one session keeps findings; all are counted at their streams. */
  unreadableFindingsMax: 1_000,
  /** Events that a rehearsal holds at once, of streams that cannot be folded in passing; one stream is always held whole. */
  rehearsedEventsMax: 50_000,
  /** Events of streams that are likely to be folded anew, which one connection keeps at hand. */
  keptHistoryEventsMax: 20_000,
  /** Largest sequence, position or size: exact in a double. */
  integerMax: Number.MAX_SAFE_INTEGER,
  /** Levels of a proof: a tree of 2^53 leaves. */
  proofLengthMax: 53,
} as const;

const FRAME_BYTES_MAX = 256 + 4 * LIMITS.commitEventsMax;
invariant(
  LIMITS.eventBytesMax + LIMITS.contextBytesMax + FRAME_BYTES_MAX <= LIMITS.commitBytesMax,
  'the largest event fits into a commit',
);
invariant(LIMITS.commitBytesMax <= LIMITS.recordBytesMax, 'the largest commit fits into a record');
invariant(LIMITS.recordBytesMax <= 65_536, 'a record stays under the step in read cost');
invariant(LIMITS.commitBytesMax <= 65_535 && LIMITS.commitEventsMax <= 65_535, 'two bytes tell a commit from the next');
invariant(LIMITS.rowSealsPerKeyMax <= 2 ** 32, 'random nonces of one key do not meet');
invariant(40 * LIMITS.dataKeyNodesMax <= LIMITS.keyRowBytesMax, 'the largest data key fits into a message');
invariant(LIMITS.commitBytesMax <= LIMITS.batchBytesMax, 'the largest commit fits into a message');
