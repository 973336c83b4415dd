/**
 * The lines of a journal. A line counts when it is whole: `~`, a line feed, the JSON of one change, a line feed. What a
 * crash or a full disk has left of a line is closed off by the `~` of the next one, and read over ever after.
 */
import type { AppendRequest, EventStorage, Identity, PackRequest } from 'indelible';

type CommitText = { readonly bytes: string; readonly events: number };

export type Change =
  | (Pick<AppendRequest, 'expectedSize' | 'marks'> & {
      readonly kind: 'append';
      readonly commits: readonly CommitText[];
    })
  | {
      readonly kind: 'pack';
      readonly bytesMax: number;
      /** Where the unpacked commits began, and the keys of each from there on. */
      readonly from: number;
      readonly keys: readonly ReturnType<PackRequest['keysOf']>[];
    }
  | { readonly kind: 'marks'; readonly marks: AppendRequest['marks'] }
  | {
      readonly kind: 'identity';
      readonly identity: Omit<Identity, 'key'>;
      readonly publicKey: string;
      readonly privateKey: string;
      readonly instead: Identity['replica'] | null;
    }
  | {
      readonly kind: 'finding';
      readonly finding: Parameters<EventStorage['keepFinding']>[0];
      readonly evidence: string;
    }
  | { readonly kind: 'snapshot'; readonly name: string; readonly bytes: string };

/** `id` tells whoever wrote it what became of it; `writer` is the connection. */
export type Line = { readonly id: string; readonly writer: string; readonly change: Change };

export const toText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
export const toBytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text, 'base64'));

export const encodeLine = (line: Line): Uint8Array => Buffer.from(`~\n${JSON.stringify(line)}\n`);

const isLine = (value: unknown): value is Line =>
  typeof value === 'object' && value !== null && 'id' in value && 'writer' in value && 'change' in value;

const decodeLine = (text: string): Line | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return isLine(value) ? value : undefined;
  } catch {
    return undefined; // half a line, or the mark between two
  }
};

/** The whole lines at the beginning of `bytes`, and how many bytes they take. */
export const decodeLines = (bytes: Uint8Array): { readonly lines: readonly Line[]; readonly length: number } => {
  const length = bytes.lastIndexOf(10) + 1;
  const texts = Buffer.from(bytes.subarray(0, length)).toString('utf8').split('\n');
  return { lines: texts.flatMap((text) => decodeLine(text) ?? []), length };
};
