/** What a page and its sealing worker say to each other. Both come from one build, so nothing here is versioned. */
import type { CommitText } from '../crypto/sealTexts.ts';

/** A signing key as it is handed over: the private half stays inside WebCrypto, also on the other side. */
export type HandedKey = { readonly publicKey: Uint8Array; readonly privateKey: CryptoKey };

export type Request =
  /** `run`: a number of its own. `from`: the link to continue, or the run to continue, which has to be the one before. */
  | {
      readonly kind: 'seal';
      readonly run: number;
      readonly from: Uint8Array | number;
      readonly texts: readonly CommitText[];
    }
  /** Messages of one length, back to back. */
  | { readonly kind: 'sign'; readonly messages: Uint8Array<ArrayBuffer>; readonly count: number };

/** `key`: where it is another one than before; handing one over takes as long as signing with it. */
export type ToWorker = { readonly id: number; readonly key?: HandedKey; readonly request: Request };

export type Answer =
  | {
      readonly kind: 'sealed';
      readonly commits: readonly Uint8Array<ArrayBuffer>[];
      readonly links: readonly Uint8Array[];
    }
  /** Signatures of 64 bytes, back to back. */
  | { readonly kind: 'signed'; readonly signatures: Uint8Array }
  | { readonly kind: 'failed' };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly id: number; readonly kind: 'answer'; readonly answer: Answer };
