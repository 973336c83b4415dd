/** Laws of sealing at rest, on any platform's WebCrypto. */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { expect, it } from 'vitest';
import { type AtRest, type AtRestParts, openAtRest, SEAL_BYTES } from '../../src/crypto/atRest.ts';
import { utf8 } from '../../src/crypto/bytes.ts';
import { drawRoot, makeDeviceKey, unwrapRoot, wrappingKeyFrom, wrapRoot } from '../../src/crypto/rootKey.ts';
import { seededEntropy } from '../../src/testing/entropy.ts';
import { settled } from '../conformance/engine.ts';

const counted = (length: number, from = 0) => Uint8Array.from({ length }, (_, at) => from + at);
const PLACE = { table: 'records', key: utf8('17') };
const PLAIN = utf8('{"value":"120 mmHg"}');

const openWith = (parts: Partial<AtRestParts> = {}): Promise<AtRest> =>
  openAtRest({ root: counted(32), id: counted(16, 100), entropy: seededEntropy(7), ...parts });

/** Form 1, frozen: sealed under this root key, in this place. */
const FROZEN =
  '012c125e96e7f495ab2dd85b63127c65cdee86950894e0b8ff4c59aa8c52b6b28ab3afb50902f4df9c6aa263d5d39a6605c1399c564edbbd1711aebc3a32df4da8';
const FROZEN_NAME = '7257b0cef4a25bea66f70dc6f32011cd9ac40c5dea90f68c279f707b6022194b';

const changed = (bytes: Uint8Array, at: number): Uint8Array<ArrayBuffer> => {
  const other = Uint8Array.from(bytes);
  other[at] = (other[at] ?? 0) ^ 1;
  return other;
};

const formLaws = (): void => {
  it('what form 1 has sealed opens for ever, and names keep their keyed hash [RST-07]', async () => {
    const atRest = await openWith({ entropy: seededEntropy(99) });
    const opened = await atRest.open(PLACE, Uint8Array.from(hexToBytes(FROZEN)));
    expect(opened).toEqual(PLAIN);
    expect(bytesToHex(atRest.nameHash('marks', utf8('sync')))).toBe(FROZEN_NAME);
  });

  it('sealed bytes show nothing, are longer by a fixed length, and never the same twice [RST-01]', async () => {
    const atRest = await openWith();
    const sealed = await Promise.all(Array.from({ length: 50 }, () => atRest.seal(PLACE, PLAIN)));
    expect(new Set(sealed.map(bytesToHex)).size).toBe(50);
    for (const each of sealed) {
      expect(each.length).toBe(PLAIN.length + SEAL_BYTES);
      expect(bytesToHex(each)).not.toContain(bytesToHex(utf8('120')));
      expect(await atRest.open(PLACE, each)).toEqual(PLAIN);
    }
  });
};

const swapLaws = (): void => {
  it('opens in its own place only: another table, key, database or root key opens nothing [RST-02]', async () => {
    const atRest = await openWith();
    const sealed = await atRest.seal(PLACE, PLAIN);
    const strangers = [await openWith({ id: counted(16, 101) }), await openWith({ root: counted(32, 1) })];
    for (const stranger of strangers) expect(await stranger.open(PLACE, sealed)).toBeUndefined();
    const places = [
      { ...PLACE, table: 'segments' },
      { ...PLACE, key: utf8('18') },
      { ...PLACE, key: utf8('') },
      { table: 'records1', key: utf8('7') },
      { table: 'records\u00001', key: utf8('7') },
    ];
    for (const place of places) expect(await atRest.open(place, sealed), place.table).toBeUndefined();
    expect(await (await openWith({ entropy: seededEntropy(8) })).open(PLACE, sealed)).toEqual(PLAIN);
  });

  it('any byte changed, any cut, any byte more: form, salt, nonce, text and tag alike open nothing [RST-02]', async () => {
    const atRest = await openWith();
    const sealed = await atRest.seal(PLACE, PLAIN);
    for (let at = 0; at < sealed.length; at++) {
      expect(await atRest.open(PLACE, changed(sealed, at)), `byte ${at}`).toBeUndefined();
      expect(await atRest.open(PLACE, sealed.slice(0, at)), `cut at ${at}`).toBeUndefined();
    }
    expect(await atRest.open(PLACE, Uint8Array.from([...sealed, 0]))).toBeUndefined();
  });
};

