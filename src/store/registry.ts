/** What an application registers with a store: its aggregates, by type, and their fingerprint. */
import { z } from 'zod';
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

/**
 * Names the set of schemas an event was written under: first 16 hex digits of the SHA-256 of the canonical JSON Schemas
 * of all event types with their versions.
 */
export const registryFingerprint = async (definitions: Definitions): Promise<string> => {
  const described = [...definitions.values()].map(({ type, events }) => [
    type,
    [...events].map(([name, { version, schema }]) => [
      name,
      version,
      z.toJSONSchema(schema, { unrepresentable: 'any' }),
    ]),
  ]);
  const digest = await digestOf(canonicalBytes(JSON.parse(JSON.stringify(described))));
  return toHex32(digest).slice(0, 16);
};
