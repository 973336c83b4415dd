/** Files whose calls fail on demand: what a disk, a full disk, a hung mount and a power cut do to a journal. */
import { type FaultKind, makeFaults, type StorageFaults } from 'indelible/testing';
import type { Files, JournalFile } from './files.ts';

const never = (): Promise<never> => new Promise(() => {});
const ioError = (code: string) => Object.assign(new Error(code), { code });

/** One process: after a crash nothing that it does reaches the disk, and nothing is answered. */
export const faultyFiles = (files: Files): { readonly files: Files; readonly faults: StorageFaults } => {
  const { faults, step } = makeFaults();
  const opened = new Set<JournalFile>();
  let gone = false;

  /** What the system does for a process that is gone. */
  const end = async (): Promise<void> => {
    for (const file of opened) await file.close();
  };
  /** `partly` is what a call may leave behind when it does not come to its end. */
  const tried = async <T>(whole: () => Promise<T>, partly: () => Promise<unknown> = async () => {}): Promise<T> => {
    if (gone) return never();
    const kind = step();
    return kind === undefined ? whole() : broken(kind, whole, partly);
  };
  const broken = async <T>(kind: FaultKind, whole: () => Promise<T>, partly: () => Promise<unknown>): Promise<T> => {
    if (kind === 'meets a crash' || kind === 'precedes a crash') gone = true;
    if (kind === 'precedes a crash' || kind === 'loses its answer') await whole();
    if (kind === 'aborts' || kind === 'is out of space' || kind === 'meets a crash') await partly();
    if (gone) await end();
    if (kind === 'throws' || kind === 'aborts') throw ioError('EIO');
    if (kind === 'is out of space') throw ioError('ENOSPC');
    return never();
  };
  const faulty = (file: JournalFile): JournalFile => ({
    read: (from) => tried(() => file.read(from)),
    append: (bytes) =>
      tried(
        () => file.append(bytes),
        () => file.append(bytes.subarray(0, Math.floor(bytes.length / 2))),
      ),
    close: async () => {
      if (opened.delete(file) && !gone) await file.close();
    },
  });
  return {
    faults,
    files: {
      open: (name) =>
        tried(async () => {
          const file = await files.open(name);
          opened.add(file);
          return faulty(file);
        }),
      watch: (name, grown) => files.watch(name, () => (gone ? undefined : grown())),
    },
  };
};
