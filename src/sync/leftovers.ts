/**
 * What a closed replica had recorded here and not sent: it is sent as it was sealed, as far as the server's chain of that
 * replica goes on with it. What cannot be sent stays in the log, and health tells how much that is.
 */
import { sameBytes } from '../crypto/bytes.ts';
import { heldChains } from '../streams/held.ts';
import type { Closing } from './closings.ts';
import { nextBatch } from './outbox.ts';
import { type ExchangeParts, receiptFor } from './receipts.ts';

/** How far the server's chain of a closed replica is the one held here; undefined if it has become another one. */
const agreedUpTo = async (
  parts: ExchangeParts,
  { replica }: Closing,
  signal: AbortSignal,
): Promise<number | undefined> => {
  const { receipt: note } = await parts.transport.hello(replica, signal);
  if (note === null) return 0;
  const { sequence, link } = await receiptFor(parts, note, replica);
  const { links } = await heldChains(parts.storage)({ replica, from: sequence, to: sequence });
  const here = links.get(sequence);
  return here !== undefined && sameBytes(here, link) ? sequence : undefined;
};

/** Sends what one closed replica left, until nothing is left or the server does not take it. */
const settle = async (parts: ExchangeParts, closing: Closing, signal: AbortSignal): Promise<void> => {
  const { replica } = closing;
  const end = (settled: Partial<Closing>) => parts.keepClosing({ ...closing, ...settled, settled: true });
  const identity = (await parts.storage.readIdentities()).find((each) => each.replica === replica);
  // gone with its database: whatever comes back of it comes from the server
  if (identity === undefined) return end({});
  let confirmed = await agreedUpTo(parts, closing, signal);
  if (confirmed === undefined) return end({}); // where the chains part is seen when the server's is pulled
  for (;;) {
    const batch = await nextBatch(parts.storage, identity, { from: 0, acknowledged: confirmed });
    if (batch.length === 0) return end({ confirmed, sharedUpTo: null });
    const answer = await parts.transport.push(
      batch.map(({ bytes }) => bytes),
      signal,
    );
    const refused = answer.verdicts.find(({ kind }) => kind === 'refused');
    if (refused !== undefined) return end({ confirmed, forkedAt: refused.first, sharedUpTo: refused.first - 1 });
    const before: number = confirmed;
    if (answer.receipt !== null) confirmed = (await receiptFor(parts, answer.receipt, replica)).sequence;
    await parts.keepClosing({ ...closing, confirmed });
    if (confirmed <= before) return; // put off by the server: asked again in the next round
  }
};

/** Settles what closed replicas left. @throws StoreError as the transport does; asked again then */
export const settleClosed = async (parts: ExchangeParts, signal: AbortSignal): Promise<void> => {
  for (const closing of parts.closings()) if (!closing.settled) await settle(parts, closing, signal);
};
