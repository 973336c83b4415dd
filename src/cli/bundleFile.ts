/** An exported bundle as a file. */
import { createReadStream } from 'node:fs';
import { StoreError } from '../core/errors.ts';

/** The file's bytes in pieces. @throws StoreError `bundle.malformed` with `what: file` where it cannot be read */
export async function* chunksOf(file: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(file)) yield chunk;
  } catch (cause) {
    throw new StoreError('bundle.malformed', { what: 'file' }, { cause });
  }
}
