/** Acts on one record, as people do them apart: what they touch, and an aggregate that keeps the order in which they took effect. */
import { setup } from 'xstate';
import { z } from 'zod';
import { defineAggregate, defineEvent, EVERYTHING } from '../../../src/index.ts';

const ofItem = z.strictObject({ item: z.string() });
const ofAll = defineEvent({ version: 1, schema: z.strictObject({}) });
const byItem = defineEvent({ version: 1, schema: ofItem, touches: ({ item }) => [item] });

const records = setup({ types: { context: {} as { readonly acts: readonly string[] } } });
const note = records.assign(({ context, event }) => ({ acts: [...context.acts, event.type] }));
const noted = { actions: note };

export const Record = defineAggregate({
  type: 'record',
  events: { Created: ofAll, Edited: byItem, Redacted: byItem, Locked: ofAll, Signed: ofAll, Withdrawn: ofAll },
  machine: records.createMachine({
    context: { acts: [] },
    on: { Created: noted, Edited: noted, Redacted: noted, Locked: noted, Signed: noted, Withdrawn: noted },
  }),
});

type ActType = 'Created' | 'Edited' | 'Redacted' | 'Locked' | 'Signed' | 'Withdrawn';

/** An act, and the one key that it touches. */
export type Act = readonly [type: ActType, key: string];
export const ACTS: readonly Act[] = [
  ['Created', EVERYTHING],
  ['Edited', 'a'],
  ['Edited', 'b'],
  ['Redacted', 'a'],
  ['Locked', EVERYTHING],
  ['Signed', EVERYTHING],
  ['Withdrawn', EVERYTHING],
];

/** The act as an event to send. */
export const eventOf = ([type, item]: Act) =>
  type === 'Edited' || type === 'Redacted' ? ({ type, item } as const) : ({ type } as const);
