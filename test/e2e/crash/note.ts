/** The aggregate of the crash tests: every event has a tag of its own, and the state remembers how many there were. */
import { setup } from 'xstate';
import { z } from 'zod';
import { type BulkItem, defineAggregate, defineEvent } from '../../../src/index.ts';

export const TENANT = 'crash-042';

const schema = z.strictObject({ tag: z.string().max(60), text: z.string().max(20_000) });
type Noted = { readonly type: 'NoteRecorded' } & z.infer<typeof schema>;
export type NoteState = { readonly count: number; readonly last: string };

const notes = setup({ types: { context: {} as NoteState, events: {} as Noted } });
const machine = notes.createMachine({
  context: { count: 0, last: '' },
  initial: 'open',
  states: {
    open: {
      on: {
        NoteRecorded: {
          actions: notes.assign(({ context, event }) => ({ count: context.count + 1, last: event.tag })),
        },
      },
    },
  },
});
const events = { NoteRecorded: defineEvent({ version: 1, schema }) };

export const Note = defineAggregate({ type: 'note', events, machine });
export const currentActor = () => ({ userId: 'u-1', role: 'investigator' });

/** The event with this tag, in the aggregate `id`. */
export const noteOf = (id: string, tag: string, textLength = 40): BulkItem<typeof events> => ({
  id,
  event: { type: 'NoteRecorded', tag, text: 'x'.repeat(textLength) },
});
