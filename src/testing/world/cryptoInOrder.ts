/**
 * Calls of the platform's cryptography one after the other, as long as a world lives. Each is made in a thread of its own, and which of two ends
 * first is the machine's affair: a crash at the n-th call to a disk would then meet another call the next time.
 *
 * Invariant: a call begins when the one before it has ended, whether well or not, and ends in a turn of its own: nothing that waits for
 * no cryptography is left to do by then. So one seed gives one history, whoever answers. Law: `world.test`.
 */

/** Answers a call in the platform's place. Its words are what the caller gave. */
export type Answer = (words: readonly unknown[]) => unknown;

let asking = 0;
let last: Promise<unknown> = Promise.resolve();

const methodsOf = (subtle: SubtleCrypto): readonly string[] =>
  Object.getOwnPropertyNames(Object.getPrototypeOf(subtle)).filter(
    (name) => name !== 'constructor' && typeof Reflect.get(subtle, name) === 'function',
  );

/** A turn of the event loop, as short as there is one. */
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    const soon: unknown = Reflect.get(globalThis, 'setImmediate');
    if (typeof soon === 'function') Reflect.apply(soon, undefined, [resolve]);
    else setTimeout(resolve, 0);
  });

const follow = (subtle: SubtleCrypto, name: string, answer: Answer | undefined): void => {
  const original: unknown = Reflect.get(subtle, name);
  if (typeof original !== 'function') return;
  const given = async (words: readonly unknown[]): Promise<unknown> => {
    await turn();
    return answer?.(words);
  };
  const value = (...words: readonly unknown[]): Promise<unknown> => {
    const call = last.then((): unknown =>
      answer === undefined ? Reflect.apply(original, subtle, words) : given(words),
    );
    last = call.catch(() => undefined);
    return call;
  };
  Object.defineProperty(subtle, name, { value, configurable: true });
};

/**
 * From now on calls follow each other, until each of those who asked for it has called what this gives.
 * @param answers  who answers calls in the platform's place, by the name of the method; of the first who asks while nobody does
 */
export const cryptoInOrder = (answers: ReadonlyMap<string, Answer> = new Map()): (() => void) => {
  const { subtle } = crypto;
  if (asking++ === 0) for (const name of methodsOf(subtle)) follow(subtle, name, answers.get(name));
  return () => {
    asking -= 1;
    if (asking === 0) for (const name of methodsOf(subtle)) Reflect.deleteProperty(subtle, name);
  };
};
