/**
 * What this program has seen of a database: how long its log was, and who it belongs to. A database that is opened
 * again is the same one only if it still has both.
 */
import { StoreError } from '../../core/errors.ts';
import type { ReplicaId } from '../../core/ids.ts';
import { type Size, size } from '../../core/position.ts';
import type { Identity } from '../port.ts';

export type Memory = {
  readonly sawSize: (seen: Size) => void;
  readonly sawIdentities: (seen: readonly Identity[]) => void;
  /** The longest log seen. */
  readonly size: () => Size;
  /** @throws StoreError `storage.lost` if this cannot be the database that was seen */
  readonly check: (now: { readonly size: Size; readonly identities: readonly Identity[] }) => void;
};

export const rememberDatabase = (): Memory => {
  let longest = size(0);
  let owner: ReplicaId | undefined;
  return {
    sawSize: (seen) => {
      if (seen > longest) longest = seen;
    },
    sawIdentities: ([first]) => {
      owner ??= first?.replica;
    },
    size: () => longest,
    check: (now) => {
      const isOwn = owner === undefined || now.identities[0]?.replica === owner;
      if (!isOwn) throw new StoreError('storage.lost', { what: 'identity', size: longest });
      if (now.size < longest) throw new StoreError('storage.lost', { what: 'events', size: longest, found: now.size });
    },
  };
};
