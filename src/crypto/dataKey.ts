/**
 * A data key: what the protected values of one subject, or of one group of fields, are sealed with.
 *
 * It is 32 random bytes, from which come two things: the keys of the outer layer (AES-256-GCM, `subkey`) and a tree of
 * leaf keys (`keyTree`), one for each sealed value, for the layer inside. A single value is destroyed by puncturing its
 * leaf; a subject by dropping the whole key. Its id commits to it: H(domain, the 32 bytes).
 *
 * Invariants: a key that was written and read gives the same leaves and subkeys; one that was punctured holds nothing
 * from which a punctured leaf or the 32 bytes follow. Law: `dataKey.laws`. Frozen by `test/vectors/fields.json`.
 */
import { concatBytes } from '@noble/hashes/utils.js';
import { StoreError } from '../core/errors.ts';
import { type EventId, type KeyId, keyId } from '../core/ids.ts';
import type { Entropy } from '../core/ports.ts';
import { fromBase64, toBase64Url, utf8 } from './bytes.ts';
import {
  bytesOfWords,
  deriveWords,
  encodeNodes,
  type KeyTree,
  type KeyWords,
  readNodes,
  wholeTree,
  wordAt,
  wordsOf,
} from './keyTree.ts';
import { sha256 } from './sha256.ts';

const COMMITMENT_DOMAIN = utf8('indelible/v1/key-commitment\0');
const PATH_DOMAIN = utf8('indelible/v1/sealed-path\0');
const ROOT_BYTES = 32;
/** What a derived key is for. Read as bytes: "aead", "root". */
const USE_OUTER = 0x64616561;
const USE_TREE = 0x746f6f72;
const USE_SUBKEY = 0x6b627573;

/** Bytes of a subkey's salt. */
export const SALT_BYTES = 8;
/** Subkeys kept at hand; each session of each writer brings one. */
const SUBKEYS_MAX = 256;

const WHOLE = 1;
const PUNCTURED = 2;
const ID_BYTES = 32;

/** Where a value is sealed: the event, and the path inside its payload (RFC 6901). */
export type SealedPlace = { readonly event: EventId; readonly path: string };

export type DataKey = {
  readonly id: KeyId;
  /** The value's own key, or undefined if the value was redacted. @throws StoreError `key.locked` */
  readonly leaf: (place: SealedPlace) => KeyWords | undefined;
  /** The AES key of the outer layer under a salt of 8 bytes; at once, if it was asked for before. @throws StoreError `key.locked` */
  readonly subkey: (salt: Uint8Array) => CryptoKey | Promise<CryptoKey>;
  /** What is left of the key without these places: for good once nothing holds the key as it was. */
  readonly puncture: (places: readonly SealedPlace[]) => DataKey;
  /** True if the value that was sealed there can still be opened, as far as the key is asked. */
  readonly holds: (place: SealedPlace) => boolean;
  /** The key as bytes, to be wrapped. Secret. @throws StoreError `key.locked` */
  readonly encode: () => Uint8Array<ArrayBuffer>;
  /** Forgets the key: from here on every call fails with `key.locked`. */
  readonly wipe: () => void;
};

/** Names of fields are few: their hashes are kept, those of elements of long arrays not for long. */
const PATHS_KEPT_MAX = 1_024;
const pathHashes = new Map<string, Hash48>();
type Hash48 = { readonly high: number; readonly low: number };

const pathHash = (path: string): Hash48 => {
  const known = pathHashes.get(path);
  if (known !== undefined) return known;
  const hash = sha256(PATH_DOMAIN, utf8(path));
  const view = new DataView(hash.buffer, hash.byteOffset, 6);
  const made = { high: view.getUint16(0), low: view.getUint32(2) };
  if (pathHashes.size >= PATHS_KEPT_MAX) pathHashes.clear();
  pathHashes.set(path, made);
  return made;
};

/** The leaf of a place: the last 48 bits of the event's id, which are random, with the first 48 of the path's hash. */
const placeNumber = ({ event, path }: SealedPlace): number => {
  const { high, low } = pathHash(path);
  const eventHigh = Number.parseInt(event.slice(-12, -8), 16);
  const eventLow = Number.parseInt(event.slice(-8), 16);
  return (eventHigh ^ high) * 0x1_0000_0000 + ((eventLow ^ low) >>> 0);
};

type Parts = {
  readonly id: KeyId;
  readonly outer: KeyWords;
  readonly tree: KeyTree;
  readonly root: KeyWords | undefined;
};

const idBytes = (id: KeyId): Uint8Array => fromBase64(`${id.replaceAll('-', '+').replaceAll('_', '/')}=`);

