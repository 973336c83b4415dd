/**
 * What an observable shows now, as React reads it from outside.
 *
 * Invariants: while somebody follows, the value is the newest that came, and the same object for as long as it says the same;
 * while nobody does, it is read anew, so a component that renders before it follows shows nothing old. Laws: `react/hooks`.
 */
import { useSyncExternalStore } from 'react';
import type { Observable } from 'rxjs';
import { invariant } from '../core/errors.ts';
import { sameJson } from '../core/json.ts';

export type Source<T> = {
  readonly subscribe: (wake: () => void) => () => void;
  readonly snapshot: () => T;
};

type Parts<T> = {
  /** Emits what there is when it is subscribed to, and then each change. */
  readonly source$: Observable<T>;
  readonly read: () => T;
  readonly same?: (a: T, b: T) => boolean;
};

/** Follows an observable, one for each component. */
export const sourceOf = <T>({ source$, read, same = sameJson }: Parts<T>): Source<T> => {
  let shown: { readonly value: T } | undefined;
  let followers = 0;
  const take = (value: T): T => {
    if (shown === undefined || !same(shown.value, value)) shown = { value };
    return shown.value;
  };
  return {
    subscribe: (wake) => {
      followers += 1;
      const subscription = source$.subscribe((value) => {
        const before = shown;
        take(value);
        if (shown !== before) wake();
      });
      return () => {
        followers -= 1;
        subscription.unsubscribe();
      };
    },
    snapshot: () => (shown !== undefined && followers > 0 ? shown.value : take(read())),
  };
};

/** What an observable that always has a value emits first. */
export const currentOf = <T>(source$: Observable<T>): T => {
  let first: { readonly value: T } | undefined;
  source$
    .subscribe((value) => {
      first = { value };
    })
    .unsubscribe();
  const found = first;
  invariant(found !== undefined, 'what is followed has a value');
  return found.value;
};

/** The value now; the component renders again when it says something else. */
export const useSource = <T>({ subscribe, snapshot }: Source<T>): T => useSyncExternalStore(subscribe, snapshot);
