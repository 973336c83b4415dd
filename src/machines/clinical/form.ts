/**
 * The case report form as an aggregate: items are recorded and corrected with a reason; the form is completed, verified, signed,
 * frozen for a while, and locked.
 *
 * Law: `form.test` (the table of states and events) and `clinical.laws` (compiled and interpreted alike, over random walks). An
 * item's first value needs no reason; every later one does (C-e5). A change takes verification and signature back: the form is
 * entered again. A frozen form goes on where it was, an unlocked one is entered. A form may be locked at any stage, as forms
 * recorded before there were stages are. Context: the newest value of each item; earlier ones are in the history of the form.
 */
import { assign, setup } from 'xstate';
import * as z from 'zod';
import { defineEvent, type Upcaster } from '../../core/schema.ts';
import { defineAggregate } from '../aggregate.ts';
import { aggregateRef, enteredValue, oid } from './fields.ts';

/** How a value came in. `not-recorded`: written before version 2, which first said so. */
const entry = z.enum(['keyed', 'imported', 'derived', 'not-recorded']);

const ItemRecordedSchema = z.strictObject({
  /** Item group and its repeat key ('' when the group does not repeat), as in ODM. */
  group: z.string().max(200),
  groupRepeat: z.string().max(200),
  item: oid,
  /** As entered; null where the source says that there is no value. */
  value: enteredValue,
  entry,
});
export type ItemRecordedPayload = z.infer<typeof ItemRecordedSchema>;

const FormSignedSchema = z.strictObject({
  /** Id of the electronic signature, which says who, when, and over what. */
  signature: aggregateRef,
});
export type FormSignedPayload = z.infer<typeof FormSignedSchema>;

const itemRecordedV1toV2: Upcaster = (payload) => ({ ...payload, entry: 'not-recorded' });

/** The key of one item in a form: group, repeat and item, joined so that no two coincide. */
export const itemKey = (place: {
  readonly group: string;
  readonly groupRepeat: string;
  readonly item: string;
}): string => [place.group, place.groupRepeat, place.item].map(encodeURIComponent).join('/');

/** How far a form is when nothing holds it. */
export type FormStage = 'draft' | 'entered' | 'verified' | 'signed';

export type FormContext = {
  readonly items: Readonly<Record<string, string | null>>;
  /** Where the form was when it was last frozen. */
  readonly frozenAt?: FormStage;
};

const STATUS = ['FormCompleted', 'FormVerified', 'FormFrozen', 'FormThawed', 'FormLocked', 'FormUnlocked'] as const;

/** Events of a form that change no data: they may follow a signature without touching it. */
export const FORM_STATUS_EVENTS = [...STATUS, 'FormSigned'] as const;

const status = () => defineEvent({ version: 1, schema: z.strictObject({}) });

const events = {
  ItemRecorded: defineEvent({
    version: 2,
    schema: ItemRecordedSchema,
    upcast: { 1: itemRecordedV1toV2 },
    touches: (payload) => [itemKey(payload)],
  }),
  FormCompleted: status(),
  FormVerified: status(),
  FormSigned: defineEvent({ version: 1, schema: FormSignedSchema }),
  FormFrozen: status(),
  FormThawed: status(),
  FormLocked: status(),
  FormUnlocked: status(),
};

type FormEvent =
  | ({ readonly type: 'ItemRecorded' } & ItemRecordedPayload)
  | ({ readonly type: 'FormSigned' } & FormSignedPayload)
  | { readonly type: (typeof STATUS)[number] };

const forms = setup({
  types: { context: {} as FormContext, events: {} as FormEvent },
  guards: { 'was at': ({ context }, { stage }: { readonly stage: FormStage }) => context.frozenAt === stage },
  actions: {
    record: assign(({ context, event }) =>
      event.type === 'ItemRecorded' ? { items: { ...context.items, [itemKey(event)]: event.value } } : {},
    ),
    freeze: assign((_, { stage }: { readonly stage: FormStage }) => ({ frozenAt: stage })),
  },
});

const heldFrom = <S extends FormStage>(stage: S) =>
  ({
    FormFrozen: { target: 'frozen', actions: { type: 'freeze', params: { stage } } },
    FormLocked: { target: 'locked' },
  }) as const;
const thawedTo = <S extends FormStage>(stage: S) =>
  ({ guard: { type: 'was at', params: { stage } }, target: stage }) as const;

const machine = forms.createMachine({
  id: 'form',
  context: { items: {} },
  initial: 'empty',
  states: {
    empty: { on: { ItemRecorded: { target: 'draft', actions: 'record' } } },
    draft: {
      on: { ItemRecorded: { actions: 'record' }, FormCompleted: { target: 'entered' }, ...heldFrom('draft') },
    },
    entered: {
      on: { ItemRecorded: { actions: 'record' }, FormVerified: { target: 'verified' }, ...heldFrom('entered') },
    },
    verified: {
      on: {
        FormSigned: { target: 'signed' },
        ItemRecorded: { target: 'entered', actions: 'record' },
        ...heldFrom('verified'),
      },
    },
    signed: { on: { ItemRecorded: { target: 'entered', actions: 'record' }, ...heldFrom('signed') } },
    frozen: {
      on: {
        FormThawed: [thawedTo('draft'), thawedTo('entered'), thawedTo('verified'), thawedTo('signed')],
        FormLocked: { target: 'locked' },
      },
    },
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
