/**
 * Where the characters of a file come from: a string or a stream of strings, by pieces, with progress and cancellation.
 * After a cancellation nothing more is read (law: “stops at the first piece after a cancellation”).
 */
import { StoreError } from '../core/errors.ts';
import { ODM_LIMITS } from './limits.ts';

/** A whole file, or its text by pieces. Pieces may be cut anywhere. */
export type OdmSource = string | AsyncIterable<string>;

/** How far a reader is, in UTF-16 units. `totalChars` is absent when nobody knows it. */
export type Progress = { readonly readChars: number; readonly totalChars?: number };

export type ReadOptions = {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** UTF-16 units of a streamed file, if known; an estimate will do. A string knows its own. */
  readonly totalChars?: number;
  /** Waited for after each piece of 64 Ki units: gives a page the chance to paint. */
  readonly pause?: () => Promise<void>;
};

/** @throws StoreError `import.cancelled` once the signal is raised */
export const refuseIfCancelled = (signal: AbortSignal | undefined, readChars: number): void => {
  if (signal?.aborted === true) throw new StoreError('import.cancelled', { readChars });
};

const cut = function* (text: string): Generator<string> {
  for (let from = 0; from < text.length; from += ODM_LIMITS.chunkChars)
    yield text.slice(from, from + ODM_LIMITS.chunkChars);
};

const strings = async function* (text: string): AsyncGenerator<string> {
  yield* cut(text);
};

/** The next piece, or a failure as soon as the signal is raised, even if the source never answers. */
const nextOrCancelled = (
  iterator: AsyncIterator<string>,
  signal: AbortSignal | undefined,
  readChars: number,
): Promise<IteratorResult<string>> => {
  if (signal === undefined) return iterator.next();
  return new Promise((resolve, reject) => {
    const cancel = (): void => reject(new StoreError('import.cancelled', { readChars }));
    signal.addEventListener('abort', cancel, { once: true });
    const forget = (): void => signal.removeEventListener('abort', cancel);
    iterator.next().then(resolve, reject).finally(forget);
  });
};

/**
 * The pieces of a file, at most 64 Ki units each, in order.
 * @throws StoreError `import.cancelled`, `import.too-large` (more than `charsMax` units)
 */
export const pieces = async function* (source: OdmSource, options: ReadOptions): AsyncGenerator<string> {
  const totalChars = typeof source === 'string' ? source.length : options.totalChars;
  const total = totalChars === undefined ? {} : { totalChars };
  const iterable = typeof source === 'string' ? strings(source) : source;
  const iterator = iterable[Symbol.asyncIterator]();
  let readChars = 0;
  let ended = false;
  try {
    for (;;) {
      refuseIfCancelled(options.signal, readChars);
      const next = await nextOrCancelled(iterator, options.signal, readChars);
      if (next.done === true) break;
      for (const piece of cut(next.value)) {
        readChars += piece.length;
        if (readChars > ODM_LIMITS.charsMax)
          throw new StoreError('import.too-large', { what: 'chars', max: ODM_LIMITS.charsMax });
        yield piece;
        options.onProgress?.({ readChars, ...total });
        await options.pause?.();
        refuseIfCancelled(options.signal, readChars);
      }
    }
    ended = true;
  } finally {
    // Not awaited: a source that never answers would keep the caller waiting.
    if (!ended) iterator.return?.()?.catch(() => undefined);
  }
};
