/** SHA-256 of a large piece of bytes by the platform: off this thread, so never inside a database transaction. */
import { type Hash32, hash32 } from '../core/ids.ts';

export const digestOf = async (bytes: Uint8Array<ArrayBuffer>): Promise<Hash32> =>
  hash32(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
