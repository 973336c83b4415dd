/** What the log and the writer ask for opened events. Who opens them is `fields.ts`. */
import type { CommitContext, EventBody } from '../core/envelope.ts';
import type { EventId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';

/** What the log opens events with. */
export type EventOpener = {
  /** The payloads of those events that hold sealed values, opened. Never throws for what cannot be opened. */
  readonly open: (events: readonly EventPlace[]) => Promise<OpenedPayloads>;
  /** Keeps payloads at hand until their events are published, which cannot wait. */
  readonly hold: (opened: OpenedPayloads) => void;
  readonly held: (event: EventId) => JsonObject | undefined;
  readonly forget: (events: Iterable<EventId>) => void;
  /** Grows with each change of the keys: what was opened before one is opened again before it is shown. */
  readonly changes: () => number;
};

export type OpenedPayloads = ReadonlyMap<EventId, JsonObject>;

/** An event, wherever it stands. */
export type EventPlace = { readonly body: EventBody; readonly context: CommitContext };
