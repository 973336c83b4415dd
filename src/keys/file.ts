/**
 * A vault in a folder, for Node. Each state is a file of its own number, made by a link that fails if there is one: so two
 * processes never both change the same state, and a power cut leaves the state before or the one after, whole.
 * Law: `vaultStorage.laws`.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError } from '../core/errors.ts';
import { maySwap, type VaultStorage } from './storage.ts';

const STATE = /^vault\.(\d{1,15})$/;

const codeOf = (cause: unknown): unknown => (cause instanceof Error && 'code' in cause ? cause.code : undefined);
const failed = (cause: unknown): StoreError =>
  new StoreError(codeOf(cause) === 'ENOSPC' ? 'storage.quota-exceeded' : 'storage.failed', {}, { cause });

const numbersIn = async (folder: string): Promise<readonly number[]> => {
  const names = await readdir(folder).catch((cause: unknown) => {
    if (codeOf(cause) === 'ENOENT') return [];
    throw failed(cause);
  });
  return names.flatMap((name) => STATE.exec(name)?.[1] ?? []).map(Number);
};

const sync = async (path: string, flags: string, bytes?: Uint8Array): Promise<void> => {
  const file = await open(path, flags, 0o600);
  try {
    if (bytes !== undefined) await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
};

/** The newest state; read again if another process has just put a newer one in its place. */
const newest = async (folder: string): Promise<{ number: number; bytes: Uint8Array<ArrayBuffer> | undefined }> => {
  for (;;) {
    const number = Math.max(0, ...(await numbersIn(folder)));
    if (number === 0) return { number, bytes: undefined };
    try {
      return { number, bytes: Uint8Array.from(await readFile(join(folder, `vault.${number}`))) };
    } catch (cause) {
      if (codeOf(cause) !== 'ENOENT') throw failed(cause);
    }
  }
};

/** True if the state of this number is the one just written: another process was not faster, nor is it further. */
const take = async (folder: string, written: string, number: number): Promise<boolean> => {
  try {
    await link(written, join(folder, `vault.${number}`));
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false;
    throw failed(cause);
  }
  const all = await numbersIn(folder);
  if (all.some((each) => each > number)) {
    await unlink(join(folder, `vault.${number}`)).catch(() => undefined);
    return false;
  }
  await sync(folder, 'r');
  for (const each of all) if (each < number) await unlink(join(folder, `vault.${each}`)).catch(() => undefined);
  return true;
};

/** @param folder  made if it is not there; for this vault alone */
export const fileVault = (folder: string): VaultStorage => ({
  read: async () => (await newest(folder)).bytes,
  swap: async (expected, next) => {
    const { number, bytes } = await newest(folder);
    if (!maySwap(expected, bytes)) return false;
    const written = join(folder, `next.${randomUUID()}`);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await sync(written, 'w', next);
      return await take(folder, written, number + 1);
    } catch (cause) {
      throw cause instanceof StoreError ? cause : failed(cause);
    } finally {
      await unlink(written).catch(() => undefined);
    }
  },
});
