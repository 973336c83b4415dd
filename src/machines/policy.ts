/**
 * How the conflicts of an aggregate end: by a person, or by a rule that every device follows alike.
 *
 * Invariant: a policy is a function of the events alone, without a clock, and hides nothing: what it settles stays listed with
 * the events that do not count. Laws: `policies.laws`.
 */
import type { EventDefinitions } from '../core/aggregate.ts';
import { type ConflictPolicy, type ConflictRule, lastWriterWins } from '../core/conflict.ts';
import type { OpenedEvent } from '../core/foldOrder.ts';
import { type JsonObject, sameJson } from '../core/json.ts';
import { EVERYTHING, type EventDefinition } from '../core/schema.ts';

/** Members of the payload as keys; an event without members touches everything, as it does otherwise. */
const byMember = (definition: EventDefinition): EventDefinition => {
  if (definition.isKeyed) return definition;
  const touches: EventDefinition['touches'] = (payload) => {
    const members = Object.keys(payload);
    return members.length === 0 ? [EVERYTHING] : members;
  };
  return { ...definition, touches, source: () => `${definition.source()}\nby member` };
};

/** The event types of an aggregate under its policy. */
export const eventsUnder = <E extends EventDefinitions>(
  policy: ConflictPolicy,
  events: E,
): readonly (readonly [string, EventDefinition])[] =>
  Object.entries(events).map(([type, definition]) => [
    type,
    policy === 'fieldwise' ? byMember(definition) : definition,
  ]);

/** True if two payloads of one event type say the same of a key. */
export const sameAt = (
  key: string,
  { isKeyed }: EventDefinition,
  [one, other]: readonly [JsonObject, JsonObject],
): boolean => (isKeyed || key === EVERYTHING ? sameJson(one, other) : sameJson(one[key], other[key]));

/** True if two events say the same of a key. Of protected values nobody can tell, and not everybody sees them. */
const agree = (key: string, [one, other]: readonly [OpenedEvent, OpenedEvent], events: EventDefinitions): boolean => {
  const definition = events[one.body.type];
  if (definition === undefined || one.body.type !== other.body.type || definition.protects.length > 0) return false;
  return sameAt(key, definition, [one.payload, other.payload]);
};

/** The rule of a policy; undefined where a person decides everything. */
export const ruleOf = (policy: ConflictPolicy, events: EventDefinitions): ConflictRule | undefined => {
  if (policy === 'manual') return undefined;
  if (policy === 'lastWriterWins') return lastWriterWins;
  if (policy !== 'fieldwise') return policy;
  return ({ key, heads }) => {
    const last = heads.at(-1);
    return last !== undefined && heads.every((head) => agree(key, [head, last], events)) ? last.body.id : undefined;
  };
};
