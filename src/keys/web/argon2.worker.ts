/** The worker that makes a key of a passphrase, so that the page does not stand still: one request, then it is ended. */
import { derivePassphraseHere, type PassphraseCost } from '../../crypto/passphrase.ts';
import { wipe } from '../../crypto/secretKey.ts';

type Request = {
  readonly passphrase: Uint8Array<ArrayBuffer>;
  readonly salt: Uint8Array<ArrayBuffer>;
  readonly cost: PassphraseCost;
};

self.onmessage = async ({ data: { passphrase, salt, cost } }: MessageEvent<Request>) => {
  try {
    const key = await derivePassphraseHere(passphrase, salt, cost);
    self.postMessage(key, { transfer: [key.buffer] });
  } catch {
    self.postMessage(undefined); // the page does it itself, and says what is wrong
  } finally {
    wipe(passphrase);
  }
};
