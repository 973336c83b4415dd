/**
 * Reads commits that this device has checked before it stored them: the bytes are cut and parsed, not hashed again.
 *
 * For bytes from outside use `checkCommit`. Whoever needs to know that storage still holds what was committed runs the
 * verifier. Law: `readCommit.laws` (of a sound commit it reads what `checkCommit` reads).
 */
import type { CommitContext, EventBody } from '../core/envelope.ts';
import { StoreError } from '../core/errors.ts';
import type { Hash32, ReplicaId } from '../core/ids.ts';
import type { Sequence } from '../core/position.ts';
import { fromUtf8 } from './bytes.ts';
import { linkHash, replicaIdOf } from './chain.ts';
import { decodeFrame } from './commitBytes.ts';
import { remembered } from './remembered.ts';

/** A commit as read from this device's own log. */
export type StoredCommit = {
  readonly replica: ReplicaId;
  readonly first: Sequence;
  readonly context: CommitContext;
  readonly events: readonly EventBody[];
  /** The link after this commit; computed when asked. */
  readonly link: () => Hash32;
};

const parse = <T>(bytes: Uint8Array): T => JSON.parse(fromUtf8(bytes));

const read = (bytes: Uint8Array): StoredCommit => {
  const { publicKey, first, previous, root, count, contextBytes, eventsBytes } = decodeFrame(bytes);
  try {
    const events = parse<readonly EventBody[]>(eventsBytes);
    const context = parse<CommitContext>(contextBytes);
    return {
      replica: replicaIdOf(publicKey),
      first,
      context,
      events,
      link: () => linkHash(previous, { first, count, root }),
    };
  } catch (cause) {
    throw new StoreError('storage.corrupt', { sequence: first }, { cause });
  }
};

const stored = remembered<StoredCommit>();

/** @throws StoreError `storage.corrupt`, `commit.malformed`, `commit.unsupported-format` */
export const readStoredCommit = (bytes: Uint8Array): StoredCommit => stored.once(bytes, () => read(bytes));
