/** What the server signs: receipts and checkpoints, each over a state that is durable. */
import type { TenantId } from '../core/ids.ts';
import { sequence, size } from '../core/position.ts';
import { checkpointBody, receiptBody } from '../crypto/checkpoint.ts';
import { EMPTY_ROOT } from '../crypto/merkle.ts';
import { type NoteVerifier, noteVerifierText, signNote } from '../crypto/signedNote.ts';
import type { SigningKey } from '../crypto/signer.ts';
import type { HeadState, LogState } from './postgres/state.ts';

export type Signer = { readonly name: string; readonly key: SigningKey };

export const verifierOf = (signer: Signer): NoteVerifier => ({ name: signer.name, publicKey: signer.key.publicKey });
/** The signer's public half in its C2SP text form. */
export const verifierText = (signer: Signer): string => noteVerifierText(verifierOf(signer));

/** A signed receipt for a replica's head in a log. Both must be durable before this is called. */
export const signReceipt = (
  signer: Signer,
  claim: {
    readonly tenant: TenantId;
    readonly log: LogState;
    readonly head: Omit<HeadState, 'receivedAt'>;
    readonly time: string;
  },
): Promise<string> =>
  signNote(
    receiptBody({
      tenant: claim.tenant,
      replica: claim.head.replica,
      sequence: sequence(claim.head.sequence),
      link: claim.head.link,
      time: claim.time,
      size: size(claim.log.frontier.size),
      root: claim.log.root,
    }),
    signer,
  );

/** A signed checkpoint of a log; of the empty one if the tenant has none. */
export const signCheckpoint = (signer: Signer, tenant: TenantId, log: LogState | undefined): Promise<string> =>
  signNote(checkpointBody({ tenant, size: size(log?.frontier.size ?? 0), root: log?.root ?? EMPTY_ROOT }), signer);
