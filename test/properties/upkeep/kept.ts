/** Databases whose kept states a test knows about, and what a store over them shows. */
import { setup } from 'xstate';
import { z } from 'zod';
import {
  type AggregateDefinition,
  defineAggregate,
  defineEvent,
  defineView,
  type EventStorage,
  type StorageAdapter,
  type Store,
} from '../../../src/index.ts';
import type { Visit } from '../../unit/store/trial.ts';

/** About four single events fill a record. */
export const RECORD_BYTES = 2_600;

/** The same database to a reader who finds no kept states. */
export const forgetful = (adapter: StorageAdapter): StorageAdapter => ({
  open: async (name): Promise<EventStorage> => ({
    ...(await adapter.open(name)),
    readSnapshot: async () => undefined,
  }),
});

/** The same database whose log is not read before it may be; `from`: where reading began. */
export const gated = (storage: StorageAdapter) => {
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const from: number[] = [];
  const adapter: StorageAdapter = {
    open: async (name) => {
      const opened = await storage.open(name);
      return {
        ...opened,
        read: async (at, bytesMax) => {
          from.push(at);
          if (at === 0) await gate;
          return opened.read(at, bytesMax);
        },
      };
    },
  };
  return { adapter, from, release };
};

/** A clock in whose every look a second has passed: it is paused, and kept, after every record. */
export const hurried = () => {
  let uptimeMs = 0;
  const zone = { offsetMin: 0, name: 'Etc/UTC' };
  return { clock: { nowMs: () => Date.UTC(2026, 0, 5, 9), uptimeMs: () => (uptimeMs += 1_000), zone: () => zone } };
};

type VisitLike = Pick<typeof Visit, 'type'> & AggregateDefinition;

/** What a store shows of some streams, in a form that two stores can be compared by. */
export const streamsOf = async (store: Store, definition: VisitLike, ids: readonly string[]) => {
  const streams = [];
  for (const id of ids) {
    const visit = store.aggregate(definition, id);
    const { conflicts, ...state } = visit.state();
    const history = await visit.history();
    const told = history.map(({ eventId, applied, before, after }) => [eventId, applied, before, after]);
    streams.push({ ...state, heads: conflicts.map(({ key, heads }) => [key, heads.map(({ body }) => body.id)]), told });
  }
  return streams;
};

type Kept = { readonly order: readonly string[]; readonly corrections: number; readonly assumed: number };
type Recorded = {
  readonly type: 'ItemRecorded';
  readonly item: string;
  readonly value: number;
  readonly unit?: string | undefined;
};
const visits = setup({
  types: { context: {} as Kept, events: {} as Recorded | { readonly type: 'VisitLocked' | 'VisitUnlocked' } },
});
const record = visits.assign(({ context: { order, corrections, assumed }, event }) => {
  if (event.type !== 'ItemRecorded') return {};
  const units = { assumed: assumed + (event.unit === 'assumed' ? 1 : 0) };
  return order.includes(event.item)
    ? { ...units, corrections: corrections + 1 }
    : { ...units, order: [...order, event.item] };
});
const laterMachine = visits.createMachine({
  context: { order: [], corrections: 0, assumed: 0 },
  initial: 'capture',
  states: {
    capture: {
      on: {
        ItemRecorded: { actions: record },
        VisitLocked: { target: 'closed', guard: ({ context }) => context.order.length > 1 },
      },
    },
    closed: { on: { VisitUnlocked: 'capture' } },
  },
});
const ItemSchema = z.strictObject({ item: z.string().min(1).max(20), value: z.number() });
const touches = ({ item: name }: { readonly item: string }) => [name];
const status = {
  VisitLocked: defineEvent({ version: 1, schema: z.strictObject({}) }),
  VisitUnlocked: defineEvent({ version: 1, schema: z.strictObject({}) }),
};
const needsReason = (event: { readonly type: string; readonly item?: string }, { order }: Kept) =>
  event.item !== undefined && order.includes(event.item);

/** Visits as a later version of the application sees them: another context, other states, and locked with two items at least. */
export const LaterVisit = defineAggregate({
  type: 'visit',
  events: { ItemRecorded: defineEvent({ version: 1, schema: ItemSchema, touches }), ...status },
  machine: laterMachine,
  needsReason,
});

/** Visits as the version after that sees them: an item may have a unit, and what was recorded without a word of it was assumed. */
export const MeasuredVisit = defineAggregate({
  type: 'visit',
  events: {
    ItemRecorded: defineEvent({
      version: 2,
      schema: ItemSchema.extend({ unit: z.string().optional() }).strict(),
      upcast: { 1: (payload) => ({ ...payload, unit: 'assumed' }) },
      touches,
    }),
    ...status,
  },
  machine: laterMachine,
  needsReason,
});

/** Rows of the later version: the state before it has no `order`. */
export const laterRows = defineView({
  name: 'later',
  of: LaterVisit,
  row: ({ id, value, context }) => ({ id, state: String(value), items: context.order.length }),
  indexes: [['items']],
});
