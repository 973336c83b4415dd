/** Files whose calls fail on demand: what a disk, a full disk, a hung mount and a power cut do to a journal. */
import { type FaultKind, makeFaults, type StorageFaults } from 'indelible/testing';
import type { Files, JournalFile } from './files.ts';

const never = (): Promise<never> => new Promise(() => {});
const ioError = (code: string) => Object.assign(new Error(code), { code });

/** One call, and what becomes of it when it does not come to its end. */
type Call<T> = {
  readonly whole: () => Promise<T>;
  /** What it may leave behind. */
  readonly partly?: () => Promise<unknown>;
  /** The same answer, with nothing done; as `whole`, where nothing is. */
  readonly without?: () => Promise<T>;
  /** Closes the file that it was made on. */
  readonly shut?: () => Promise<void>;
};

/** One process: after a crash nothing that it does reaches the disk, and nothing is answered. */
export const faultyFiles = (files: Files): { readonly files: Files; readonly faults: StorageFaults } => {
  const { faults, step } = makeFaults();
  const opened = new Set<JournalFile>();
  let gone = false;

  /** What the system does for a process that is gone. */
  const end = async (): Promise<void> => {
    for (const file of opened) await file.close();
  };
  const tried = async <T>(call: Call<T>): Promise<T> => {
    if (gone) return never();
    const kind = step();
    return kind === undefined ? call.whole() : broken(kind, call);
  };
  const broken = async <T>(
    kind: FaultKind,
    { whole, partly = async () => {}, without = whole, shut = async () => {} }: Call<T>,
  ): Promise<T> => {
    if (kind === 'succeeds without storing') return without();
    if (kind === 'closes its connection') await shut();
    if (kind === 'meets a crash' || kind === 'precedes a crash') gone = true;
    if (kind === 'precedes a crash' || kind === 'loses its answer') await whole();
    if (kind === 'aborts' || kind === 'is out of space' || kind === 'meets a crash') await partly();
    if (gone) await end();
    if (kind === 'throws' || kind === 'aborts') throw ioError('EIO');
    if (kind === 'is out of space') throw ioError('ENOSPC');
    if (kind === 'closes its connection') throw ioError('EBADF');
    return never();
  };
  const faulty = (file: JournalFile): JournalFile => {
    const shut = async () => {
      if (opened.delete(file)) await file.close();
    };
    return {
      read: (from) => tried({ whole: () => file.read(from), shut }),
      append: (bytes) =>
        tried({
          whole: () => file.append(bytes),
          partly: () => file.append(bytes.subarray(0, Math.floor(bytes.length / 2))),
          without: async () => {},
          shut,
        }),
      close: async () => {
        if (!gone) await shut();
      },
    };
  };
  return {
    faults,
    files: {
      open: (name) =>
        tried({
          whole: async () => {
            const file = await files.open(name);
            opened.add(file);
            return faulty(file);
          },
        }),
      watch: (name, grown) => files.watch(name, () => (gone ? undefined : grown())),
    },
  };
};
