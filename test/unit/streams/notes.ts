/** One application as it was, as it is after an update, and a careless one; stores of them that sync. */
import { setup } from 'xstate';
import { z } from 'zod';
import {
  defineAggregate,
  defineEvent,
  memoryStorage,
  openStore,
  type StorageAdapter,
  type Store,
} from '../../../src/index.ts';
import { type SimulatedServer, simulatedNetwork } from '../../../src/testing/index.ts';

type NoteContext = { readonly words: readonly string[] };
type NoteEvent = { readonly type: 'Noted' | 'Stamped'; readonly word?: unknown; readonly text?: string };

const machineSetup = setup({ types: { context: {} as NoteContext, events: {} as NoteEvent } });
const add = machineSetup.assign(({ context, event }) => ({
  words: [...context.words, event.type === 'Stamped' ? 'stamp' : String(event.word).toUpperCase()],
}));
const machine = machineSetup.createMachine({
  context: { words: [] },
  initial: 'open',
  states: { open: { on: { Noted: { actions: add }, Stamped: { actions: add } } } },
});
const v1 = z.strictObject({ word: z.string() });

/** The application as it was, and as it is after an update: a new member in version 2, and a new event. */
export const Old = defineAggregate({
  type: 'note',
  events: { Noted: defineEvent({ version: 1, schema: v1 }) },
  machine,
});
export const New = defineAggregate({
  type: 'note',
  events: {
    Noted: defineEvent({
      version: 2,
      schema: z.strictObject({ word: z.string(), text: z.string() }),
      upcast: { 1: (payload) => ({ ...payload, text: 'not recorded' }) },
    }),
    Stamped: defineEvent({ version: 1, schema: z.strictObject({}) }),
  },
  machine,
});
/** A careless application: its schema takes what that of the others does not. */
export const Loose = defineAggregate({
  type: 'note',
  events: { Noted: defineEvent({ version: 1, schema: z.strictObject({ word: z.union([z.string(), z.number()]) }) }) },
  machine,
});

let opened = 0;
export const open = (
  aggregate: typeof Old | typeof New | typeof Loose,
  storage: StorageAdapter = memoryStorage(),
  name?: string,
): Promise<Store> => {
  opened += 1;
  return openStore({
    name: name ?? `note-${opened}`,
    tenant: 'acme-042',
    aggregates: [aggregate],
    actor: () => ({ userId: 'nurse-1', role: 'site' }),
    storage,
  });
};
export const syncOnce = async (server: SimulatedServer, store: Store): Promise<void> => {
  const sync = store.sync({ url: 'https://server.invalid', transport: simulatedNetwork(server), network: 'online' });
  await sync.now();
  sync.stop();
};
