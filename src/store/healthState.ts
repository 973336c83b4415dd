/** The shape of what a store knows of its health without checking anything. */
import type { ReplicaId } from '../core/ids.ts';
import type { SyncState } from '../machines/sync.ts';
import type { Durability } from '../storage/port.ts';
import type { RebuildStatus } from '../streams/rebuilding.ts';
import type { Loss } from './loss.ts';
import type { Persistence, SpaceForecast } from './space.ts';

/** What is known of a store at this moment. Counts, codes, identifiers and times only. */
export type HealthState = {
  /** Who writes here. */
  readonly replica: ReplicaId;
  readonly durability: Durability;
  /** Whether the platform promises to keep the data: asked once in a session, after a person recorded something. */
  readonly persistence: Persistence;
  /** Room on the device and how long it will do; undefined until it was looked at, or if the platform does not say. */
  readonly forecast: SpaceForecast | undefined;
  /** What this database was found to have lost, oldest first. */
  readonly losses: readonly Loss[];
  /** Events that are only here and can never be sent. */
  readonly heldHereOnly: number;
  /** Anomalies kept with their evidence. */
  readonly findings: number;
  /** Own events that no receipt covers. */
  readonly pending: number;
  /** Events in the log. */
  readonly events: number;
  /** Device time at which the newest event was recorded, RFC 3339 UTC; of those that came since the store was opened. */
  readonly newestAt: string | undefined;
  /** Whether what is shown is folded by the schemas and machines of now; `failing`: what is recorded is kept all the same. */
  readonly rebuild: RebuildStatus['state'];
  /** Undefined while nothing syncs. */
  readonly sync: { readonly state: SyncState; readonly lastError: string | undefined } | undefined;
};
