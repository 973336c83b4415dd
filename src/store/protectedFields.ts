/** Protected fields of a session: with keys, or none at all. */
import { StoreError } from '../core/errors.ts';
import type { TenantId } from '../core/ids.ts';
import type { Clock, Entropy } from '../core/ports.ts';
import { eventIds } from '../core/uuid.ts';
import { canonicalBytes } from '../crypto/canonical.ts';
import type { KeySource } from '../crypto/keySource.ts';
import type { AggregateStates, Definitions } from '../streams/aggregateState.ts';
import { type Fields, openFields, typesWithProtectedFields } from '../streams/fields.ts';
import type { Writer } from '../streams/writer.ts';
import type { Findings } from './findings.ts';
import type { StoreOptions } from './types.ts';

/** @throws StoreError `key.session-required` */
export const checkKeys = ({ keys }: StoreOptions, definitions: Definitions): void => {
  if (keys === undefined && typesWithProtectedFields(definitions).size > 0)
    throw new StoreError('key.session-required');
};

/**
 * Folds everything anew when keys come or go; what was opened before and is published meanwhile, once more after it.
 * Returns how to stop it.
 */
export const followKeys = (
  keys: KeySource | undefined,
  fields: Fields | undefined,
  parts: {
    readonly states: Pick<AggregateStates, 'refold'>;
    readonly writer: Pick<Writer, 'idle'>;
    readonly search: { readonly drop: () => void };
  },
): (() => void) => {
  if (keys === undefined || fields === undefined) return () => undefined;
  const refold = (): void => void parts.states.refold(fields.isAffected).catch(() => undefined); // told by whoever reads next
  const follow = (): void => {
    const isHolding = fields.isHolding();
    refold();
    const again = (): void => {
      refold();
      parts.search.drop();
    };
    if (isHolding) void parts.writer.idle().then(again, () => undefined);
  };
  if (fields.changes() > 0) follow(); // while the store was being opened
  const unfollow = keys.onChange(follow);
  return () => {
    unfollow();
    fields.close();
  };
};

/** Sealing and opening with the session's keys; undefined without keys. What does not open is kept as a finding. */
export const fieldsOf = (
  { keys }: StoreOptions,
  parts: {
    readonly definitions: Definitions;
    readonly tenant: TenantId;
    readonly clock: Clock;
    readonly entropy: Entropy;
    readonly keepFinding: Findings['keep'];
  },
): Fields | undefined => {
  if (keys === undefined) return undefined;
  const { definitions, tenant, clock, entropy, keepFinding } = parts;
  return openFields({
    ...{ keys: keys.source, definitions, tenant, entropy },
    nextId: eventIds(clock, entropy),
    onUnreadable: ({ body, context }) => {
      const fault = { code: 'field.unreadable', sequence: body.sequence, replica: context.replica } as const;
      keepFinding(fault, canonicalBytes(body)).catch(() => undefined); // found again when it is opened again
    },
  });
};
