/**
 * A request to erase as an aggregate, `erasure/<id>`: asked for, then refused with a ground or approved by another person,
 * then carried out by one device and confirmed by each other one.
 *
 * ```
 * unasked --ErasureRequested--> requested --ErasureApproved--> approved --ErasureCarriedOut--> carriedOut --ErasureConfirmed-->
 *                                   \__ErasureRefused__> refused <__ErasureRefused__/
 * ```
 * No event holds anything of what is erased. Who acts stands in the payload, so that the machine can tell one person from
 * another; that it is who acted is checked where it counts (`core/erasure.ts`). Law: `erasure.laws`.
 */
import { setup } from 'xstate';
import * as z from 'zod';
import { ERASURE_GROUNDS, ERASURE_TYPE, erasureTouches, readErasureEvent } from '../../core/erasure.ts';
import { LIMITS } from '../../core/limits.ts';
import { defineEvent } from '../../core/schema.ts';
import { defineAggregate } from '../aggregate.ts';
import { isReadable } from './signer.ts';

const id = z.string().min(1).max(LIMITS.idLengthMax);
const key = z.string().length(43);

const TargetSchema = z.discriminatedUnion('kind', [
  /** Everything that is sealed for a subject, also what arrives later. */
  z.strictObject({ kind: z.literal('subject'), subject: id }),
  /** Single values: stream, event, JSON pointer into the payload, and the data key that seals it. */
  z.strictObject({
    kind: z.literal('values'),
    places: z
      .array(
        z.strictObject({
          stream: z.string().max(2 * LIMITS.idLengthMax + 1),
          event: z.uuid(),
          path: z.string().min(1).max(LIMITS.erasedPathLengthMax),
          key,
        }),
      )
      .min(1)
      .max(LIMITS.erasedPlacesMax),
  }),
]);

/** The reader that a device and an auditor go by has the last word on what is stored. */
const readable = (type: string) => (payload: unknown) => isReadable(() => readErasureEvent(type, payload));
const FORM = 'not an event of an erasure';

const RequestedSchema = z.strictObject({ by: id, target: TargetSchema }).refine(readable('ErasureRequested'), FORM);
const RefusedSchema = z.strictObject({ by: id, ground: z.enum(ERASURE_GROUNDS) });
const ApprovedSchema = z.strictObject({
  by: id,
  /** True if whoever asked approves too, where that is configured. */
  alone: z.boolean(),
});
const DoneSchema = z
  .strictObject({
    replica: z.hex().length(32),
    /** Data keys of a subject that this device found in its log; none where single values are erased. */
    keys: z.array(key).max(LIMITS.erasedKeysMax),
  })
  .refine(readable('ErasureConfirmed'), FORM);

export type ErasureRequestedPayload = z.infer<typeof RequestedSchema>;
export type ErasureDonePayload = z.infer<typeof DoneSchema>;

type ErasureMachineEvent =
  | ({ readonly type: 'ErasureRequested' } & ErasureRequestedPayload)
  | ({ readonly type: 'ErasureRefused' } & z.infer<typeof RefusedSchema>)
  | ({ readonly type: 'ErasureApproved' } & z.infer<typeof ApprovedSchema>)
  | ({ readonly type: 'ErasureCarriedOut' | 'ErasureConfirmed' } & ErasureDonePayload);

export type ErasureContext = {
  readonly target: ErasureRequestedPayload['target'] | null;
  readonly requestedBy: string;
  readonly decidedBy: string;
  readonly ground: (typeof ERASURE_GROUNDS)[number] | null;
  /** Replicas that have destroyed it, in the order in which they said so. */
  readonly doneBy: readonly string[];
};

const erasures = setup({
  types: { context: {} as ErasureContext, events: {} as ErasureMachineEvent },
  guards: {
    isOtherOrAlone: ({ context, event }) =>
      event.type === 'ErasureApproved' && (event.by === context.requestedBy) === event.alone,
  },
});

const noteRequest = erasures.assign(({ event }) =>
  event.type === 'ErasureRequested' ? { target: event.target, requestedBy: event.by } : {},
);
const noteRefusal = erasures.assign(({ event }) =>
  event.type === 'ErasureRefused' ? { decidedBy: event.by, ground: event.ground } : {},
);
const noteApproval = erasures.assign(({ event }) => (event.type === 'ErasureApproved' ? { decidedBy: event.by } : {}));
const noteDone = erasures.assign(({ context, event }) =>
  'replica' in event ? { doneBy: [...context.doneBy, event.replica] } : {},
);

const machine = erasures.createMachine({
  id: 'erasure',
  context: { target: null, requestedBy: '', decidedBy: '', ground: null, doneBy: [] },
  initial: 'unasked',
  states: {
    unasked: { on: { ErasureRequested: { target: 'requested', actions: noteRequest } } },
    requested: {
      on: {
        ErasureApproved: { guard: 'isOtherOrAlone', target: 'approved', actions: noteApproval },
        ErasureRefused: { target: 'refused', actions: noteRefusal },
      },
    },
    approved: {
      on: {
        ErasureRefused: { target: 'refused', actions: noteRefusal },
        ErasureCarriedOut: { target: 'carriedOut', actions: noteDone },
      },
    },
    refused: { on: { ErasureRefused: { actions: noteRefusal } } },
    carriedOut: { on: { ErasureCarriedOut: { actions: noteDone }, ErasureConfirmed: { actions: noteDone } } },
  },
});

const touchesOf = (type: string) => (payload: object) =>
  erasureTouches(type, 'replica' in payload ? String(payload.replica) : undefined);

/** One request to erase; the aggregate's id is a UUID. */
export const Erasure = defineAggregate({
  type: ERASURE_TYPE,
  events: {
    ErasureRequested: defineEvent({ version: 1, schema: RequestedSchema, touches: touchesOf('ErasureRequested') }),
    ErasureRefused: defineEvent({ version: 1, schema: RefusedSchema, touches: touchesOf('ErasureRefused') }),
    ErasureApproved: defineEvent({ version: 1, schema: ApprovedSchema, touches: touchesOf('ErasureApproved') }),
    ErasureCarriedOut: defineEvent({ version: 1, schema: DoneSchema, touches: touchesOf('ErasureCarriedOut') }),
    ErasureConfirmed: defineEvent({ version: 1, schema: DoneSchema, touches: touchesOf('ErasureConfirmed') }),
  },
  machine,
  needsReason: ({ type }) => type !== 'ErasureCarriedOut' && type !== 'ErasureConfirmed',
});
