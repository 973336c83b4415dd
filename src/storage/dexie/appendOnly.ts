/**
 * The guard of the append-only tables: every change that Dexie is asked for passes here, and only additions pass on.
 * The one writer beside Dexie, `append.ts`, adds rows and nothing else. Law: "refuses to change or delete".
 */
import type { DBCore, Middleware } from 'dexie';
import { StoreError } from '../../core/errors.ts';
import { APPEND_ONLY } from './layout.ts';

/** Refuses put, delete and deleteRange on the append-only tables with `storage.immutable`. */
export const appendOnly: Middleware<DBCore> = {
  stack: 'dbcore',
  name: 'append-only',
  create: (down) => ({
    table: (name) => {
      const table = down.table(name);
      if (!APPEND_ONLY.has(name)) return table;
      return {
        ...table,
        mutate: (request) =>
          request.type === 'add'
            ? table.mutate(request)
            : Promise.reject(new StoreError('storage.immutable', { table: name, operation: request.type })),
      };
    },
  }),
};
