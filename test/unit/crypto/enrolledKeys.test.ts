/**
 * A dishonest device, server and signer, whose public key has a part of small order. Each makes signatures that fulfil the
 * equation, so that the platform itself would accept them: what refuses them is the rule.
 */
import { describe, expect, it } from 'vitest';
import { enrolSigner, Signer } from '../../../src/clinical.ts';
import { publicKey32, signature64 } from '../../../src/core/ids.ts';
import { sequence } from '../../../src/core/position.ts';
import { emptyHead, replicaIdOf } from '../../../src/crypto/chain.ts';
import { checkCommit } from '../../../src/crypto/checkCommit.ts';
import { encodeCommit, signedMessage } from '../../../src/crypto/commitBytes.ts';
import { encodeEvent, prepareCommit, sealContext } from '../../../src/crypto/sealCommit.ts';
import { noteVerifierText } from '../../../src/crypto/signedNote.ts';
import { makeSigningKey } from '../../../src/crypto/signer.ts';
import { memoryStorage, openStore } from '../../../src/index.ts';
import { simulatedNetwork, simulatedServer } from '../../../src/testing/index.ts';
import { openDevice } from '../store/trial.ts';
import { bodyOf, codeOfAsync, contextOf, RFC_8032, TENANT, unhex } from '../support.ts';
import {
  add,
  BASE,
  encodePoint,
  expand,
  fromLittleEndian,
  hashToScalar,
  IDENTITY,
  L,
  littleEndian,
  P,
  times,
} from './ed25519.ts';

const ORDER_2 = { x: 0n, y: P - 1n };
const { scalar } = expand(unhex(RFC_8032[0].secret));
const MIXED = publicKey32(encodePoint(add(times(scalar, BASE), ORDER_2)));

/** Draws R until the part of small order falls out of k·A: then the plain equation holds. */
const signMixed = (message: Uint8Array): Uint8Array<ArrayBuffer> => {
  for (let nonce = 1n; ; nonce++) {
    const r = encodePoint(times(nonce, BASE));
    const challenge = hashToScalar(r, MIXED, message);
    if (challenge % 2n === 0n) return Uint8Array.of(...r, ...littleEndian((nonce + challenge * scalar) % L));
  }
};

const platformAccepts = async (signature: Uint8Array<ArrayBuffer>, message: Uint8Array<ArrayBuffer>) => {
  const key = await crypto.subtle.importKey('raw', Uint8Array.from(MIXED), 'Ed25519', true, ['verify']);
  return crypto.subtle.verify('Ed25519', key, signature, message);
};

describe('a key with a part of small order', () => {
  it('is no multiple of the base point, though eight times it is one [FMT-15]', () => {
    const point = add(times(scalar, BASE), ORDER_2);
    expect(times(L, point)).not.toEqual(IDENTITY);
    expect(times(8n * L, point)).toEqual(IDENTITY);
    expect(fromLittleEndian(MIXED)).toBeLessThan(2n ** 256n);
  });

  it('of a device: its first commit is refused, by servers and devices alike [FMT-15]', async () => {
    const { privateKey } = await makeSigningKey();
    const replica = replicaIdOf(MIXED);
    const { link: previous } = emptyHead(replica, TENANT);
    const context = sealContext(contextOf(replica));
    const events = [encodeEvent(bodyOf(1))];
    const { parts } = prepareCommit({
      ...{ key: { publicKey: MIXED, privateKey }, context, first: sequence(1), previous, events },
    });
    const message = signedMessage(parts);
    const signature = signMixed(message);
    expect(await platformAccepts(signature, message)).toBe(true);
    const bytes = encodeCommit({ ...parts, signature: signature64(signature) });
    expect(await checkCommit(bytes)).toMatchObject({ kind: 'faulty', fault: { code: 'signature.invalid' } });
  });

  it('of a server: the device does not take it up [FMT-15, SYN-05]', async () => {
    const server = await simulatedServer({ tenant: TENANT });
    const text = noteVerifierText({ name: 'server.simulated', publicKey: MIXED });
    const alter = (answer: string) => JSON.stringify({ ...JSON.parse(answer), server: text, receipt: null });
    const transport = simulatedNetwork(server, ({ kind }) =>
      kind === 'hello' ? { kind: 'alter-answer', alter } : { kind: 'none' },
    );
    const { store } = await openDevice();
    const sync = store.sync({ url: 'https://server.invalid', transport, network: 'online' });
    const status = await sync.now();
    sync.stop();
    expect(status).toMatchObject({ lastError: 'key.malformed' });
    await store.close();
  });

  it('of a signer: it is not enrolled, and nothing is recorded [FMT-15, SIG-03]', async () => {
    const store = await openStore({
      ...{ name: 'enrolled', tenant: TENANT, aggregates: [Signer], storage: memoryStorage() },
      actor: () => ({ userId: 'dr-mayer', role: 'investigator' }),
    });
    const hand = { publicKey: MIXED, sign: async (message: Uint8Array) => signature64(signMixed(message)) };
    const enrolment = { id: 'dr-mayer', printedName: 'Dr Ada Mayer', identity: null };
    expect(await codeOfAsync(() => enrolSigner(store, enrolment, hand))).toBe('key.malformed');
    expect(store.size()).toBe(0);
    await store.close();
  });
});
