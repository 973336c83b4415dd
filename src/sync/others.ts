/**
 * What others wrote and a server lacks that had it: it was put back to an older state, and those who wrote it may never come
 * again. Whoever holds it sends it, as it was sealed: the server checks it as it checks everything.
 *
 * Invariant: what is sent continues the chain that the server holds of that replica, or nothing is sent of it.
 * Law: the simulated world, with servers that are put back.
 */
import type { ReplicaId } from '../core/ids.ts';
import { sameBytes } from '../crypto/bytes.ts';
import { heldChains } from '../streams/held.ts';
import type { Closing } from './closings.ts';
import { nextBatchFrom } from './outbox.ts';
import { type ExchangeParts, receiptFor } from './receipts.ts';

/** How much of a replica's chain the server holds; undefined if that is not the chain held here. */
const heldThere = async (
  parts: ExchangeParts,
  replica: ReplicaId,
  signal: AbortSignal,
): Promise<number | undefined> => {
  const { receipt: note } = await parts.transport.hello(replica, signal);
  if (note === null) return 0;
  const { sequence, link } = await receiptFor(parts, note, replica);
  const head = parts.log.head(replica);
  if (sequence > head.sequence) return undefined;
  if (sequence === head.sequence) return sameBytes(head.link, link) ? sequence : undefined;
  const { links } = await heldChains(parts.storage)({ replica, from: sequence, to: sequence });
  const here = links.get(sequence);
  return here !== undefined && sameBytes(here, link) ? sequence : undefined;
};

/** Sends what the server lacks of one replica; true if it took some of it. */
const sendOne = async (parts: ExchangeParts, replica: ReplicaId, signal: AbortSignal): Promise<boolean> => {
  let confirmed = await heldThere(parts, replica, signal);
  let from = 0;
  let isTaken = false;
  while (confirmed !== undefined && confirmed < parts.log.head(replica).sequence) {
    const batch = await nextBatchFrom(parts.storage, replica, { from, acknowledged: confirmed });
    const last = batch.at(-1);
    if (last === undefined) break;
    const answer = await parts.transport.push(
      batch.map(({ bytes }) => bytes),
      signal,
    );
    const now: number =
      answer.receipt === null ? confirmed : (await receiptFor(parts, answer.receipt, replica)).sequence;
    if (now <= confirmed) break; // it builds on something else that is missing, or is not taken
    confirmed = now;
    if (now >= last.end.sequence) from = last.record;
    isTaken = true;
  }
  return isTaken;
};

/** What a closed replica left is sent elsewhere, or its chain went on as another one. Else it is like any other that was held there. */
const isOpenCase = ({ settled, forkedAt, sharedUpTo }: Closing): boolean =>
  !settled || forkedAt !== null || sharedUpTo !== null;

/**
 * Sends whatever of others the server lacks, in rounds, because one may build on another.
 * @returns true if the server took anything   @throws StoreError as the transport does
 */
export const sendOthers = async (parts: ExchangeParts, signal: AbortSignal): Promise<boolean> => {
  let isTaken = false;
  for (let goesOn = true; goesOn; ) {
    goesOn = false;
    const apart = new Set([
      parts.identity().replica,
      ...parts
        .closings()
        .filter(isOpenCase)
        .map(({ replica }) => replica),
    ]);
    for (const replica of parts.log.heads().keys()) {
      if (!apart.has(replica) && (await sendOne(parts, replica, signal))) goesOn = true;
    }
    isTaken ||= goesOn;
  }
  return isTaken;
};
