/**
 * Deterministic material for the tests of the facts: fixed keys, sample contexts and events, whole chains of commits.
 *
 * The secrets are those published in RFC 8032, section 7.1: test keys, known to everybody, that protect nothing.
 */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { Commit, Head } from '../../src/core/commit.ts';
import { headAfter } from '../../src/core/commit.ts';
import type { CommitContext, EventBody } from '../../src/core/envelope.ts';
import type { ErrorCode } from '../../src/core/errors.ts';
import { isStoreError } from '../../src/core/errors.ts';
import type { ReplicaId } from '../../src/core/ids.ts';
import {
  aggregateId,
  aggregateType,
  eventId,
  eventType,
  publicKey32,
  streamId,
  tenantId,
  userId,
} from '../../src/core/ids.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { sequence } from '../../src/core/position.ts';
import { emptyHead, replicaIdOf } from '../../src/crypto/chain.ts';
import { encodeEvent, prepareCommit, sealContext, signCommit } from '../../src/crypto/sealCommit.ts';
import type { SigningKey } from '../../src/crypto/signer.ts';

/** RFC 8032 section 7.1, TEST 1 to TEST 3: secret, public key, message, signature. */
export const RFC_8032 = [
  {
    secret: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    secret: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    secret: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
] as const;

export const hex = (bytes: Uint8Array): string => bytesToHex(bytes);
export const unhex = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(hexToBytes(text));

const PKCS8_PREFIX = unhex('302e020100300506032b657004220420');

/** The key of a published test secret. Ed25519 is deterministic, so what it signs is the same everywhere. */
export const keyOf = async (vector: { readonly secret: string; readonly publicKey: string }): Promise<SigningKey> => ({
  publicKey: publicKey32(unhex(vector.publicKey)),
  privateKey: await crypto.subtle.importKey(
    'pkcs8',
    Uint8Array.of(...PKCS8_PREFIX, ...unhex(vector.secret)),
    'Ed25519',
    false,
    ['sign'],
  ),
});

export const [KEY_A, KEY_B, KEY_C] = await Promise.all([keyOf(RFC_8032[0]), keyOf(RFC_8032[1]), keyOf(RFC_8032[2])]);
export const TENANT = tenantId('acme-042');
export const STREAM = streamId(aggregateType('visit'), aggregateId('subject-17/visit-1'));

export const contextOf = (replica: ReplicaId, change: Partial<CommitContext> = {}): CommitContext => ({
  format: 1,
  tenant: TENANT,
  replica,
  actor: { user: userId('coordinator-3'), role: 'site-coordinator' },
  recordedAt: { utc: '2026-03-01T09:30:00.125Z', offsetMin: 60, zone: 'Europe/Vienna', uptimeMs: 90_125 },
  receipt: null,
  software: { store: 'indelible/0.1.0', registry: 'c0ffee' },
  ...change,
});

const digits = (value: number): string => value.toString(16).padStart(12, '0').slice(-12);

/** An event of the sample stream; its id follows from its sequence and `branch`. */
export const bodyOf = (at: number, change: Partial<EventBody> = {}, branch = 0): EventBody => ({
  id: eventId(`019500a0-0000-7000-8${branch.toString(16).padStart(3, '0')}-${digits(at)}`),
  stream: STREAM,
  type: eventType('ItemRecorded'),
  schema: 2,
  sequence: sequence(at),
  basis: {},
  payload: { item: 'BP.SYS', value: 120 + (at % 40) },
  ...change,
});

type CommitOptions = {
  readonly context?: Partial<CommitContext>;
  readonly branch?: number;
  readonly payload?: (at: number) => JsonObject;
};

/** The commit of `count` sample events that follows `head`. */
export const commitAfter = (
  key: SigningKey,
  head: Head,
  count: number,
  options: CommitOptions = {},
): Promise<Commit> => {
  const context = sealContext(contextOf(replicaIdOf(key.publicKey), options.context));
  const first = sequence(head.sequence + 1);
  const events = Array.from({ length: count }, (_, index) => {
    const at = first + index;
    const payload = options.payload?.(at);
    return encodeEvent(bodyOf(at, payload === undefined ? {} : { payload }, options.branch));
  });
  return signCommit(key, prepareCommit({ key, context, first, previous: head.link, events }));
};

/** A chain from sequence 1 on: one commit for each count. */
export const chainOf = async (key: SigningKey, counts: readonly number[], options: CommitOptions = {}) => {
  const commits: Commit[] = [];
  let head = emptyHead(replicaIdOf(key.publicKey), options.context?.tenant ?? TENANT);
  for (const count of counts) {
    const commit = await commitAfter(key, head, count, options);
    commits.push(commit);
    head = headAfter(commit);
  }
  return commits;
};

/** The element that a test knows to be there. */
export const at = <T>(items: readonly T[], index: number): T => {
  const item = items.at(index);
  if (item === undefined) throw new RangeError(`nothing at ${index}`);
  return item;
};

/** A copy with one bit flipped; bit 0 is the lowest of byte 0. */
export const flipped = (bytes: Uint8Array, bit: number): Uint8Array<ArrayBuffer> => {
  const copy = Uint8Array.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
};

/** The code that `work` fails with; undefined if it does not. Any other failure than a StoreError is thrown on. */
export const codeOf = (work: () => unknown): ErrorCode | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    if (isStoreError(error)) return error.code;
    throw error;
  }
};

/** As `codeOf`, for work that takes time. */
export const codeOfAsync = async (work: () => Promise<unknown>): Promise<ErrorCode | undefined> => {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (isStoreError(error)) return error.code;
    throw error;
  }
};
