/**
 * A protected value as the bytes that are sealed: its kind, its content, and padding up to a size class, so that the
 * length of what is stored tells a class and not a value.
 *
 * A class is a power of two from 32 to 4096 bytes, then a multiple of 4096. A value takes the least that holds it, or that of
 * its field, so that all values of the field have one length. The reader refuses any other spelling.
 * Law: `paddedValue.laws`.
 */
import { StoreError } from '../core/errors.ts';
import type { JsonValue } from '../core/json.ts';
import { LIMITS } from '../core/limits.ts';
import { utf8View } from './bytes.ts';
import { canonicalText, readCanonical } from './canonical.ts';

/** What can be protected: anything that JSON holds, or bytes. */
export type ProtectedValue = JsonValue | Uint8Array;

const JSON_KIND = 1;
const BYTES_KIND = 2;
/** Ends the content; only zeros follow. */
const END = 0x80;
/** The kind before the content, and the end after it. */
export const FRAME_BYTES = 2;
const CLASS_MIN = 32;
const CLASS_STEP = 4_096;

/** Bytes of the class that a content of so many bytes falls into, with its frame. */
export const sizeClass = (contentBytes: number): number => {
  const needed = contentBytes + FRAME_BYTES;
  if (needed > CLASS_STEP) return Math.ceil(needed / CLASS_STEP) * CLASS_STEP;
  let size = CLASS_MIN;
  while (size < needed) size *= 2;
  return size;
};

/**
 * @param contentBytesMax  pads for a content of so many bytes, whatever the value
 * @throws StoreError `field.too-large`, which does not say how large, `canonical.unsupported-value`
 */
export const padValue = (value: ProtectedValue, contentBytesMax?: number): Uint8Array<ArrayBuffer> => {
  const content = value instanceof Uint8Array ? value : utf8View(canonicalText(value)); // copied below
  const bytesMax = contentBytesMax ?? LIMITS.sealedValueBytesMax - FRAME_BYTES;
  if (content.length > bytesMax) throw new StoreError('field.too-large', { bytesMax });
  const size = sizeClass(contentBytesMax ?? content.length);
  const padded = new Uint8Array(size);
  padded[0] = value instanceof Uint8Array ? BYTES_KIND : JSON_KIND;
  padded.set(content, 1);
  padded[content.length + 1] = END;
  return padded;
};

/** The value, or undefined if the bytes are not one as `padValue` writes it. */
export const readPadded = (padded: Uint8Array): { readonly value: ProtectedValue } | undefined => {
  let end = padded.length - 1;
  while (end > 0 && padded[end] === 0) end--;
  const isClass = sizeClass(padded.length - FRAME_BYTES) === padded.length;
  if (end < 1 || padded[end] !== END || !isClass) return undefined;
  const content = padded.slice(1, end);
  if (padded[0] === BYTES_KIND) return { value: content };
  if (padded[0] !== JSON_KIND) return undefined;
  try {
    return { value: readCanonical(content) };
  } catch {
    return undefined;
  }
};
