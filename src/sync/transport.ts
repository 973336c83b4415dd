/**
 * How a device reaches a server. Adapters: `httpTransport.ts`; tests put a simulated network here.
 * Every method may throw StoreError `sync.offline`, `sync.unauthorised`, `sync.unsupported-protocol`, `sync.protocol`,
 * `sync.rate-limited`, or a code that the server gave.
 */
import type { ReplicaId } from '../core/ids.ts';
import type { KeyCarrier } from '../crypto/keyRows.ts';
import type { Hello, PullResponse, PushResponse } from './protocol.ts';

export type Transport = {
  readonly hello: (replica: ReplicaId, signal: AbortSignal) => Promise<Hello>;
  /** Consecutive commits of one replica, oldest first, within the limits of one message. */
  readonly push: (commits: readonly Uint8Array[], signal: AbortSignal) => Promise<PushResponse>;
  /** `after`: cursor of the last pull, or the empty string. `except`: whose commits are left out; nobody's if absent. */
  readonly pull: (
    request: { readonly after: string; readonly except?: ReplicaId },
    signal: AbortSignal,
  ) => Promise<PullResponse>;
  /** The way of data keys in their wraps; absent where this way carries none. */
  readonly keys?: KeyCarrier;
};
