/** Copies of values that are kept outside the log, in a sealed envelope say, and proven by the commitment in the event. */
import type { EventId, StreamId } from '../core/ids.ts';
import { toBase64 } from '../crypto/bytes.ts';
import { openField } from '../crypto/fieldCipher.ts';
import type { KeySource } from '../crypto/keySource.ts';
import type { Store } from '../store/types.ts';
import type { KeptCopy } from '../verify/index.ts';

/**
 * A copy of one value with the salt it was sealed with: `verifyBundle` proves or disproves it, also after the value was
 * erased. Whoever has it reads the value: keep it as closely as the value. Undefined if it cannot be opened here.
 * @throws StoreError `aggregate.unknown-type`, `field.unreadable`, `key.locked`, `storage.*`
 */
export const copyOf = async (
  store: Store,
  keys: Pick<KeySource, 'opening'>,
  place: { readonly stream: StreamId; readonly event: EventId; readonly path: string },
): Promise<KeptCopy | undefined> => {
  const { stream, event, path } = place;
  const found = (await store.sealedPlaces({ stream })).find((each) => each.event === event && each.path === path);
  const key = found === undefined ? 'not-held' : await keys.opening(found.key);
  if (found === undefined || typeof key === 'string') return undefined;
  const body = (await store.sealedEvents(stream)).find((each) => each.body.id === event)?.body;
  if (body === undefined) return undefined;
  const opened = await openField(key, { tenant: store.tenant, stream, event, type: body.type, path }, found.sealed);
  if (opened.kind !== 'opened') return undefined;
  const { value } = opened;
  const salt = toBase64(opened.salt);
  return value instanceof Uint8Array ? { event, path, salt, bytes: toBase64(value) } : { event, path, salt, value };
};
