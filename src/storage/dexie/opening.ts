/**
 * A database from its connection to where it can be used: its keys opened, and what an older layout left plain sealed. Until
 * then nothing of it is shown.
 */
import { isStoreError, StoreError } from '../../core/errors.ts';
import type { Cipher } from './cipher.ts';
import type { Connection } from './connection.ts';
import { isDead, nameOf, operationFailure } from './failures.ts';
import { LAYOUT } from './layout.ts';
import { sealRows } from './sealing.ts';
import { type Unlocked, type UnlockParts, unlock } from './unlock.ts';
import { type OnUpgrade, tellLater } from './upgrade.ts';
import type { Watch } from './watchdog.ts';

export type OpeningParts = Omit<UnlockParts, 'isNew'> & {
  readonly watch: Watch;
  readonly onUpgrade: OnUpgrade | undefined;
};

export type OpenedDatabase = { readonly connection: Connection; readonly id: Uint8Array; readonly cipher: Cipher };

/** What a failure comes to: one in the middle of an upgrade has left everything readable. */
const failureOf = (error: unknown, isUpgrade: boolean): StoreError => {
  const failure = operationFailure(error);
  if (!isUpgrade || isStoreError(error) || isDead(error)) return failure;
  return new StoreError('storage.upgrade-failed', { name: nameOf(error) });
};

/** @throws StoreError `storage.locked`, `storage.key-wrong`, `storage.corrupt`, `storage.upgrade-failed`, `storage.*` */
export const openKeys = async (connection: Connection, parts: OpeningParts): Promise<OpenedDatabase> => {
  const { native, keyRange, isNew, upgradedFrom } = connection;
  const { watch, durability, onUpgrade } = parts;
  const step = <T>(call: Promise<T>): Promise<T> => watch(call, connection.onDropped);
  const from = upgradedFrom ?? LAYOUT;
  const seal = async ({ cipher, settle }: Unlocked): Promise<Cipher> => {
    const onProgress = (rows: { readonly done: number; readonly total: number }) =>
      tellLater(onUpgrade, { from, to: LAYOUT, state: 'sealing', rows });
    await parts.mended();
    await sealRows({ native, keyRange, cipher, durability, step, onProgress });
    return step(settle());
  };
  let isUpgrade = upgradedFrom !== undefined;
  try {
    const unlocked = await step(unlock(native, { ...parts, isNew }));
    isUpgrade ||= unlocked.holdsPlain;
    const cipher = unlocked.holdsPlain ? await seal(unlocked) : unlocked.cipher;
    if (isUpgrade) tellLater(onUpgrade, { from, to: LAYOUT, state: 'done' });
    return { connection, id: unlocked.id, cipher };
  } catch (error) {
    connection.close();
    throw failureOf(error, isUpgrade);
  }
};
