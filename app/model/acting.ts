/**
 * The role in which somebody acts: that of the study's access list. Who is not in the list yet acts in the role that was said at
 * this device. Law: a role that is changed in the list, or in this browser's storage, is that of the list (`appSealed.e2e`).
 */
import { BehaviorSubject, type Observable } from 'rxjs';
import { accessOf, entryOf } from '../../src/clinical.ts';
import type { Store } from '../../src/index.ts';
import type { Setting } from './settings.ts';

export const REMOVED_ROLE = 'removed from the study';

export type ActingRole = {
  readonly value: () => string;
  readonly value$: Observable<string>;
  /** Goes by the list from here on, until the returned function is called. */
  readonly follow: (store: Store) => () => void;
};

export const actingRole = (said: Setting<string>, user: string): ActingRole => {
  const role = new BehaviorSubject(said.value());
  return {
    value: () => role.value,
    value$: role.asObservable(),
    follow: (store) => {
      const access = accessOf(store);
      const tell = () => {
        const member = entryOf(access.state().context.users, user);
        const next = member === undefined ? said.value() : member.isActive ? member.role : REMOVED_ROLE;
        if (next !== role.value) role.next(next);
      };
      tell();
      const watching = access.state$.subscribe(tell);
      return () => watching.unsubscribe();
    },
  };
};
