/**
 * Search for protected values by equality: an index of blind tokens, built from opened values when it is first asked, kept
 * current from the log, and built anew when keys come or go.
 *
 * Invariants: the index holds no value and is never stored; what this user cannot open is not found, whatever is asked; after a
 * value was erased or a key has gone nothing of it is in the index. Law: `search.laws` (equal to looking at every value).
 */
import type { AggregateDefinition } from '../core/aggregate.ts';
import type { RecordedEvent } from '../core/commit.ts';
import { StoreError } from '../core/errors.ts';
import { type AggregateId, type EventId, type StreamId, streamParts, type TenantId } from '../core/ids.ts';
import type { JsonValue } from '../core/json.ts';
import type { Entropy } from '../core/ports.ts';
import { position } from '../core/position.ts';
import { isSealed, type ProtectedPart, valuesOf } from '../core/protect.ts';
import { openPayload } from '../core/schema.ts';
import { type BlindTokens, blindTokens } from '../crypto/blindTokens.ts';
import type { KeySource } from '../crypto/keySource.ts';
import type { Definitions } from './aggregateState.ts';
import type { Log } from './log.ts';

/** One event that holds the value asked for, now or in the past of its aggregate. */
export type Found = { readonly id: AggregateId; readonly event: EventId };

/** A value of a searchable field. `path`: members from the payload down, `*` for every element: `contacts/*\/phone`. */
export type SearchFor = { readonly event: string; readonly path: string; readonly value: string | number };

export type Search = {
  /** @throws StoreError `schema.unsearchable`, `storage.*` */
  readonly find: (definition: AggregateDefinition, wanted: SearchFor) => Promise<readonly Found[]>;
  /** Forgets the index: it is built anew when it is asked again. */
  readonly drop: () => void;
  readonly close: () => void;
};

export type SearchParts = {
  readonly log: Pick<Log, 'readAgain' | 'committed$'>;
  readonly definitions: Definitions;
  readonly tenant: TenantId;
  readonly entropy: Entropy;
  readonly onKeysChange: KeySource['onChange'];
};

type Entries = Map<string, Map<EventId, StreamId>>;

const pathOf = ({ path }: ProtectedPart): string => path.join('/');
const isIndexed = (value: unknown): value is string | number => typeof value === 'string' || typeof value === 'number';

type Indexing = Pick<SearchParts, 'definitions' | 'tenant'> & { readonly tokens: BlindTokens };

const tokenOf = (
  { tenant, tokens }: Indexing,
  field: { readonly type: string; readonly event: string; readonly path: string },
  value: JsonValue,
): string => tokens.of(JSON.stringify([tenant, field.type, field.event, field.path]), value);

/** Puts the searchable values of an event into the index, as far as they are open. */
const enter = (indexing: Indexing, entries: Entries, { body, opened }: RecordedEvent): void => {
  const { type } = streamParts(body.stream);
  const definition = indexing.definitions.get(type)?.events.get(body.type);
  const parts = definition?.protects.filter(({ marking }) => marking.search !== undefined) ?? [];
  if (definition === undefined || parts.length === 0) return;
  const read = openPayload(definition, { schema: body.schema, payload: opened ?? body.payload, trusted: false });
  if (read.kind !== 'opened') return;
  for (const part of parts)
    for (const { value } of valuesOf(read.payload, part)) {
      if (isSealed(value) || !isIndexed(value)) continue;
      const token = tokenOf(indexing, { type, event: body.type, path: pathOf(part) }, value);
      const found = entries.get(token) ?? new Map<EventId, StreamId>();
      entries.set(token, found.set(body.id, body.stream));
    }
};

const check = ({ type, events }: AggregateDefinition, { event, path }: SearchFor): void => {
  const parts = [...events].find(([name]) => name === event)?.[1].protects ?? [];
  const isSearchable = parts.some((part) => pathOf(part) === path && part.marking.search !== undefined);
  if (!isSearchable) throw new StoreError('schema.unsearchable', { aggregate: type, type: event, path });
};

/** Opens a search; nothing is read before it is asked. */
export const openSearch = (parts: SearchParts): Search => {
  const { log, onKeysChange } = parts;
  const indexing = { ...parts, tokens: blindTokens(parts.entropy) };
  let entries: Entries = new Map();
  let building: Promise<void> | undefined;
  let changes = 0;
  const drop = (): void => {
    changes += 1;
    entries = new Map();
    building = undefined;
  };
  const unfollow = onKeysChange(drop);
  const following = log.committed$.subscribe(({ events }) => {
    if (building !== undefined) for (const event of events) enter(indexing, entries, event);
  });
  const build = async (): Promise<void> => {
    const into = entries;
    for await (const { events } of log.readAgain(position(0))) for (const event of events) enter(indexing, into, event);
  };
  const built = async (): Promise<void> => {
    for (let at = -1; at !== changes; ) {
      at = changes;
      building ??= build();
      await building.catch((error: unknown) => {
        building = undefined;
        throw error;
      });
    }
  };
  return {
    find: async (definition, wanted) => {
      check(definition, wanted);
      await built();
      const { event, path, value } = wanted;
      const found = entries.get(tokenOf(indexing, { type: definition.type, event, path }, value)) ?? [];
      return [...found]
        .filter(([, stream]) => streamParts(stream).type === definition.type)
        .map(([id, stream]) => ({ id: streamParts(stream).id, event: id }));
    },
    drop,
    close: () => {
      unfollow();
      following.unsubscribe();
      indexing.tokens.wipe();
      entries = new Map();
    },
  };
};
