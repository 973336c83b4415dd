/** The laws of a place for a vault: every adapter holds them. `open` gives one more handle on one and the same place. */
import { expect, it } from 'vitest';
import type { VaultStorage } from '../../../src/keys/storage.ts';

const bytes = (...values: readonly number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values);

export const vaultStorageLaws = (place: () => Promise<() => VaultStorage>): void => {
  it('has nothing at first, then what was stored last, byte for byte, through every handle [KEY-15]', async () => {
    const open = await place();
    const storage = open();
    expect(await storage.read()).toBeUndefined();
    const large = Uint8Array.from({ length: 70_000 }, (_, at) => at % 251);
    expect(await storage.swap(undefined, large)).toBe(true);
    for (const each of [storage, open()]) expect(await each.read()).toEqual(large);
    expect(await open().swap(large, bytes(1))).toBe(true);
    expect(await storage.read()).toEqual(bytes(1));
  });

  it('stores nothing over what was not expected [KEY-15]', async () => {
    const open = await place();
    const storage = open();
    expect(await storage.swap(bytes(9), bytes(1))).toBe(false);
    expect(await storage.read()).toBeUndefined();
    await storage.swap(undefined, bytes(1, 2));
    for (const wrong of [undefined, bytes(), bytes(1), bytes(1, 3), bytes(1, 2, 3)])
      expect(await open().swap(wrong, bytes(7))).toBe(false);
    expect(await storage.read()).toEqual(bytes(1, 2));
  });

  it('keeps what is given and gives what is kept apart from both [KEY-15]', async () => {
    const storage = (await place())();
    const given = bytes(1, 2);
    await storage.swap(undefined, given);
    given.fill(9);
    (await storage.read())?.fill(8);
    expect(await storage.read()).toEqual(bytes(1, 2));
  });

  it('lets one of many who change the same state go ahead, and loses no change [KEY-15]', async () => {
    const open = await place();
    await open().swap(undefined, bytes(0));
    const add = async (): Promise<number> => {
      const storage = open();
      for (let tries = 1; ; tries++) {
        const stored = (await storage.read()) ?? bytes();
        if (await storage.swap(stored, bytes((stored[0] ?? 0) + 1))) return tries;
      }
    };
    await Promise.all(Array.from({ length: 20 }, add));
    expect(await open().read()).toEqual(bytes(20));
  });
};
