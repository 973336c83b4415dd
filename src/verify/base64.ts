/** Base64 read from the bytes of a line, without making a string of it: strictly, or with what a damaged line still has. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const NONE = 255;
const PAD = 0x3d;
const VALUES = new Uint8Array(256).fill(NONE);
for (let value = 0; value < 64; value++) VALUES[ALPHABET.charCodeAt(value)] = value;

const valueAt = (text: Uint8Array, at: number): number => VALUES[text[at] ?? 0] ?? NONE;

const paddingOf = (text: Uint8Array): number => {
  if (text[text.length - 1] !== PAD) return 0;
  return text[text.length - 2] === PAD ? 2 : 1;
};

/** Bytes of canonical base64 (RFC 4648 section 4, with padding), undefined for any other spelling. */
export const readBase64 = (text: Uint8Array): Uint8Array | undefined => {
  if (text.length % 4 !== 0) return undefined;
  const padding = paddingOf(text);
  const end = text.length - (padding === 0 ? 0 : 4);
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let to = 0;
  for (let at = 0; at < end; at += 4) {
    const [a, b, c, d] = [valueAt(text, at), valueAt(text, at + 1), valueAt(text, at + 2), valueAt(text, at + 3)];
    if ((a | b | c | d) > 63) return undefined;
    bytes[to++] = (a << 2) | (b >> 4);
    bytes[to++] = (b << 4) | (c >> 2);
    bytes[to++] = (c << 6) | d;
  }
  return padding === 0 || readLast(text.subarray(end), padding, bytes.subarray(to)) ? bytes : undefined;
};

/** Reads the padded group at the end; false if it is not the canonical spelling. */
const readLast = (group: Uint8Array, padding: number, into: Uint8Array): boolean => {
  const [a, b] = [valueAt(group, 0), valueAt(group, 1)];
  const c = padding === 2 ? 0 : valueAt(group, 2);
  if ((a | b | c) > 63 || (padding === 2 ? (b & 15) !== 0 : (c & 3) !== 0)) return false;
  into[0] = (a << 2) | (b >> 4);
  if (padding === 1) into[1] = (b << 4) | (c >> 2);
  return true;
};

/** What a damaged text decodes to when `fill` (0 to 63) stands for each character that is not of the alphabet. */
export const guessBase64 = (
  text: Uint8Array,
  fill: number,
): { readonly bytes: Uint8Array; readonly filled: boolean } => {
  const whole = text.subarray(0, text.length - paddingOf(text));
  const bytes = new Uint8Array(Math.floor((whole.length * 6) / 8));
  let filled = false;
  let bits = 0;
  let count = 0;
  let to = 0;
  for (let at = 0; at < whole.length; at++) {
    const value = valueAt(whole, at);
    if (value === NONE) filled = true;
    bits = ((bits << 6) | (value === NONE ? fill : value)) & 0xffff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes[to++] = bits >> count;
    }
  }
  return { bytes, filled };
};
