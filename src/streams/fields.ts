/**
 * Protected values on their way into the log and out of it: sealed before an event is decided, opened before it is
 * folded. Folding never waits and never meets a sealed value: what cannot be opened is a placeholder (`core/protect`).
 *
 * Invariants: no protected value reaches canonical text, storage or the network in the clear; an own event that was just
 * sealed is not decrypted again; nothing opened is kept here longer than until its event is published. Laws:
 * `fields.laws`.
 */
import type { EventBody } from '../core/envelope.ts';
import { isStoreError, StoreError } from '../core/errors.ts';
import { type EventId, eventType, type KeyId, streamParts, type TenantId } from '../core/ids.ts';
import { isRecord, type JsonObject } from '../core/json.ts';
import type { Entropy } from '../core/ports.ts';
import {
  isSealed,
  leadsInto,
  type Placed,
  type ProtectedPart,
  paddedFor,
  pointerOf,
  type Replacement,
  replaced,
  SEALED_NAME,
  type SealedReason,
  sealedFor,
  valuesOf,
} from '../core/protect.ts';
import type { DataKey } from '../crypto/dataKey.ts';
import { type FieldPlace, openField, openFieldSealer, type SealedValue } from '../crypto/fieldCipher.ts';
import type { KeyScope, KeySource } from '../crypto/keySource.ts';
import type { ProtectedValue } from '../crypto/paddedValue.ts';
import { type PlacedSeal, sealedIn } from '../crypto/sealedValues.ts';
import type { Definitions } from './aggregateState.ts';
import type { Draft, SealedDraft } from './job.ts';
import type { EventOpener, EventPlace } from './opener.ts';

export type Fields = EventOpener & {
  /** True if the draft has values to be sealed. */
  readonly hasProtected: (draft: Draft) => boolean;
  /**
   * Seals the protected values of a draft, all at once. What was sealed is held until it is forgotten.
   * @throws StoreError `key.not-held`, `key.shredded`, `key.locked`, `key.randomness-repeated`, `field.too-large`, `append.invalid`
   */
  readonly seal: (draft: Draft) => Promise<Draft>;
  /** Forgets every opened payload, and keeps none from then on. */
  readonly end: () => void;
  /** True if what is shown of events of the type may change when keys come or go. */
  readonly isAffected: (aggregateType: string) => boolean;
  /** True if something opened is held: it will be published as it was opened. */
  readonly isHolding: () => boolean;
  /** Ends following the keys. */
  readonly close: () => void;
};

export type FieldsParts = {
  readonly keys: KeySource;
  readonly tenant: TenantId;
  readonly definitions: Definitions;
  readonly entropy: Entropy;
  readonly nextId: () => EventId;
  /** Hears of an event that holds a value which does not open under the key it names. */
  readonly onUnreadable: (event: EventPlace) => void;
};

const isObject = (value: unknown): value is JsonObject => isRecord(value);

/** The payload with replacements. */
const payloadWith = (payload: JsonObject, by: readonly Replacement[]): JsonObject => {
  const made = replaced(payload, by);
  if (!isObject(made)) throw new StoreError('invariant.broken', { rule: 'a payload stays an object' });
  return made;
};

const isProtectable = (value: unknown): value is ProtectedValue => value !== undefined;

const scopeOf = (draft: Draft, { marking }: ProtectedPart): KeyScope =>
  marking.key === 'group'
    ? { kind: 'group', name: marking.name }
    : { kind: 'subject', name: draft.definition.subjectOf(streamParts(draft.stream).id) };

/** What is not shown cannot be recorded again, and a value that looks like something sealed would not be told from it. */
const checkValue = (value: unknown, type: string, pointer: string): void => {
  if (isSealed(value)) throw new StoreError('key.not-held', { type, path: pointer });
  if (isRecord(value) && Object.hasOwn(value, SEALED_NAME))
    throw new StoreError('append.invalid', { type, path: pointer, issue: 'reserved name' });
};

const sealerOf = ({ keys, tenant, entropy, nextId }: FieldsParts) => {
  const sealer = openFieldSealer(entropy);
  return async (draft: Draft): Promise<SealedDraft> => {
    const type = eventType(draft.type);
    const place = { tenant, stream: draft.stream, event: nextId(), type };
    const under = new Map<string, Promise<DataKey>>();
    const keyFor = (scope: KeyScope): Promise<DataKey> => {
      const name = `${scope.kind}/${scope.name}`;
      const key = under.get(name) ?? keys.sealing(scope);
      under.set(name, key);
      return key;
    };
    const sealed: Replacement[] = [];
    const seal = async (part: ProtectedPart, { way, value }: Placed): Promise<void> => {
      const path = pointerOf(way);
      checkValue(value, type, path);
      if (!isProtectable(value)) return;
      const key = await keyFor(scopeOf(draft, part));
      sealed.push({ way, instead: await sealer.seal(key, { ...place, path }, value, paddedFor(part.marking)) });
    };
    const parts = draft.definition.events.get(type)?.protects ?? [];
    await Promise.all(parts.flatMap((part) => valuesOf(draft.payload, part).map((placed) => seal(part, placed))));
    return { id: place.event, payload: payloadWith(draft.payload, sealed) };
  };
};

