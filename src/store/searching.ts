/** Search in protected fields, loaded and built when it is first asked for. */
import type { AggregateDefinition, EventDefinitions } from '../core/aggregate.ts';
import { StoreError } from '../core/errors.ts';
import { loadPart } from '../core/part.ts';
import type { KeySource } from '../crypto/keySource.ts';
import type { Found, Search, SearchFor, SearchParts } from '../streams/search.ts';

/** Keys that are never there never change. */
const never = () => () => undefined;

/** `open`: @throws StoreError `store.part-missing`, and is tried again when it is asked again. */
export const lazySearch = (
  parts: Omit<SearchParts, 'onKeysChange'>,
  keys: KeySource | undefined,
): { readonly open: () => Promise<Search>; readonly drop: () => void; readonly close: () => void } => {
  const onKeysChange = keys?.onChange ?? never;
  let opened: Promise<Search> | undefined;
  return {
    open: () => {
      opened ??= loadPart('search', () => import('../streams/search.ts')).then(
        ({ openSearch }) => openSearch({ ...parts, onKeysChange }),
        (error: unknown) => {
          opened = undefined;
          throw error;
        },
      );
      return opened;
    },
    drop: () => void opened?.then(({ drop }) => drop()).catch(() => undefined),
    close: () => void opened?.then(({ close }) => close()).catch(() => undefined), // told to whoever asked
  };
};

/** @throws StoreError `aggregate.unknown-type`, `schema.unsearchable`, `store.part-missing`, `storage.*` */
export const findIn = async <E extends EventDefinitions, C, S>(
  session: { readonly definitions: SearchParts['definitions']; readonly search: () => Promise<Search> },
  definition: AggregateDefinition<E, C, S>,
  wanted: SearchFor,
): Promise<readonly Found[]> => {
  const { type } = definition;
  const registered = session.definitions.get(type);
  if (registered === undefined || registered !== definition) throw new StoreError('aggregate.unknown-type', { type });
  return (await session.search()).find(registered, wanted);
};
