/**
 * The newest size that the log is known to have had, for the append that does not look: there a row starts or none is
 * yet. Counts for one connection, and only from where its lock began to keep taken keys taken.
 */
import { type Size, size } from '../../core/position.ts';
import type { Presence } from './presence.ts';

export type KnownSize = {
  /** To be called before the database is asked; takes what it answers. */
  readonly learner: (connection: object) => (seen: Size) => Size;
  /** True if the log is known to have had the size. To be asked in the same step that begins the transaction. */
  readonly is: (connection: object, expected: Size) => boolean;
};

export const knownSize = (presence: Presence): KnownSize => {
  let known: { readonly held: object; readonly connection: object; readonly size: Size } | undefined;
  return {
    learner: (connection) => {
      const held = presence.held();
      return (seen) => {
        if (held === undefined || held !== presence.held()) return seen;
        const isSame = known?.held === held && known.connection === connection;
        known = { held, connection, size: size(Math.max(isSame ? (known?.size ?? 0) : 0, seen)) };
        return seen;
      };
    },
    is: (connection, expected) =>
      known !== undefined &&
      known.held === presence.held() &&
      known.connection === connection &&
      known.size === expected,
  };
};
