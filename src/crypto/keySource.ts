/** What sealing and opening ask for keys. Who holds them, and under what they are wrapped, is not known here. */
import type { KeyId } from '../core/ids.ts';
import type { DataKey } from './dataKey.ts';

/** Whose values a data key seals: those of one subject, or those of one group of fields. */
export type KeyScope = { readonly kind: 'subject' | 'group'; readonly name: string };

/** Why a key is not there: nobody gave it to this user, or it was destroyed on purpose. */
export type KeyAbsence = 'not-held' | 'shredded';

export type KeySource = {
  /**
   * The data key under which new values of this scope are sealed; made if there is none.
   * @throws StoreError `key.locked`, `key.not-held`, `key.shredded`
   */
  readonly sealing: (scope: KeyScope) => Promise<DataKey>;
  /** The data key of this id, or why it is not there. @throws StoreError `key.locked` */
  readonly opening: (id: KeyId) => Promise<DataKey | KeyAbsence>;
  /** Calls after keys came or went: what is open has to be looked at again. Returns how to stop it. */
  readonly onChange: (listener: () => void) => () => void;
};
