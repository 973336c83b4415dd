/**
 * What a device remembers of a store, asked without opening it: for whoever finds no vault, and cannot tell a first start from a
 * site whose databases are gone. Law: `loss.test`; after a browser has thrown them away: `test/e2e/discarded`.
 */
import type { ReplicaId } from '../core/ids.ts';
import type { KnownMarker } from '../core/ports.ts';
import { readKnown } from './known.ts';
import { deviceMarker } from './storageFacts.ts';

/** A store as it was when this was written: counts, digests, identifiers and days only. */
export type RememberedStore = {
  /** The replica that wrote there. */
  readonly replica: ReplicaId;
  /** Events that its log held in all. */
  readonly size: number;
  /** Last sequence of the replica's own chain, and the link after it in hex. */
  readonly sequence: number;
  readonly link: string;
  /** Highest of its own sequences that a receipt covers: the server holds these. */
  readonly receiptSequence: number;
  /** SHA-256 of that receipt as the server signed it, in hex; null if there was none. */
  readonly receipt: string | null;
  /** Device days, RFC 3339 UTC at midnight: when the database was made, and when this was seen. */
  readonly createdAt: string;
  readonly seenAt: string;
};

/**
 * What lies beside the database of this name, in local storage and in a file. Undefined if nothing was ever recorded there, or that
 * is gone too. It does not look at the database: where that is whole, this is what it held when it was last written down.
 * @param marker  where a host keeps it, if it gives `openStore` a marker of its own
 */
export const rememberedStore = async (
  name: string,
  marker: KnownMarker = deviceMarker(name),
): Promise<RememberedStore | undefined> => {
  const known = await readKnown(marker);
  if (known === undefined || known.size === 0) return undefined;
  const { format: _, ...remembered } = known;
  return remembered;
};