const budgetLaws = (): void => {
  it('a key past its budget is not used again: another salt is drawn well before nonces might meet [RST-03]', async () => {
    const atRest = await openWith({ sealsMax: 3 });
    const sealed = await Promise.all(Array.from({ length: 10 }, () => atRest.seal(PLACE, PLAIN)));
    const salts = sealed.map((each) => bytesToHex(each.subarray(1, 17)));
    expect(salts.map((salt) => salts.indexOf(salt))).toEqual([0, 0, 0, 3, 3, 3, 6, 6, 6, 9]);
    for (const each of sealed) expect(await atRest.open(PLACE, each)).toEqual(PLAIN);
  });

  it('whoever opens the database seals under a key of its own [RST-03]', async () => {
    const [one, other] = [await openWith(), await openWith({ entropy: seededEntropy(8) })];
    const salts = await Promise.all([one, other].map((atRest) => atRest.seal(PLACE, PLAIN)));
    expect(new Set(salts.map((each) => bytesToHex(each.subarray(1, 17)))).size).toBe(2);
  });

  it('a source of nonces that repeats itself, or gives another length, seals nothing [RST-03]', async () => {
    for (const entropy of [{ bytes: (length: number) => new Uint8Array(length) }, { bytes: () => counted(16) }]) {
      const broken = await openWith({ entropy });
      expect(await settled(broken.seal(PLACE, PLAIN))).toEqual({ code: 'key.randomness-repeated' });
    }
  });

  it('many keys are opened with, and few are held [RST-03]', async () => {
    const atRest = await openWith({ sealsMax: 1 });
    const sealed = await Promise.all(Array.from({ length: 1_100 }, () => atRest.seal(PLACE, PLAIN)));
    for (const at of [0, 1, 500, 1_099, 0]) {
      expect(await atRest.open(PLACE, sealed[at] ?? new Uint8Array(0))).toEqual(PLAIN);
    }
  });
};

const rootLaws = (): void => {
  const hkdf = (secret: Uint8Array<ArrayBuffer>) =>
    crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey', 'deriveBits']);

  it('a wrapped root key opens by its key and under its terms only [RST-04]', async () => {
    const entropy = seededEntropy(3);
    const { root, id } = drawRoot(entropy);
    const [device, given] = [await makeDeviceKey(entropy), await wrappingKeyFrom(await hkdf(counted(32)), id)];
    const terms = { id, by: 'given', holdsPlain: false } as const;
    const wrapped = await wrapRoot(given, root, terms, entropy);
    expect(await unwrapRoot(given, wrapped, terms)).toEqual(root);
    const strangers = [device, await wrappingKeyFrom(await hkdf(counted(32, 1)), id)];
    for (const key of strangers) expect(await unwrapRoot(key, wrapped, terms)).toBeUndefined();
    const others = [
      { ...terms, id: changed(id, 0) },
      { ...terms, by: 'device' as const },
      { ...terms, holdsPlain: true },
    ];
    for (const other of others) expect(await unwrapRoot(given, wrapped, other)).toBeUndefined();
    for (let at = 0; at < wrapped.length; at++)
      expect(await unwrapRoot(given, changed(wrapped, at), terms), `byte ${at}`).toBeUndefined();
  });

  it('neither a device key nor a derived one can be exported [RST-04]', async () => {
    const device = await makeDeviceKey(seededEntropy(4));
    const derived = await wrappingKeyFrom(await hkdf(counted(32)), counted(16));
    for (const key of [device, derived]) {
      expect(key.extractable).toBe(false);
      await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow();
    }
  });
};

export const sealLaws = (): void => {
  formLaws();
  swapLaws();
  budgetLaws();
  rootLaws();
};
