/** A platform whose WebCrypto has everything but Ed25519, in Node and in browsers, as long as `work` takes. */

const NAMES = ['generateKey', 'importKey', 'sign', 'verify'] as const;

const isEd25519 = (value: unknown): boolean =>
  value === 'Ed25519' || (typeof value === 'object' && value !== null && 'name' in value && value.name === 'Ed25519');

export const withoutEd25519 = async <T>(work: () => Promise<T>): Promise<T> => {
  const { subtle } = crypto;
  for (const name of NAMES) {
    const original: unknown = Reflect.get(subtle, name);
    if (typeof original !== 'function') throw new Error(`WebCrypto has no ${name}`);
    const value = async (...words: readonly unknown[]): Promise<unknown> => {
      if (words.some(isEd25519)) throw new DOMException('Algorithm: Unrecognized name', 'NotSupportedError');
      return Reflect.apply(original, subtle, words);
    };
    Object.defineProperty(subtle, name, { value, configurable: true });
  }
  try {
    return await work();
  } finally {
    for (const name of NAMES) Reflect.deleteProperty(subtle, name);
  }
};
