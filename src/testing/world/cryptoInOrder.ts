/**
 * Calls of the platform's cryptography one after the other, as long as a world lives. Each is made in a thread of its own, and which of two ends
 * first is the machine's affair: a crash at the n-th call to a disk would then meet another call the next time.
 *
 * Invariant: a call begins when the one before it has ended, whether well or not, so one seed gives one history. Law: `world.test`.
 */
let asking = 0;
let last: Promise<unknown> = Promise.resolve();

const methodsOf = (subtle: SubtleCrypto): readonly string[] =>
  Object.getOwnPropertyNames(Object.getPrototypeOf(subtle)).filter(
    (name) => name !== 'constructor' && typeof Reflect.get(subtle, name) === 'function',
  );

const follow = (subtle: SubtleCrypto, name: string): void => {
  const original: unknown = Reflect.get(subtle, name);
  if (typeof original !== 'function') return;
  const value = (...words: readonly unknown[]): Promise<unknown> => {
    const call = last.then((): unknown => Reflect.apply(original, subtle, words));
    last = call.catch(() => undefined);
    return call;
  };
  Object.defineProperty(subtle, name, { value, configurable: true });
};

/** From now on calls follow each other, until each of those who asked for it has called what this gives. */
export const cryptoInOrder = (): (() => void) => {
  const { subtle } = crypto;
  if (asking++ === 0) for (const name of methodsOf(subtle)) follow(subtle, name);
  return () => {
    asking -= 1;
    if (asking === 0) for (const name of methodsOf(subtle)) Reflect.deleteProperty(subtle, name);
  };
};
