/** A diary of weights, shared by the examples: what may happen to it, and the store that keeps it on this device. */
import { defineAggregate, defineEvent, openStore } from 'indelible';
import { setup } from 'xstate';
import * as z from 'zod';

type Recorded = { readonly type: 'WeightRecorded'; readonly kg: number };
type DiaryContext = { readonly weights: readonly number[] };

const diaries = setup({
  types: { context: {} as DiaryContext, events: {} as Recorded | { readonly type: 'DiaryClosed' } },
});
const add = diaries.assign(({ context, event }) =>
  event.type === 'WeightRecorded' ? { weights: [...context.weights, event.kg] } : {},
);

export const Diary = defineAggregate({
  type: 'diary',
  events: {
    WeightRecorded: defineEvent({ version: 1, schema: z.strictObject({ kg: z.number().min(1).max(400) }) }),
    DiaryClosed: defineEvent({ version: 1, schema: z.strictObject({}) }),
  },
  machine: diaries.createMachine({
    context: { weights: [] },
    initial: 'open',
    states: { open: { on: { WeightRecorded: { actions: add }, DiaryClosed: 'closed' } }, closed: {} },
  }),
});

export const CLOSE = { type: 'DiaryClosed' } as const;
export const weight = (kg: number) => ({ type: 'WeightRecorded', kg }) as const;
const actor = () => ({ userId: 'subject-1', role: 'subject' });
export const openDiary = () => openStore({ name: 'diary', tenant: 'example', aggregates: [Diary], actor });
