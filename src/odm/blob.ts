/** The text of a file that a person chose or dropped, by pieces, in the encoding that the file declares. */
import { StoreError } from '../core/errors.ts';

const SLICE_BYTES = 262_144;
const HEAD_BYTES = 256;

const startsWith = (bytes: Uint8Array, ...mark: readonly number[]): boolean =>
  mark.every((byte, at) => bytes[at] === byte);

/** The encoding by byte order mark, or else by the XML declaration, or else UTF-8. */
const encodingOf = (head: Uint8Array): string => {
  if (startsWith(head, 0xff, 0xfe) || startsWith(head, 0x3c, 0x00)) return 'utf-16le';
  if (startsWith(head, 0xfe, 0xff) || startsWith(head, 0x00, 0x3c)) return 'utf-16be';
  const ascii = String.fromCharCode(...head);
  const declared = /^(?:\u00ef\u00bb\u00bf)?<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z][\w.-]*)["']/.exec(ascii);
  return declared?.[1] ?? 'utf-8';
};

const decoderFor = (head: Uint8Array): TextDecoder => {
  const encoding = encodingOf(head);
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch (cause) {
    throw new StoreError('import.malformed-xml', { reason: 'unknown encoding', encoding }, { cause });
  }
};

/**
 * Decodes a blob or file piece by piece.
 * @throws StoreError `import.malformed-xml` (bytes that the encoding does not allow, or an unknown encoding)
 */
export const textOfBlob = async function* (blob: Blob): AsyncGenerator<string> {
  const decoder = decoderFor(new Uint8Array(await blob.slice(0, HEAD_BYTES).arrayBuffer()));
  const decode = (bytes: Uint8Array<ArrayBuffer>, stream: boolean, offset: number): string => {
    try {
      return decoder.decode(bytes, { stream });
    } catch (cause) {
      throw new StoreError('import.malformed-xml', { reason: 'bytes that are not text', offset }, { cause });
    }
  };
  for (let offset = 0; offset < blob.size; offset += SLICE_BYTES) {
    const bytes = new Uint8Array(await blob.slice(offset, offset + SLICE_BYTES).arrayBuffer());
    const text = decode(bytes, true, offset);
    if (text !== '') yield text;
  }
  const rest = decode(new Uint8Array(), false, blob.size);
  if (rest !== '') yield rest;
};
