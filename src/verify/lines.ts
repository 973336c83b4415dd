/** Cuts a stream of bytes into lines, with no more in memory than one line and one chunk. */

/**
 * `newline`: a newline ends these bytes. `fits`: they are a whole line; otherwise they are a piece of one that is longer
 * than the limit, and the next pieces follow until one has its newline.
 */
export type Line = { readonly bytes: Uint8Array; readonly newline: boolean; readonly fits: boolean };

const NEWLINE = 0x0a;

const joined = (pieces: readonly Uint8Array[], length: number): Uint8Array => {
  const [only] = pieces;
  if (only !== undefined && pieces.length === 1) return only;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
};

/** Lines of `source`, each without its newline. The last one has none when the source does not end in a newline. */
export async function* readLines(
  source: AsyncIterable<Uint8Array> | Uint8Array,
  lineBytesMax: number,
): AsyncGenerator<Line, void, undefined> {
  let pieces: Uint8Array[] = [];
  let length = 0;
  let fits = true;
  const take = (newline: boolean): Line => {
    const line = { bytes: joined(pieces, length), newline, fits };
    pieces = [];
    length = 0;
    return line;
  };
  for await (const chunk of source instanceof Uint8Array ? [source] : source) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      pieces.push(chunk.subarray(from, end));
      length += end - from;
      if (length > lineBytesMax) fits = false;
      yield take(true);
      fits = true;
      from = end + 1;
    }
    // A copy, since a source may fill the same buffer again.
    if (from < chunk.length) pieces.push(chunk.slice(from));
    length += chunk.length - from;
    if (length > lineBytesMax) {
      fits = false;
      yield take(false);
    }
  }
  if (length > 0 || !fits) yield take(false);
}
