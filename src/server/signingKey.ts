/**
 * The server's own key. Made at the first start, kept in the data folder as PKCS8 (PEM) readable by its owner only, and
 * used through a handle that cannot be exported. Who has this file can sign in the server's name.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { link, open, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { publicKey32 } from '../core/ids.ts';
import { isRecord } from '../core/json.ts';
import type { SigningKey } from '../crypto/signer.ts';
import { startFault } from './startFault.ts';

const FILE = 'server-key.pem';

const importKey = async (secret: KeyObject): Promise<SigningKey> => {
  const { x = '' } = createPublicKey(secret).export({ format: 'jwk' });
  const pkcs8 = Uint8Array.from(secret.export({ type: 'pkcs8', format: 'der' }));
  return {
    publicKey: publicKey32(new Uint8Array(Buffer.from(x, 'base64url'))),
    privateKey: await crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']),
  };
};

const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
};

const isThere = (error: unknown): boolean => isRecord(error) && error['code'] === 'EEXIST';

/** Writes the key under its name unless another process was first. A half-written key never has the name. */
const keep = async (path: string, pem: string): Promise<void> => {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(pem);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(draft, path);
  } catch (error) {
    if (!isThere(error)) throw error;
  } finally {
    await rm(draft, { force: true });
  }
  await syncFolder(dirname(path));
};

/** The key in `folder`, made if there is none. @throws StoreError `key.malformed` with `what: key-file` */
export const loadSigningKey = async (folder: string): Promise<SigningKey> => {
  const path = join(folder, FILE);
  const read = () =>
    readFile(path, 'utf8').catch((error: unknown) => {
      if (isRecord(error) && error['code'] === 'ENOENT') return undefined;
      throw startFault('key-file', { cause: error });
    });
  if ((await read()) === undefined) {
    const { privateKey } = generateKeyPairSync('ed25519');
    await keep(path, String(privateKey.export({ type: 'pkcs8', format: 'pem' })));
  }
  try {
    const secret = createPrivateKey((await read()) ?? '');
    if (secret.asymmetricKeyType !== 'ed25519') throw startFault('key-file');
    return await importKey(secret);
  } catch (cause) {
    throw startFault('key-file', { cause });
  }
};
