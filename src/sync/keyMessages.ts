/** The messages of the key sheet, to and from the rows that devices and the server handle. */
import { keyId, publicKey32, signature64 } from '../core/ids.ts';
import { fromBase64, toBase64 } from '../crypto/bytes.ts';
import type { CarriedRow, ChangesProof, KeyCarrier, RowChange, RowVerdict } from '../crypto/keyRows.ts';
import { type KeyRow, KeysPage, type KeysRequest, KeysResponse, type MessageSchema, PROTOCOL } from './protocol.ts';

type Wrapped = { readonly id: string; readonly scope: string; readonly under: string; readonly wrap: string | null };

const fromWire = ({ id, scope, under, wrap }: Wrapped) => ({
  ...{ id: keyId(id), scope, under: keyId(under) },
  wrap: wrap === null ? undefined : fromBase64(wrap),
});
const toWire = ({ id, scope, under, wrap }: Omit<CarriedRow, 'revision'>) => ({
  ...{ id, scope, under },
  wrap: wrap === undefined ? null : toBase64(wrap),
});

export const rowOfMessage = ({ revision, ...row }: KeyRow): CarriedRow => ({ ...fromWire(row), revision });
export const messageOfRow = ({ revision, ...row }: CarriedRow): KeyRow => ({ ...toWire(row), revision });
export const changesOfMessage = ({ changes }: KeysRequest): readonly RowChange[] =>
  changes.map(({ replaces, ...row }) => ({ ...fromWire(row), replaces }));
export const proofOfMessage = ({ proof }: KeysRequest): ChangesProof | undefined =>
  proof === undefined
    ? undefined
    : { publicKey: publicKey32(fromBase64(proof.publicKey)), signature: signature64(fromBase64(proof.signature)) };
export const messageOfVerdicts = (verdicts: readonly RowVerdict[]): KeysResponse => ({
  protocol: PROTOCOL,
  verdicts: verdicts.map((verdict) =>
    verdict.kind === 'stored' ? verdict : { kind: 'stale', row: messageOfRow(verdict.row) },
  ),
});

const wireProof = ({ publicKey, signature }: ChangesProof) => ({
  ...{ publicKey: toBase64(publicKey), signature: toBase64(signature) },
});

/** How one message travels: the text of a body, or the cursor of a page. */
export type KeyPost = {
  readonly send: <T>(schema: MessageSchema<T>, body: string, signal: AbortSignal) => Promise<T>;
  readonly fetch: <T>(schema: MessageSchema<T>, after: string, signal: AbortSignal) => Promise<T>;
};

/** A carrier over messages. */
export const keyCarrier = ({ send, fetch }: KeyPost): KeyCarrier => ({
  send: async (changes, signal, proof) => {
    const wire = changes.map(({ replaces, ...row }) => ({ ...toWire(row), replaces }));
    const who = proof === undefined ? {} : { proof: wireProof(proof) };
    const body = JSON.stringify({ protocol: PROTOCOL, changes: wire, ...who });
    const { verdicts } = await send(KeysResponse, body, signal);
    return verdicts.map(
      (verdict): RowVerdict =>
        verdict.kind === 'stored' ? verdict : { kind: 'stale', row: rowOfMessage(verdict.row) },
    );
  },
  fetch: async (after, signal) => {
    const { rows, cursor, more } = await fetch(KeysPage, after, signal);
    return { rows: rows.map(rowOfMessage), cursor, more };
  },
});
