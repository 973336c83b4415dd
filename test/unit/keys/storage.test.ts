import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fileVault } from '../../../src/keys/file.ts';
import { memoryVault } from '../../../src/keys/storage.ts';
import { codeOfAsync } from '../support.ts';
import { vaultStorageLaws } from './storageLaws.ts';

const folders: string[] = [];
const folder = async (): Promise<string> => {
  const made = await mkdtemp(join(tmpdir(), 'indelible-vault-'));
  folders.push(made);
  return join(made, 'vault');
};
afterAll(() => Promise.all(folders.map((each) => rm(each, { recursive: true }))));

describe('a vault in memory', () => {
  vaultStorageLaws(async () => {
    const storage = memoryVault();
    return () => storage;
  });
});

describe('a vault in a folder', () => {
  vaultStorageLaws(async () => {
    const at = await folder();
    return () => fileVault(at);
  });

  it('is one file when it is at rest, and what a killed process left is not taken for a vault [KEY-15]', async () => {
    const at = await folder();
    const storage = fileVault(at);
    await storage.swap(undefined, Uint8Array.of(1));
    await writeFile(join(at, 'next.1.1'), 'half');
    await writeFile(join(at, 'vault.2.old'), 'other');
    for (let value = 1; value < 5; value++) await storage.swap(Uint8Array.of(value), Uint8Array.of(value + 1));
    expect(await storage.read()).toEqual(Uint8Array.of(5));
    expect((await readdir(at)).sort()).toEqual(['next.1.1', 'vault.2.old', 'vault.5']);
  });

  it('that cannot be written says so, with nothing changed [KEY-15]', async () => {
    const at = await folder();
    await fileVault(at).swap(undefined, Uint8Array.of(1));
    const inside = join(at, 'vault.1', 'below');
    expect(await codeOfAsync(() => fileVault(inside).swap(undefined, Uint8Array.of(2)))).toBe('storage.failed');
    expect(await fileVault(at).read()).toEqual(Uint8Array.of(1));
  });
});
