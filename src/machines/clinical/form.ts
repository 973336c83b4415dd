/**
 * The case report form as an aggregate: items are recorded, corrected with a reason, and the form is locked.
 *
 * States: empty, entered, locked. A locked form takes no item until it is unlocked. An item's first value needs no
 * reason; every later one does (C-e5). Context: the newest value of each item.
 */
import { setup } from 'xstate';
import { z } from 'zod';
import { defineEvent, type Upcaster } from '../../core/schema.ts';
import { defineAggregate } from '../aggregate.ts';

const oid = z.string().min(1).max(200);

/** How a value came in. `not-recorded`: written before version 2, which first said so. */
const entry = z.enum(['keyed', 'imported', 'derived', 'not-recorded']);

const ItemRecordedSchema = z.strictObject({
  /** Item group and its repeat key ('' when the group does not repeat), as in ODM. */
  group: z.string().max(200),
  groupRepeat: z.string().max(200),
  item: oid,
  /** As entered; null where the source says that there is no value. */
  value: z.string().max(4_000).nullable(),
  entry,
});
export type ItemRecordedPayload = z.infer<typeof ItemRecordedSchema>;

const itemRecordedV1toV2: Upcaster = (payload) => ({ ...payload, entry: 'not-recorded' });

/** The key of one item in a form: group, repeat and item, joined so that no two coincide. */
export const itemKey = (place: {
  readonly group: string;
  readonly groupRepeat: string;
  readonly item: string;
}): string => [place.group, place.groupRepeat, place.item].map(encodeURIComponent).join('/');

export type FormContext = { readonly items: Readonly<Record<string, string | null>> };

const events = {
  ItemRecorded: defineEvent({
    version: 2,
    schema: ItemRecordedSchema,
    upcast: { 1: itemRecordedV1toV2 },
    touches: (payload) => [itemKey(payload)],
  }),
  FormLocked: defineEvent({ version: 1, schema: z.strictObject({}) }),
  FormUnlocked: defineEvent({ version: 1, schema: z.strictObject({}) }),
};

type FormEvent =
  | ({ readonly type: 'ItemRecorded' } & ItemRecordedPayload)
  | { readonly type: 'FormLocked' | 'FormUnlocked' };

const formSetup = setup({ types: { context: {} as FormContext, events: {} as FormEvent } });

const record = formSetup.assign(({ context, event }) =>
  event.type === 'ItemRecorded' ? { items: { ...context.items, [itemKey(event)]: event.value } } : {},
);

const machine = formSetup.createMachine({
  id: 'form',
  context: { items: {} },
  initial: 'empty',
  states: {
    empty: { on: { ItemRecorded: { target: 'entered', actions: record } } },
    entered: { on: { ItemRecorded: { actions: record }, FormLocked: { target: 'locked' } } },
    locked: { on: { FormUnlocked: { target: 'entered' } } },
  },
});

/** One form of one subject at one visit. */
export const Form = defineAggregate({
  type: 'form',
  events,
  machine,
  needsReason: (event, context) =>
    event.type === 'ItemRecorded' ? itemKey(event) in context.items : event.type === 'FormUnlocked',
});
