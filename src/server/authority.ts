/**
 * The access list of each tenant as the server folds it from the log, to judge what is pushed at the end of it. Kept between pushes
 * by the root of the log up to the newest event of access, which says all that the list was folded from.
 */
import type { TenantId } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import { readStoredCommit } from '../crypto/readCommit.ts';
import { Access } from '../machines/clinical/index.ts';
import { type AccessBook, accessBook, bookStream } from '../streams/accessBook.ts';
import { readAccessRoot, readCommitsOf } from './postgres/commits.ts';
import type { Query } from './postgres/database.ts';

/** The list of a tenant in which nobody was recorded yet. */
export const openBook = (tenant: TenantId): AccessBook => accessBook(Access, tenant);

/** By root; the least recently asked for goes first. */
const kept = new Map<string, AccessBook>();

const keep = (root: string, book: AccessBook): AccessBook => {
  kept.delete(root);
  kept.set(root, book);
  for (const oldest of kept.keys()) if (kept.size > LIMITS.accessListsKept) kept.delete(oldest);
  return book;
};

/** The access list at the end of the log that the transaction sees. @throws StoreError `storage.*` */
export const readAccess = async (query: Query, tenant: TenantId): Promise<AccessBook> => {
  const place = { tenant, stream: bookStream(Access, tenant) };
  const root = await readAccessRoot(query, place);
  if (root === undefined) return openBook(tenant);
  const known = kept.get(root);
  const read = async () => accessBook(Access, tenant, (await readCommitsOf(query, place)).map(readStoredCommit));
  return keep(root, known ?? (await read()));
};
