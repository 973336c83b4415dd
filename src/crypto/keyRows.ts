/**
 * Rows of the key sheet on their way between devices. The server carries them and reads nothing in them: a scope is a keyed
 * hash, a wrap opens with a wrapping key that the server never has.
 */
import { concatBytes } from '@noble/hashes/utils.js';
import type { KeyId, PublicKey32, ReplicaId, Signature64, TenantId } from '../core/ids.ts';
import { toBase64, utf8 } from './bytes.ts';
import { canonicalBytes } from './canonical.ts';
import { replicaIdOf } from './chain.ts';
import { verifySignature } from './signer.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** A row as the server has it. `revision`: how often it was changed there, from 1. `wrap`: undefined if the key was destroyed. */
export type CarriedRow = {
  readonly id: KeyId;
  readonly scope: string;
  readonly under: KeyId;
  readonly revision: number;
  readonly wrap: Bytes | undefined;
};

/** A row to be stored in the place of the revision that it builds on; 0 where the server has none. */
export type RowChange = Omit<CarriedRow, 'revision'> & { readonly replaces: number };

/** Who asks for changes: a replica's key, and its signature over `changesMessage`. */
export type ChangesProof = { readonly publicKey: PublicKey32; readonly signature: Signature64 };

const CHANGES_DOMAIN = utf8('indelible/v1/key-changes\0');

/**
 * What a replica signs to have changes taken. They build on revisions, so that the same changes again come to nothing: it needs no
 * counter.
 */
export const changesMessage = (tenant: TenantId, changes: readonly RowChange[]): Uint8Array<ArrayBuffer> => {
  const rows = changes.map(({ id, scope, under, replaces, wrap }) => ({
    ...{ id, scope, under, replaces },
    wrap: wrap === undefined ? null : toBase64(wrap),
  }));
  return concatBytes(CHANGES_DOMAIN, canonicalBytes({ tenant, rows }));
};

/** The replica that asks for these changes; undefined where its signature does not verify. */
export const proverOf = async (
  tenant: TenantId,
  changes: readonly RowChange[],
  { publicKey, signature }: ChangesProof,
): Promise<ReplicaId | undefined> =>
  (await verifySignature(publicKey, signature, changesMessage(tenant, changes))) ? replicaIdOf(publicKey) : undefined;

/**
 * What became of a change. `stale`: the server has another revision, given here, and nothing was changed. A destroyed key is
 * never stale, and nothing takes its place.
 */
export type RowVerdict =
  | { readonly kind: 'stored'; readonly revision: number }
  | { readonly kind: 'stale'; readonly row: CarriedRow };

/** The way to the server. Throws what `Transport` throws. */
export type KeyCarrier = {
  /** One verdict for each change, in their order. `proof`: whose changes they are; a server that keeps an access list takes none without. */
  readonly send: (
    changes: readonly RowChange[],
    signal: AbortSignal,
    proof?: ChangesProof,
  ) => Promise<readonly RowVerdict[]>;
  /** Rows that changed after the cursor, each once, as they are now. The empty string is the beginning. */
  readonly fetch: (
    after: string,
    signal: AbortSignal,
  ) => Promise<{ readonly rows: readonly CarriedRow[]; readonly cursor: string; readonly more: boolean }>;
};

/** What a device's key sheet exchanges with others. Each call may be repeated, and cut off anywhere. */
export type KeyExchange = {
  /** Takes what others changed, then sends what was changed here. @throws StoreError `key.locked`, `storage.*`, as the carrier */
  readonly exchange: (carrier: KeyCarrier, signal: AbortSignal) => Promise<void>;
  /** Sends what was changed here; asks for nothing if that is nothing. @throws as `exchange` */
  readonly send: (carrier: KeyCarrier, signal: AbortSignal) => Promise<void>;
  /** The server has lost something: everything is exchanged anew. */
  readonly startAgain: () => Promise<void>;
  /** Calls when something was changed here that the server does not have. Returns how to stop it. */
  readonly onUnsent: (listener: () => void) => () => void;
};
