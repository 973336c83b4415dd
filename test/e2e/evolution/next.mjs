/** The application after an update: weights in grams, and no baby above 6 kilograms. */
import { z } from 'zod';
import { defineAggregate, defineEvent } from '../../../dist/index.js';
import { machine } from './present.mjs';

export const aggregates = [
  defineAggregate({
    type: 'weight',
    machine,
    events: {
      Weighed: defineEvent({
        version: 2,
        schema: z.strictObject({ grams: z.number().max(6_000) }),
        upcast: { 1: ({ kilos }) => ({ grams: kilos * 1_000 }) },
      }),
    },
  }),
];
