/** An aggregate without keys, so that all that is concurrent contradicts, and of which somebody in particular ends conflicts. */
import { setup } from 'xstate';
import { z } from 'zod';
import { type Actor, defineAggregate, defineEvent } from '../../../src/index.ts';

export const diaryFor = (mayResolve: (actor: Actor) => boolean) =>
  defineAggregate({
    type: 'diary',
    events: { Counted: defineEvent({ version: 1, schema: z.strictObject({ count: z.number() }) }) },
    machine: setup({}).createMachine({ initial: 'kept', states: { kept: { on: { Counted: 'kept' } } } }),
    mayResolve,
  });

/** A monitor ends its conflicts. */
export const Diary = diaryFor(({ role }) => role === 'monitor');
