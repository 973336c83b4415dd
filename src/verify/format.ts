/**
 * The lines of a bundle, format 1, and their strict readers. One line is one canonical JSON object (RFC 8785) and a
 * newline, in this order: manifest, receipts, commits, findings, seal. `docs/verification.md` has the table; the reasons
 * are in decision 0006. None of it may change within format 1.
 */
import type { Finding } from '../core/commit.ts';
import { isUtc } from '../core/envelope.ts';
import { isErrorCode, StoreError } from '../core/errors.ts';
import { type Hash32Hex, hash32Hex, publicKey32, replicaId, tenantId } from '../core/ids.ts';
import { isRecord } from '../core/json.ts';
import { LIMITS } from '../core/limits.ts';
import { fromBase64, utf8 } from '../crypto/bytes.ts';
import { replicaIdOf } from '../crypto/chain.ts';
import type { HeadText, ManifestSummary, Sealer } from './report.ts';

export const BUNDLE_FORMAT = 1;
const SEAL_DOMAIN = utf8('indelible/v1/seal\0');

/** The bytes that the exporting replica signs: domain, then SHA-256 over every byte before the seal's line. */
export const sealMessage = (digest: Uint8Array): Uint8Array<ArrayBuffer> => {
  const message = new Uint8Array(SEAL_DOMAIN.length + digest.length);
  message.set(SEAL_DOMAIN);
  message.set(digest, SEAL_DOMAIN.length);
  return message;
};

/** The first line: what the bundle is and who made it. */
export type Manifest = ManifestSummary &
  Sealer & {
    readonly heads: Readonly<Record<string, HeadText>>;
    /** C2SP verifier key of the sync server, null if the exporter knows none. */
    readonly server: string | null;
  };

/** The last line. `lines`, `commits` and `events` count what stands before it. */
export type Seal = {
  readonly lines: number;
  readonly commits: number;
  readonly events: number;
  readonly sha256: Hash32Hex;
  readonly signature: Uint8Array;
};

export type RecordedFinding = { readonly finding: Finding; readonly evidence: Uint8Array };

type Fields = Readonly<Record<string, unknown>>;

const refuse = (what: string): never => {
  throw new StoreError('bundle.malformed', { what });
};
const members = (value: unknown, what: string, names: readonly string[]): Fields => {
  if (!isRecord(value)) return refuse(what);
  for (const name of Object.keys(value)) if (!names.includes(name)) refuse(`${what}: unknown member`);
  return value;
};
const text = (value: unknown, what: string, lengthMax: number = LIMITS.idLengthMax): string =>
  typeof value === 'string' && value.length > 0 && value.length <= lengthMax ? value : refuse(what);
const whole = (value: unknown, what: string): number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : refuse(what);
const utc = (value: unknown, what: string): string => {
  const read = text(value, what, 24);
  return isUtc(read) ? read : refuse(what);
};

const readHeads = (value: unknown): Readonly<Record<string, HeadText>> => {
  if (!isRecord(value)) return refuse('heads');
  const heads: Record<string, HeadText> = {};
  for (const [name, head] of Object.entries(value)) {
    const { sequence, link } = members(head, 'head', ['sequence', 'link']);
    heads[replicaId(name)] = { sequence: whole(sequence, 'head.sequence'), link: hash32Hex(text(link, 'head.link')) };
  }
  return heads;
};

const readSoftware = (value: unknown): ManifestSummary['software'] => {
  const { store, registry, app } = members(value, 'software', ['store', 'registry', 'app']);
  const read = { store: text(store, 'software.store'), registry: text(registry, 'software.registry') };
  return app === undefined ? read : { ...read, app: text(app, 'software.app') };
};

const MANIFEST_MEMBERS = [
  'kind',
  'format',
  'tenant',
  'createdAt',
  'creator',
  'replica',
  'publicKey',
  'software',
  'scope',
];

/**
 * Reads the first line. @throws StoreError `bundle.malformed`, `bundle.unsupported-format`, `id.malformed`
 */
export const readManifest = (value: unknown): Manifest => {
  if (isRecord(value) && value['kind'] === 'manifest' && typeof value['format'] === 'number' && value['format'] > 1) {
    throw new StoreError('bundle.unsupported-format', { format: value['format'] });
  }
  const fields = members(value, 'manifest', [...MANIFEST_MEMBERS, 'heads', 'events', 'server']);
  if (fields['kind'] !== 'manifest' || fields['format'] !== BUNDLE_FORMAT) refuse('manifest');
  if (fields['scope'] !== 'all') refuse('scope');
  const creator = members(fields['creator'], 'creator', ['user', 'role']);
  const publicKey = publicKey32(fromBase64(text(fields['publicKey'], 'publicKey')));
  const replica = replicaId(text(fields['replica'], 'replica'));
  if (replicaIdOf(publicKey) !== replica) refuse('replica');
  return {
    format: BUNDLE_FORMAT,
    tenant: tenantId(text(fields['tenant'], 'tenant')),
    createdAt: utc(fields['createdAt'], 'createdAt'),
    creator: { user: text(creator['user'], 'creator.user'), role: text(creator['role'], 'creator.role') },
    replica,
    publicKey,
    software: readSoftware(fields['software']),
    scope: 'all',
    heads: readHeads(fields['heads']),
    events: whole(fields['events'], 'events'),
    server: fields['server'] === null ? null : text(fields['server'], 'server', 400),
  };
};

/** Reads a line that holds a signed note. @throws StoreError `bundle.malformed` */
export const readReceiptLine = (value: unknown): string => {
  const { note } = members(value, 'receipt', ['kind', 'note']);
  return text(note, 'note', 4_096);
};

const readFinding = (value: unknown): Finding => {
  const fields = members(value, 'finding', ['code', 'sequence', 'replica', 'what', 'identity', 'foundAt']);
  const code = text(fields['code'], 'finding.code');
  if (!isErrorCode(code)) return refuse('finding.code');
  return {
    code,
    sequence: whole(fields['sequence'], 'finding.sequence'),
    identity: text(fields['identity'], 'finding.identity', 1_024),
    foundAt: utc(fields['foundAt'], 'finding.foundAt'),
    ...(fields['replica'] === undefined ? {} : { replica: replicaId(text(fields['replica'], 'finding.replica')) }),
    ...(fields['what'] === undefined ? {} : { what: text(fields['what'], 'finding.what', 1_024) }),
  };
};

const base64 = (value: unknown, what: string): Uint8Array => {
  if (typeof value !== 'string') return refuse(what);
  return fromBase64(value);
};

/** Reads a line that holds a recorded finding. @throws StoreError `bundle.malformed`, `id.malformed` */
export const readFindingLine = (value: unknown): RecordedFinding => {
  const { finding, evidence } = members(value, 'finding line', ['kind', 'finding', 'evidence']);
  return { finding: readFinding(finding), evidence: base64(evidence, 'evidence') };
};

/** Reads the last line. @throws StoreError `bundle.malformed`, `id.malformed` */
export const readSeal = (value: unknown): Seal => {
  const fields = members(value, 'seal', ['kind', 'lines', 'commits', 'events', 'sha256', 'signature']);
  const signature = base64(fields['signature'], 'seal.signature');
  if (signature.length !== 64) refuse('seal.signature');
  return {
    lines: whole(fields['lines'], 'seal.lines'),
    commits: whole(fields['commits'], 'seal.commits'),
    events: whole(fields['events'], 'seal.events'),
    sha256: hash32Hex(text(fields['sha256'], 'seal.sha256')),
    signature,
  };
};