type Opening = { readonly value: ProtectedValue } | { readonly reason: SealedReason };

const openerOf = ({ keys, tenant, definitions, onUnreadable }: FieldsParts) => {
  const isBlinded = ({ stream, type }: EventBody, way: readonly string[]): boolean => {
    const parts = definitions.get(streamParts(stream).type)?.events.get(type)?.protects ?? [];
    return parts.some((part) => part.marking.key === 'group' && leadsInto(part, way));
  };
  const keyOf = async (id: KeyId): Promise<DataKey | 'not-held' | 'shredded'> => {
    try {
      return await keys.opening(id);
    } catch (error) {
      if (isStoreError(error, 'key.locked')) return 'not-held'; // whoever locked it closes the store
      throw error;
    }
  };
  const openOne = async (event: EventPlace, way: readonly string[], sealed: SealedValue): Promise<Opening> => {
    const { id, stream, type } = event.body;
    const key = await keyOf(sealed.$sealed.key);
    if (key === 'shredded') return { reason: key };
    if (key === 'not-held') return { reason: isBlinded(event.body, way) ? 'blinded' : key };
    const place: FieldPlace = { tenant, stream, event: id, type, path: pointerOf(way) };
    try {
      const opened = await openField(key, place, sealed);
      return opened.kind === 'opened' ? opened : { reason: 'shredded' };
    } catch (error) {
      if (isStoreError(error, 'key.locked')) return { reason: 'not-held' };
      if (!isStoreError(error, 'field.unreadable')) throw error;
      onUnreadable(event);
      return { reason: 'unreadable' };
    }
  };
  return async (event: EventPlace): Promise<JsonObject | undefined> => {
    const found: PlacedSeal[] = [];
    sealedIn(event.body.payload, [], found);
    if (found.length === 0) return undefined;
    const opened: Replacement[] = [];
    const open = async ({ way, sealed }: (typeof found)[number]): Promise<void> => {
      const opening = await openOne(event, way, sealed);
      opened.push({ way, instead: 'value' in opening ? opening.value : sealedFor(opening.reason) });
    };
    await Promise.all(found.map(open));
    return payloadWith(event.body.payload, opened);
  };
};

/** Opened payloads until they are published; none any more once it has ended. */
const heldPayloads = () => {
  const held = new Map<EventId, JsonObject>();
  let isEnded = false;
  return {
    get: (event: EventId) => held.get(event),
    set: (event: EventId, payload: JsonObject): void => {
      if (!isEnded) held.set(event, payload);
    },
    delete: (event: EventId) => held.delete(event),
    isHolding: () => held.size > 0,
    end: (): void => {
      isEnded = true;
      held.clear();
    },
  };
};

/** Events opened at once: asking for more is one long turn of the page, whoever encrypts. */
const OPENED_AT_ONCE = 32;

/** The aggregates whose events have protected parts. */
export const typesWithProtectedFields = (definitions: Definitions): ReadonlySet<string> =>
  new Set(
    [...definitions]
      .filter(([, { events }]) => [...events.values()].some(({ protects }) => protects.length > 0))
      .map(([type]) => type),
  );

/** Seals and opens for one session. */
export const openFields = (parts: FieldsParts): Fields => {
  const seal = sealerOf(parts);
  const open = openerOf(parts);
  const held = heldPayloads();
  let changes = 0;
  const unfollow = parts.keys.onChange(() => {
    changes += 1;
  });
  const protectsOf = ({ definition, type }: Draft): readonly ProtectedPart[] =>
    definition.events.get(eventType(type))?.protects ?? [];
  const affected = typesWithProtectedFields(parts.definitions);
  return {
    hasProtected: (draft) => protectsOf(draft).length > 0,
    seal: async (draft) => {
      for (;;) {
        const before = changes;
        const sealed = await seal(draft).catch((error: unknown) => {
          if (before === changes || !isStoreError(error, 'key.locked')) throw error;
          return undefined;
        });
        if (before !== changes || sealed === undefined) continue; // a key came or went meanwhile
        held.set(sealed.id, draft.payload);
        return { ...draft, sealed };
      }
    },
    open: async (events) => {
      const opened = new Map<EventId, JsonObject>();
      const openOne = async (event: EventPlace): Promise<void> => {
        const payload = held.get(event.body.id) ?? (await open(event));
        if (payload !== undefined) opened.set(event.body.id, payload);
      };
      for (let at = 0; at < events.length; at += OPENED_AT_ONCE)
        await Promise.all(events.slice(at, at + OPENED_AT_ONCE).map(openOne));
      return opened;
    },
    hold: (opened) => {
      for (const [event, payload] of opened) held.set(event, payload);
    },
    held: held.get,
    forget: (events) => {
      for (const event of events) held.delete(event);
    },
    end: held.end,
    isAffected: (type) => affected.has(type),
    changes: () => changes,
    isHolding: held.isHolding,
    close: () => void unfollow(),
  };
};