const encodeParts = ({ id, outer, tree, root }: Parts): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(
    root === undefined
      ? concatBytes(Uint8Array.of(PUNCTURED), idBytes(id), bytesOfWords(outer), encodeNodes(tree))
      : concatBytes(Uint8Array.of(WHOLE), bytesOfWords(root)),
  );

const importSubkey = async (outer: KeyWords, salt: Uint8Array): Promise<CryptoKey> => {
  const input = Uint32Array.of(wordAt(salt, 0), wordAt(salt, 4), 0, USE_SUBKEY);
  const bytes = bytesOfWords(deriveWords(outer, input));
  const key = await crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
  bytes.fill(0);
  return key;
};

const keyOf = (parts: Parts): DataKey => {
  const { id, outer, tree, root } = parts;
  const subkeys = new Map<string, CryptoKey | Promise<CryptoKey>>();
  let isWiped = false;
  const unlocked = (): void => {
    if (isWiped) throw new StoreError('key.locked', { key: id });
  };
  return {
    id,
    leaf: (place) => {
      unlocked();
      return tree.leaf(placeNumber(place));
    },
    holds: (place) => {
      unlocked();
      return tree.leaf(placeNumber(place)) !== undefined;
    },
    subkey: (salt) => {
      unlocked();
      const name = `${wordAt(salt, 0)}.${wordAt(salt, 4)}`;
      const known = subkeys.get(name);
      if (known !== undefined) return known;
      if (subkeys.size >= SUBKEYS_MAX) subkeys.clear();
      const made = importSubkey(outer, salt);
      subkeys.set(name, made);
      made.then(
        (key) => {
          if (subkeys.get(name) === made) subkeys.set(name, key);
        },
        () => undefined, // told to whoever asked
      );
      return made;
    },
    puncture: (places) => {
      unlocked();
      const isWhole = places.length === 0;
      const left = tree.puncture(places.map(placeNumber));
      return keyOf({ id, outer: outer.slice(), tree: left, root: isWhole ? root?.slice() : undefined });
    },
    encode: () => {
      unlocked();
      return encodeParts(parts);
    },
    wipe: () => {
      isWiped = true;
      subkeys.clear();
      outer.fill(0);
      root?.fill(0);
      tree.wipe();
    },
  };
};

const keyOfRoot = (root: Uint8Array): DataKey => {
  const words = wordsOf(root);
  return keyOf({
    id: keyId(toBase64Url(sha256(COMMITMENT_DOMAIN, root))),
    root: words,
    outer: deriveWords(words, Uint32Array.of(0, 0, 0, USE_OUTER)),
    tree: wholeTree(deriveWords(words, Uint32Array.of(0, 0, 0, USE_TREE))),
  });
};

/** Makes a fresh data key. */
export const makeDataKey = (entropy: Entropy): DataKey => keyOfRoot(entropy.bytes(ROOT_BYTES));

const malformed = (what: string) => new StoreError('key.data-malformed', { what });

/** Reads what `encode` wrote; nothing else is a data key. @throws StoreError `key.data-malformed` */
export const readDataKey = (bytes: Uint8Array): DataKey => {
  const content = bytes.subarray(1);
  if (bytes[0] === WHOLE) {
    if (content.length !== ROOT_BYTES) throw malformed('length');
    return keyOfRoot(content);
  }
  if (bytes[0] !== PUNCTURED) throw malformed('form');
  if (content.length < ID_BYTES + ROOT_BYTES) throw malformed('length');
  return keyOf({
    id: keyId(toBase64Url(content.subarray(0, ID_BYTES))),
    root: undefined,
    outer: wordsOf(content.subarray(ID_BYTES, ID_BYTES + ROOT_BYTES)),
    tree: readNodes(content.subarray(ID_BYTES + ROOT_BYTES)),
  });
};

/**
 * What is left in both copies of one data key: every value that either has lost is lost. A key of its own.
 * @throws StoreError `key.data-malformed` if they are not of one key, `key.locked`
 */
export const meetKeys = (one: DataKey, other: DataKey): DataKey => {
  if (one.id !== other.id) throw malformed('another key');
  const [first, second] = [one.encode(), other.encode()];
  try {
    if (first[0] === WHOLE) return readDataKey(second);
    if (second[0] === WHOLE) return readDataKey(first);
    const from = 1 + ID_BYTES + ROOT_BYTES;
    const trees = [readNodes(first.subarray(from)), readNodes(second.subarray(from))] as const;
    const met = trees[0].meet(trees[1]);
    for (const tree of trees) tree.wipe();
    return keyOf({ id: one.id, root: undefined, outer: wordsOf(first.subarray(1 + ID_BYTES, from)), tree: met });
  } finally {
    first.fill(0);
    second.fill(0);
  }
};
