/** Checks what stands around the log of a bundle: the keys it names, and the seal over all of its bytes. */
import { isStoreError } from '../core/errors.ts';
import { type Hash32, type ReplicaId, replicaId, signature64 } from '../core/ids.ts';
import { fromHex32, sameBytes, toBase64 } from '../crypto/bytes.ts';
import { type NoteVerifier, readNoteVerifier } from '../crypto/signedNote.ts';
import { verifySignature } from '../crypto/signer.ts';
import type { Findings } from './findings.ts';
import { type Manifest, type Seal, sealMessage } from './format.ts';
import type { HeadsText, Trust, VerifyOptions } from './report.ts';

/** Keys that the caller knows from elsewhere. */
export type Pinned = { readonly server: NoteVerifier | undefined; readonly sealedBy: ReplicaId | undefined };

/** @throws StoreError `key.malformed`, `id.malformed`: these come from the caller, not from the bundle */
export const readPinned = ({ serverKey, sealedBy }: VerifyOptions): Pinned => ({
  server: serverKey === undefined ? undefined : readNoteVerifier(serverKey),
  sealedBy: sealedBy === undefined ? undefined : replicaId(sealedBy),
});

const MANIFEST_LINE = 1;

/** The key to check receipts with: the pinned one, else the one that the bundle names. */
export const chooseServer = (
  manifest: Manifest,
  options: VerifyOptions,
  findings: Findings,
): NoteVerifier | undefined => {
  const place = { line: MANIFEST_LINE } as const;
  const { server, sealedBy } = readPinned(options);
  if (sealedBy !== undefined && sealedBy !== manifest.replica) {
    const what = 'not sealed by the pinned replica';
    findings.raise(MANIFEST_LINE, { code: 'signature.invalid', ...place, what });
  }
  if (server !== undefined && manifest.server !== null && manifest.server !== options.serverKey) {
    findings.raise(MANIFEST_LINE, { code: 'signature.invalid', ...place, what: 'server key is not the pinned one' });
  }
  if (server !== undefined || manifest.server === null) return server;
  try {
    return readNoteVerifier(manifest.server);
  } catch (error) {
    if (!isStoreError(error)) throw error;
    findings.raise(MANIFEST_LINE, { code: 'key.malformed', ...place, what: 'server' });
    return undefined;
  }
};

/** A seal as read, and what really stands before it. */
export type Sealed = {
  readonly seal: Seal;
  readonly line: number;
  readonly digest: Hash32;
  readonly commits: number;
  readonly events: number;
};

/** Says whether the seal covers exactly what stands before it; true if the manifest's replica made it. */
export const checkSeal = async (manifest: Manifest, sealed: Sealed, findings: Findings): Promise<boolean> => {
  const { seal, line, digest } = sealed;
  const signature = signature64(seal.signature);
  const isSigned = await verifySignature(manifest.publicKey, signature, sealMessage(fromHex32(seal.sha256)));
  const wrong = [
    ...(sameBytes(fromHex32(seal.sha256), digest) ? [] : ['sha256']),
    ...(isSigned ? [] : ['signature']),
    ...(seal.lines === line - 1 ? [] : ['lines']),
    ...(seal.commits === sealed.commits ? [] : ['commits']),
    ...(seal.events === sealed.events && manifest.events === sealed.events ? [] : ['events']),
  ];
  if (wrong.length > 0) findings.raise(line, { code: 'seal.mismatch', line, what: wrong.join(', ') });
  return isSigned && sameBytes(fromHex32(seal.sha256), digest);
};

type TrustInput = {
  readonly manifest: Manifest;
  readonly options: VerifyOptions;
  readonly server: NoteVerifier | undefined;
  readonly isSealed: boolean;
  readonly heads: HeadsText;
};

/** The keys that a report rests on. */
export const trustOf = ({ manifest, options, server, isSealed, heads }: TrustInput): Trust => {
  const { replica, publicKey } = manifest;
  const key = options.serverKey ?? manifest.server;
  const pinned = options.sealedBy === replica;
  const sealedBy = { replica, publicKey: toBase64(publicKey), wrote: Object.hasOwn(heads, replica), pinned };
  return {
    ...(server === undefined || key === null ? {} : { server: { key, pinned: options.serverKey !== undefined } }),
    ...(isSealed ? { sealedBy } : {}),
    replicas: Object.keys(heads).sort().map(replicaId),
  };
};
