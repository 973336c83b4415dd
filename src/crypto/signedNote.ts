/**
 * Signed notes (C2SP signed-note): text, a blank line, and signature lines. Used for receipts and checkpoints, so that
 * one verifier and any C2SP tool read both.
 * @see https://c2sp.org/signed-note
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes } from '@noble/hashes/utils.js';
import { StoreError } from '../core/errors.ts';
import { type PublicKey32, signature64 } from '../core/ids.ts';
import { fromBase64, sameBytes, toBase64, utf8 } from './bytes.ts';
import { checkPublicKey, type SigningKey, sign, verifySignature } from './signer.ts';

const ED25519 = Uint8Array.of(0x01);
const NOTE_LENGTH_MAX = 4_096;

/** Who signs: a name without spaces or plus signs, and the key. */
export type NoteVerifier = { readonly name: string; readonly publicKey: PublicKey32 };

const malformed = (what: string): StoreError => new StoreError('checkpoint.malformed', { what });

/** First four bytes of SHA-256(name, newline, algorithm, key). */
const keyId = (verifier: NoteVerifier): Uint8Array =>
  sha256(concatBytes(utf8(`${verifier.name}\n`), ED25519, verifier.publicKey)).subarray(0, 4);

/** The verifier key in its C2SP text form: `name+hash+key`. */
export const noteVerifierText = (verifier: NoteVerifier): string => {
  const id = [...keyId(verifier)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${verifier.name}+${id}+${toBase64(concatBytes(ED25519, verifier.publicKey))}`;
};

/** Reads `name+hash+key`. @throws StoreError `key.malformed` */
export const readNoteVerifier = (text: string): NoteVerifier => {
  const match = /^([^\s+]{1,200})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/.exec(text);
  const [, name = '', , key = ''] = match ?? [];
  if (match === null || !name.isWellFormed()) throw new StoreError('key.malformed');
  const bytes = fromBase64(key);
  if (bytes[0] !== ED25519[0]) throw new StoreError('key.malformed');
  const verifier = { name, publicKey: checkPublicKey(bytes.subarray(1)) };
  if (noteVerifierText(verifier) !== text) throw new StoreError('key.malformed');
  return verifier;
};

/** A body as it is signed: lines that each end in a newline, none empty, no other control character, well-formed. */
const BODY_PATTERN = /^([^\p{Cc}]+\n)+$/u;
const isBody = (body: string): boolean => BODY_PATTERN.test(body) && body.isWellFormed();
const NAME_PATTERN = /^[^\s+]{1,200}$/;

/**
 * Signs `body`: one or more lines, each ending in a newline, none empty, without other control characters.
 * @throws StoreError `checkpoint.malformed` if the body or the name could not be read back
 */
export const signNote = async (
  body: string,
  signer: { readonly name: string; readonly key: SigningKey },
): Promise<string> => {
  if (!isBody(body)) throw malformed('body');
  if (!NAME_PATTERN.test(signer.name) || !signer.name.isWellFormed()) throw malformed('name');
  const verifier = { name: signer.name, publicKey: signer.key.publicKey };
  const signature = await sign(signer.key, utf8(body));
  return `${body}\n— ${signer.name} ${toBase64(concatBytes(keyId(verifier), signature))}\n`;
};

const signatureBlob = (text: string): Uint8Array => {
  try {
    return fromBase64(text);
  } catch (cause) {
    throw new StoreError('checkpoint.malformed', { what: 'signature' }, { cause });
  }
};

/**
 * Gives the body of a note that `verifier` signed.
 * @throws StoreError `checkpoint.malformed` (form, or no line of this verifier), `signature.invalid`
 */
export const openNote = async (note: string, verifier: NoteVerifier): Promise<string> => {
  const split = note.indexOf('\n\n');
  if (note.length > NOTE_LENGTH_MAX || split < 0 || !note.endsWith('\n')) throw malformed('form');
  const body = note.slice(0, split + 1);
  if (!isBody(body)) throw malformed('body');
  const lines = note.slice(split + 2, -1).split('\n');
  const prefix = `— ${verifier.name} `;
  const line = lines.find((candidate) => candidate.startsWith(prefix));
  if (line === undefined || lines.some((candidate) => !candidate.startsWith('— '))) throw malformed('signer');
  const blob = signatureBlob(line.slice(prefix.length));
  if (blob.length !== 68 || !sameBytes(blob.subarray(0, 4), keyId(verifier))) throw malformed('key id');
  const genuine = await verifySignature(verifier.publicKey, signature64(blob.subarray(4)), utf8(body));
  if (!genuine) throw new StoreError('signature.invalid');
  return body;
};
