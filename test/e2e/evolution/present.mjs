/** An application as it is: weights in kilograms. */
import { assign, createMachine } from 'xstate';
import { z } from 'zod';
import { defineAggregate, defineEvent } from '../../../dist/index.js';

export const machine = createMachine({
  context: { last: null },
  initial: 'open',
  states: {
    open: { on: { Weighed: { actions: assign(({ event }) => ({ last: event.grams ?? event.kilos * 1_000 })) } } },
  },
});

export const Weight = defineAggregate({
  type: 'weight',
  machine,
  events: { Weighed: defineEvent({ version: 1, schema: z.strictObject({ kilos: z.number() }) }) },
});
