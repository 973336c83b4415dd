/** What an application registers with a store: its aggregates, by type, and their fingerprint. */
import * as z from 'zod';
import { StoreError } from '../core/errors.ts';
import { toHex32 } from '../crypto/bytes.ts';
import { canonicalBytes } from '../crypto/canonical.ts';
import { digestOf } from '../crypto/digest.ts';
import type { AggregateDefinition } from '../machines/aggregate.ts';
import type { Definitions } from '../streams/aggregateState.ts';

/** Definitions by type. @throws StoreError `id.malformed` if two share one type */
export const definitionsOf = (aggregates: readonly AggregateDefinition[]): Definitions => {
  const definitions = new Map(aggregates.map((definition) => [definition.type, definition]));
  if (definitions.size !== aggregates.length)
    throw new StoreError('id.malformed', { kind: 'aggregateType', what: 'registered twice' });
  return definitions;
};

/** The JSON Schemas of an aggregate's events, each with its name and version. */
const describe = ({ type, events }: AggregateDefinition): unknown => [
  type,
  [...events].map(([name, { version, schema }]) => [name, version, z.toJSONSchema(schema, { unrepresentable: 'any' })]),
];

/** A definition never changes: what was told of it once is told again when another store opens. */
const told = new WeakMap<AggregateDefinition, unknown>();

const described = (definition: AggregateDefinition): unknown => {
  const known = told.get(definition) ?? describe(definition);
  told.set(definition, known);
  return known;
};

/**
 * Names the set of schemas an event was written under: first 16 hex digits of the SHA-256 of the canonical JSON Schemas
 * of all event types with their versions.
 */
export const registryFingerprint = async (definitions: Definitions): Promise<string> => {
  const all = [...definitions.values()].map(described);
  const digest = await digestOf(canonicalBytes(JSON.parse(JSON.stringify(all))));
  return toHex32(digest).slice(0, 16);
};
