/**
 * A key of a passphrase, in a worker of its own where there is one: its memory goes with it. Without one, the same work is
 * done here, with the same result. Law: "gives the same key with the worker and without it".
 */
import { type DerivePassphrase, derivePassphraseHere, type PassphraseCost } from '../../crypto/passphrase.ts';

/** The worker is a module beside this one: bundlers find it by this very expression. */
const startWorker = (): Worker | undefined => {
  if (typeof Worker === 'undefined') return undefined;
  try {
    return new Worker(new URL('./argon2.worker.ts', import.meta.url), { type: 'module', name: 'indelible-passphrase' });
  } catch {
    return undefined; // forbidden by the page's policy
  }
};

type Asked = {
  readonly passphrase: Uint8Array<ArrayBuffer>;
  readonly salt: Uint8Array<ArrayBuffer>;
  readonly cost: PassphraseCost;
};

const askWorker = (worker: Worker, asked: Asked): Promise<Uint8Array<ArrayBuffer> | undefined> =>
  new Promise((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<unknown>) => {
      resolve(data instanceof Uint8Array ? Uint8Array.from(data) : undefined);
      if (data instanceof Uint8Array) data.fill(0);
    };
    worker.onerror = () => resolve(undefined);
    worker.onmessageerror = () => resolve(undefined);
    worker.postMessage(asked);
  });

export const derivePassphrase: DerivePassphrase = async (passphrase, salt, cost) => {
  const worker = startWorker();
  if (worker === undefined) return derivePassphraseHere(passphrase, salt, cost);
  try {
    return (
      (await askWorker(worker, { passphrase, salt, cost })) ?? (await derivePassphraseHere(passphrase, salt, cost))
    );
  } finally {
    worker.terminate();
  }
};
