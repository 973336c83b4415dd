/**
 * The keys of signers, format 1: what an enrolment says, the bytes by which a new key shows that its holder has it, and by
 * which others vouch for a key that takes the place of one that was lost. Frozen by `test/vectors`. Laws: `signedAct.laws`.
 */
import { StoreError } from '../core/errors.ts';
import {
  type Hash32Hex,
  hash32,
  hash32Hex,
  type PublicKey32,
  type Signature64,
  signature64,
  type TenantId,
  type UserId,
  userId,
} from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import { toBase64, toHex32, utf8 } from './bytes.ts';
import { sha256 } from './sha256.ts';
import { bytesText, membersOf, messageOf, refuseSigned, shortText } from './signedAct.ts';
import { checkPublicKey } from './signer.ts';

const KEY_DOMAIN = utf8('indelible/v1/signing-key\0');
const POSSESSION_DOMAIN = utf8('indelible/v1/signing-key-possession\0');
const ENDORSEMENT_DOMAIN = utf8('indelible/v1/signing-key-endorsement\0');

/** Where the proof of identity is filed, and the day (ISO 8601) on which the person was certified to the authority. */
export type IdentityProof = { readonly reference: string; readonly certifiedOn: string };

/** Whose key it is. */
export type KeyStatement = {
  readonly signer: UserId;
  readonly printedName: string;
  readonly publicKey: PublicKey32;
  readonly identity: IdentityProof | null;
};

/** Somebody's word for a key: the signature of a key of theirs over the same statement. */
export type Endorsement = { readonly signer: UserId; readonly key: Hash32Hex; readonly signature: Signature64 };

/**
 * How somebody vouches: for their own next key with the one before it, as somebody who administers the study, or as another
 * signer. Server and devices judge who may say which (`machines/clinical/accessRules.ts`).
 */
export const WORD_ROLES = ['self', 'administrator', 'signer'] as const;
export type WordRole = (typeof WORD_ROLES)[number];

/** What the event says by which somebody vouches for a key that was proposed. */
export type KeyWord = Endorsement & { readonly proposed: Hash32Hex; readonly as: WordRole };

/** What the event that puts a key in force says. `endorsements`: none for a first enrolment. */
export type EnrolledKey = Omit<KeyStatement, 'signer'> & {
  readonly possession: Signature64;
  readonly endorsements: readonly Endorsement[];
};

/** The id of a signing key: SHA-256 over domain and key, 64 hex digits. */
export const signingKeyId = (publicKey: PublicKey32): Hash32Hex => toHex32(hash32(sha256(KEY_DOMAIN, publicKey)));

const statementBytes = (domain: Uint8Array, tenant: TenantId, statement: KeyStatement): Uint8Array<ArrayBuffer> => {
  const { signer, printedName, publicKey, identity } = statement;
  return messageOf(domain, { format: 1, tenant, signer, printedName, publicKey: toBase64(publicKey), identity });
};

/** What the new key itself signs: whoever enrols it has its private half. */
export const possessionMessage = (tenant: TenantId, statement: KeyStatement): Uint8Array<ArrayBuffer> =>
  statementBytes(POSSESSION_DOMAIN, tenant, statement);

/** What those sign who vouch for a new key: the signer's own key before it, or two other signers. */
export const endorsementMessage = (tenant: TenantId, statement: KeyStatement): Uint8Array<ArrayBuffer> =>
  statementBytes(ENDORSEMENT_DOMAIN, tenant, statement);

const DAY = /^\d{4}-\d\d-\d\d$/;

/** True for a real day, spelled YYYY-MM-DD. */
export const isDay = (value: string): boolean =>
  DAY.test(value) && new Date(`${value}T00:00:00.000Z`).toJSON()?.slice(0, 10) === value;

const readIdentity = (value: unknown): IdentityProof | null => {
  if (value === null) return null;
  const fields = membersOf(value, 'identity', ['reference', 'certifiedOn']);
  const certifiedOn = shortText(fields['certifiedOn'], 'identity.certifiedOn');
  if (!isDay(certifiedOn)) refuseSigned('identity.certifiedOn');
  return { reference: shortText(fields['reference'], 'identity.reference'), certifiedOn };
};

const readEndorsement = (value: unknown): Endorsement => {
  const { signer, key, signature } = membersOf(value, 'endorsement', ['signer', 'key', 'signature']);
  return {
    signer: userId(typeof signer === 'string' ? signer : refuseSigned('endorsement.signer')),
    key: hash32Hex(typeof key === 'string' ? key : refuseSigned('endorsement.key')),
    signature: signature64(bytesText(signature, 'endorsement.signature', 64)),
  };
};

/**
 * Reads the payload of `SignerKeyEndorsed`, of a signer's stream.
 * @throws StoreError `esign.malformed`, `id.malformed`
 */
export const readKeyWord = (payload: unknown, signer: string): KeyWord => {
  const { proposed, as, ...word } = membersOf(payload, 'word', ['proposed', 'as', 'signer', 'key', 'signature']);
  const role = WORD_ROLES.find((known) => known === as) ?? refuseSigned('word.as');
  const endorsement = readEndorsement(word);
  if ((role === 'self') !== (endorsement.signer === signer)) refuseSigned('word.as');
  return {
    ...endorsement,
    proposed: hash32Hex(typeof proposed === 'string' ? proposed : refuseSigned('word.proposed')),
    as: role,
  };
};

const readEndorsements = (value: unknown): readonly Endorsement[] => {
  if (!Array.isArray(value) || value.length < 1 || value.length > LIMITS.endorsementsMax)
    return refuseSigned('endorsements');
  return value.map(readEndorsement);
};

const MEMBERS = ['printedName', 'publicKey', 'identity', 'possession'];

/** @throws StoreError `key.malformed` */
const readKey = (value: unknown): PublicKey32 => checkPublicKey(bytesText(value, 'publicKey', 32));

/**
 * Reads the payload of `SignerEnrolled` and `SignerKeyProposed`, or of `SignerKeyReplaced`, which has endorsements too.
 * @throws StoreError `esign.malformed`, `id.malformed`, `key.malformed`
 */
export const readEnrolledKey = (payload: unknown, replaced: boolean): EnrolledKey => {
  const fields = membersOf(payload, 'key', replaced ? [...MEMBERS, 'endorsements'] : MEMBERS);
  return {
    printedName: shortText(fields['printedName'], 'printedName'),
    publicKey: readKey(fields['publicKey']),
    identity: readIdentity(fields['identity']),
    possession: signature64(bytesText(fields['possession'], 'possession', 64)),
    endorsements: replaced ? readEndorsements(fields['endorsements']) : [],
  };
};

/** @throws StoreError `esign.malformed` if the text of an accountability statement is none */
export const checkAccountability = (text: unknown): string => {
  const fits = typeof text === 'string' && text.length > 0 && text.length <= LIMITS.accountabilityLengthMax;
  if (!fits || !text.isWellFormed()) throw new StoreError('esign.malformed', { what: 'accountability' });
  return text;
};
