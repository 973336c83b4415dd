/** Searches bytes for planted words and keys, in the ways in which they may be spelled. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** In base64 bytes stand in one of three ways, without the uncertain ends. */
const inBase64 = (bytes: Buffer): readonly Buffer[] =>
  [0, 1, 2].flatMap((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes]);
    return (['base64', 'base64url'] as const).map((form) => {
      const text = whole.toString(form).replace(/=+$/, '');
      return Buffer.from(text.slice(before === 0 ? 0 : before + 1, -1));
    });
  });

/** A word as UTF-8, as UTF-16 and in base64. */
export const wordNeedles = (word: string): readonly Buffer[] => {
  const utf16 = Buffer.from(word, 'utf16le');
  return [Buffer.from(word), utf16, Buffer.from(utf16).swap16(), ...inBase64(Buffer.from(word))];
};

/** A key as it is, in hex and in base64. `hex`: its bytes. */
export const keyNeedles = (hex: string): readonly Buffer[] => {
  const bytes = Buffer.from(hex, 'hex');
  return [bytes, Buffer.from(hex), Buffer.from(hex.toUpperCase()), ...inBase64(bytes)];
};

/** Tells whether bytes hold any of the needles, each of four bytes at least: in one pass, however many there are. */
export const searchFor = (needles: readonly Buffer[]): ((bytes: Buffer) => boolean) => {
  const byHead = new Map<number, Buffer[]>();
  for (const needle of needles) {
    const head = needle.readInt32LE(0);
    byHead.set(head, [...(byHead.get(head) ?? []), needle]);
  }
  return (bytes) => {
    let head = 0;
    for (let at = 0; at < bytes.length; at++) {
      head = (head >>> 8) | ((bytes[at] ?? 0) << 24); // the four bytes that end here
      const found = byHead.get(head);
      if (found?.some((needle) => bytes.subarray(at - 3, at - 3 + needle.length).equals(needle))) return true;
    }
    return false;
  };
};

/** The files of a folder, and of all below it, with any of the needles, by their names. Fails if it has fewer than `filesMin`. */
export const filesWith = async (
  folder: string,
  needles: readonly Buffer[],
  { filesMin, skip = /^$/ }: { readonly filesMin: number; readonly skip?: RegExp },
): Promise<readonly string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  if (files.length < filesMin) throw new Error(`${folder} has ${files.length} files only`);
  const isIn = searchFor(needles);
  const found: string[] = [];
  for (const file of files.filter((each) => !skip.test(each))) {
    const bytes = await readFile(file);
    if (isIn(bytes)) found.push(file.slice(folder.length));
  }
  return found;
};
