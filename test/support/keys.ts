/** Keys for tests: real data keys, held in memory, shared between devices as one ring; each user sees what was granted. */
import { StoreError } from '../../src/core/errors.ts';
import type { KeyId } from '../../src/core/ids.ts';
import { type DataKey, makeDataKey, type SealedPlace } from '../../src/crypto/dataKey.ts';
import type { KeyAbsence, KeyScope, KeySource } from '../../src/crypto/keySource.ts';
import { seededEntropy } from '../../src/testing/index.ts';

export type KeyRing = {
  /** What a user sees of the ring: everything but the scopes denied. */
  readonly source: (denied?: readonly string[]) => KeySource & { readonly deny: (scopes: readonly string[]) => void };
  readonly shred: (scope: string) => void;
  readonly redact: (scope: string, place: SealedPlace) => void;
  readonly keyOf: (scope: string) => DataKey | undefined;
  /** Keys that were made. */
  readonly count: () => number;
};

const nameOf = ({ kind, name }: KeyScope): string => `${kind}/${name}`;

export const keyRing = (seed = 1): KeyRing => {
  const entropy = seededEntropy(seed);
  const keys = new Map<string, DataKey | 'shredded'>();
  const scopes = new Map<KeyId, string>();
  const listeners = new Set<() => void>();
  const tell = () => {
    for (const listener of listeners) listener();
  };
  const look = (scope: string): DataKey | KeyAbsence => keys.get(scope) ?? 'not-held';
  const replace = (scope: string, key: DataKey | 'shredded'): void => {
    const before = keys.get(scope);
    keys.set(scope, key);
    if (typeof before === 'object') before.wipe();
    tell();
  };
  return {
    source: (first = []) => {
      let denied = first;
      return {
        sealing: async (scope) => {
          const name = nameOf(scope);
          if (denied.includes(name)) throw new StoreError('key.not-held', { scope: scope.kind });
          const known = keys.get(name);
          if (known === 'shredded') throw new StoreError('key.shredded', { scope: scope.kind });
          if (known !== undefined) return known;
          const made = makeDataKey(entropy);
          keys.set(name, made);
          scopes.set(made.id, name);
          return made;
        },
        opening: async (id) => {
          const scope = scopes.get(id);
          return scope === undefined || denied.includes(scope) ? 'not-held' : look(scope);
        },
        onChange: (listener) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
        deny: (scopesDenied) => {
          denied = scopesDenied;
          tell();
        },
      };
    },
    shred: (scope) => replace(scope, 'shredded'),
    redact: (scope, place) => {
      const key = keys.get(scope);
      if (typeof key === 'object') replace(scope, key.puncture([place]));
    },
    keyOf: (scope) => {
      const key = keys.get(scope);
      return key === 'shredded' ? undefined : key;
    },
    count: () => scopes.size,
  };
};
