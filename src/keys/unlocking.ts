/**
 * One attempt to unlock. Wrong secret, unknown user and altered wrap are one and the same, in what is told and in what is
 * computed before it is told. Law: "an attempt that fails tells nothing, whyever it failed".
 */
import { bytesToHex } from '@noble/hashes/utils.js';
import { StoreError } from '../core/errors.ts';
import { type UserId, userId } from '../core/ids.ts';
import type { Clock, Entropy } from '../core/ports.ts';
import { utf8 } from '../crypto/bytes.ts';
import { unwrapSecret } from '../crypto/secretKey.ts';
import { sha256 } from '../crypto/sha256.ts';
import { type AttemptTimes, withAttempt, withoutAttempt } from './attempts.ts';
import type { VaultFile } from './document.ts';
import type { VaultDocument, VaultUser, Way } from './format.ts';
import { decoyWay, kindOf, type Secret, type SecretTools, tryWay } from './secrets.ts';
import { type UserPlace, wayPlace } from './userKeys.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const ID_BYTES = 16;
const TAG_DOMAIN = 'indelible/v1/vault-user\0';

export type Tools = SecretTools & {
  readonly file: VaultFile;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Of this run of the program. */
  readonly times: AttemptTimes;
};

export const freshId = (entropy: Entropy): string => bytesToHex(entropy.bytes(ID_BYTES));

/** A user's name under the vault's id: 32 hex digits. */
export const tagOf = (vault: string, user: UserId): string =>
  bytesToHex(sha256(utf8(`${TAG_DOMAIN}${vault}\0${user}`)).subarray(0, ID_BYTES));

/** The user's key, opened. `secret`: to be wiped by whoever asked. */
export type Opened = {
  readonly name: UserId;
  readonly at: UserPlace;
  readonly user: VaultUser;
  readonly way: Way;
  readonly secret: Bytes;
  readonly vault: VaultDocument;
};

const open = async (tools: Tools, vault: VaultDocument, at: UserPlace, secret: Secret) => {
  const kind = kindOf(secret);
  const user = vault.users.find(({ tag }) => tag === at.tag);
  const [first, ...rest] = user?.ways.filter((way) => way.kind === kind) ?? [];
  const { way, key } = await tryWay(tools, [first ?? decoyWay(vault, at.tag, kind), ...rest], secret);
  const opened = await unwrapSecret(key, way.wrap, wayPlace(way, at));
  if (user === undefined) throw new StoreError('key.refused');
  return { user, way, secret: opened };
};

/** A name that nobody can have stands for one that is none: it is refused as any other unknown one. */
const nameOf = (text: string): UserId => {
  try {
    return userId(text);
  } catch {
    return userId('-');
  }
};

/** @throws StoreError `key.refused`, `key.wait`, `key.passkey-unavailable`, `vault.*`, `storage.*` */
export const attempt = async (tools: Tools, userName: string, secret: Secret): Promise<Opened> => {
  const { file, clock, entropy, times } = tools;
  const name = nameOf(userName);
  const made = { id: freshId(entropy), kind: kindOf(secret), tag: '' };
  const vault = await file.change((stored) => {
    made.tag = tagOf(stored.id, name);
    return withAttempt(stored, made, clock, times);
  });
  const at: UserPlace = { vault: vault.id, tag: made.tag };
  const opened = await open(tools, vault, at, secret);
  const after = await file.change((stored) => withoutAttempt(stored, made, times));
  return { name, at, vault: after, ...opened };
};
