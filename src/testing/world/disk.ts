/**
 * The disk of a simulated device: a database in memory that can be copied, and connections to it that fail as they are told
 * to. A connection belongs to one life of a program: when that is over, nothing more of it reaches the database.
 */
import { StoreError } from '../../core/errors.ts';
import { position } from '../../core/position.ts';
import { type MemoryStorage, memoryStorage } from '../../storage/memory.ts';
import type { EventStorage, StorageAdapter } from '../../storage/port.ts';

/** What a life of a program meets on its way to the disk. */
export type Trouble = {
  /** The program is gone: every call fails, and nothing takes effect. */
  isDead: boolean;
  /** No room: whatever writes fails. */
  isFull: boolean;
  /** The next call finds its connection dead; nothing takes effect. */
  isCut: boolean;
  /** Calls until the program is gone, and whether the last one takes effect; none if undefined. */
  crash: { left: number; readonly takesEffect: boolean } | undefined;
};

const WRITES: readonly (keyof EventStorage)[] = [
  'append',
  'pack',
  'writeMarks',
  'keepIdentity',
  'keepFinding',
  'writeSnapshot',
];

const dead = (): StoreError => new StoreError('storage.closed');

/** Lets a call through, or fails it as the trouble of this moment has it. */
const through = async <T>(trouble: Trouble, name: keyof EventStorage, call: () => Promise<T>): Promise<T> => {
  if (trouble.isDead) throw dead();
  const { crash } = trouble;
  if (crash !== undefined && --crash.left <= 0) {
    trouble.crash = undefined;
    if (crash.takesEffect) await call();
    trouble.isDead = true;
    throw dead();
  }
  if (trouble.isCut) {
    trouble.isCut = false;
    throw new StoreError('storage.connection-lost');
  }
  if (trouble.isFull && WRITES.includes(name)) throw new StoreError('storage.quota-exceeded');
  const answer = await call();
  if (trouble.isDead) throw dead();
  return answer;
};

const troubled = (storage: EventStorage, trouble: Trouble): EventStorage => {
  const by =
    <A extends readonly unknown[], T>(name: keyof EventStorage, call: (...args: A) => Promise<T>) =>
    (...args: A): Promise<T> =>
      through(trouble, name, () => call(...args));
  return {
    ...storage,
    append: by('append', storage.append),
    size: by('size', storage.size),
    read: by('read', storage.read),
    readAt: by('readAt', storage.readAt),
    pack: by('pack', storage.pack),
    readMarks: by('readMarks', storage.readMarks),
    writeMarks: by('writeMarks', storage.writeMarks),
    readIdentity: by('readIdentity', storage.readIdentity),
    keepIdentity: by('keepIdentity', storage.keepIdentity),
    keepFinding: by('keepFinding', storage.keepFinding),
    writeSnapshot: by('writeSnapshot', storage.writeSnapshot),
    readSnapshot: by('readSnapshot', storage.readSnapshot),
    onForeignCommit: (listener) => storage.onForeignCommit(() => trouble.isDead || listener()),
  };
};

/** Connections to a disk that meet the given trouble. */
export const throughTrouble = (disk: StorageAdapter, trouble: Trouble): StorageAdapter => ({
  open: async (name) => troubled(await disk.open(name), trouble),
});

/** Segments are small, so that short histories are packed too. */
const RECORD_BYTES_MAX = 16_384;

export const makeDisk = (): MemoryStorage => memoryStorage({ recordBytesMax: RECORD_BYTES_MAX });

/** A disk with the same database on it, as a backup or a clone of the device has it. */
export const copyOf = async (disk: StorageAdapter, name: string, as = name): Promise<MemoryStorage> => {
  const copy = makeDisk();
  const [from, to] = [await disk.open(name), await copy.open(as)];
  const identities = await from.readIdentities();
  for (const [at, identity] of identities.entries()) await to.keepIdentity(identity, identities[at - 1]?.replica);
  for (const { commits } of await from.read(position(0), Number.MAX_SAFE_INTEGER))
    await to.append({ expectedSize: await to.size(), commits, marks: {} });
  await to.writeMarks(await from.readMarks());
  for (const { finding, evidence } of await from.readFindings()) await to.keepFinding(finding, evidence);
  await from.close();
  await to.close();
  return copy;
};
