/**
 * Parts of the program that most pages need late or never: they are loaded when they are first asked for.
 *
 * Nothing that opening, recording or reading needs is such a part. Law: `parts.laws` (the entry's first pieces hold none
 * of them, and what loads them ahead names every one).
 */
import { StoreError } from './errors.ts';

/** What a part's module gives. @throws StoreError `store.part-missing` if its file cannot be had; asked again next time */
export const loadPart = async <T>(part: string, load: () => Promise<T>): Promise<T> => {
  try {
    return await load();
  } catch (cause) {
    throw new StoreError('store.part-missing', { part }, { cause });
  }
};
