/**
 * Where a command on a server or a developer's machine finds the database key: in a variable of its environment or in a
 * file. Never on its command line, which every process on the machine can read.
 */
import { StoreError } from '../../core/errors.ts';
import { keyFromHex } from './key.ts';

/** 64 hexadecimal digits and an end of line are 66 bytes; anything longer is another file. */
const FILE_BYTES_MAX = 256;

/** The key in a variable of the environment, as 64 hexadecimal digits. @throws StoreError `storage.key-missing` */
export const keyFromEnvironment = (variable: string): Uint8Array => keyFromHex(process.env[variable] ?? '');

/** The key in a file, as 64 hexadecimal digits. @throws StoreError `storage.key-missing`, also if the file cannot be read */
export const keyFromFile = (path: string): Uint8Array => {
  const { readFileSync, statSync } = process.getBuiltinModule('node:fs');
  try {
    if (statSync(path).size <= FILE_BYTES_MAX) return keyFromHex(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof StoreError) throw error;
  }
  throw new StoreError('storage.key-missing');
};
