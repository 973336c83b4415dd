/**
 * Where a store in Node remembers, outside its database, that there is one, so that its loss is said: a small file. It
 * does most in another place than the database: what takes the folder of the database takes a marker in it too.
 */
import type { KnownMarker } from '../../core/ports.ts';

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

let made = 0;

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** A marker in the file at `path`, replaced as a whole: a killed process leaves the old text or the new one. */
export const fileMarker = (path: string): KnownMarker => ({
  read: async () => {
    const { readFile } = process.getBuiltinModule('node:fs/promises');
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  },
  write: async (text) => {
    const { mkdir, open, rename, rm } = process.getBuiltinModule('node:fs/promises');
    await mkdir(process.getBuiltinModule('node:path').dirname(path), { recursive: true, mode: FOLDER_MODE });
    made += 1;
    const draft = `${path}.${process.pid}-${made}`;
    const file = await open(draft, 'wx', FILE_MODE);
    try {
      await file.writeFile(text);
      await file.sync();
      await file.close();
      await rename(draft, path);
    } catch (error) {
      await file.close();
      await rm(draft, { force: true });
      throw error;
    }
  },
});
