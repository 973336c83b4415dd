/** Protected fields of a session: with keys, or none at all. */
import { StoreError } from '../core/errors.ts';
import type { TenantId } from '../core/ids.ts';
import type { Clock, Entropy } from '../core/ports.ts';
import { eventIds } from '../core/uuid.ts';
import { canonicalBytes } from '../crypto/canonical.ts';
import type { Definitions } from '../streams/aggregateState.ts';
import { type Fields, openFields } from '../streams/fields.ts';
import type { Findings } from './findings.ts';
import type { StoreOptions } from './types.ts';

/** True if the events of any aggregate have protected parts. */
export const hasProtectedFields = (definitions: Definitions): boolean =>
  [...definitions.values()].some(({ events }) => [...events.values()].some(({ protects }) => protects.length > 0));

/** @throws StoreError `key.session-required` */
export const checkKeys = ({ keys }: StoreOptions, definitions: Definitions): void => {
  if (keys === undefined && hasProtectedFields(definitions)) throw new StoreError('key.session-required');
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
