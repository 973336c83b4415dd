import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { userId } from '../../../src/core/ids.ts';
import { defineEvent } from '../../../src/core/schema.ts';
import { defineAggregate, type SendableEvent } from '../../../src/machines/aggregate.ts';
import { memoryStorage } from '../../../src/storage/memory.ts';
import { draftOf } from '../../../src/store/aggregates.ts';
import { openSession } from '../../../src/store/session.ts';

const events = {
  Recorded: defineEvent({ version: 1, schema: z.strictObject({ value: z.number() }) }),
  Closed: defineEvent({ version: 1, schema: z.strictObject({}) }),
  Reopened: defineEvent({ version: 1, schema: z.strictObject({}) }),
};
type Event = SendableEvent<typeof events>;

const { createMachine, assign } = setup({
  types: { context: {} as { readonly sum: number }, events: {} as Event },
  guards: { isSmall: ({ context }) => context.sum < 6 },
});
const add = assign(({ context, event }) => (event.type === 'Recorded' ? { sum: context.sum + event.value } : {}));
const machine = createMachine({
  context: { sum: 0 },
  initial: 'open',
  states: {
    open: { on: { Recorded: { guard: 'isSmall', actions: add }, Closed: { target: 'closed' } } },
    closed: { on: { Reopened: { target: 'open' } } },
  },
});
const Ledger = defineAggregate({ type: 'ledger', events, machine, needsReason: ({ type }) => type === 'Reopened' });

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.nat(4).map((value): Event => ({ type: 'Recorded', value })),
  fc.constantFrom<Event>({ type: 'Closed' }, { type: 'Reopened' }),
);
const item = fc.record({
  id: fc.constantFrom('a', 'b', 'c'),
  event,
  options: fc.constantFrom({}, { reason: 'typing error' }, { expectedVersion: 2 }),
});

const ACTOR = { user: userId('coordinator-3'), role: 'site-coordinator' };
const open = () =>
  openSession({
    name: crypto.randomUUID(),
    tenant: 'acme-042',
    aggregates: [Ledger],
    actor: () => ({ userId: ACTOR.user, role: ACTOR.role }),
    storage: memoryStorage(),
  });

type Items = readonly { readonly id: string; readonly event: Event; readonly options: object }[];
type Jobs = readonly { readonly items: Items; readonly atomic: boolean }[];

/** Outcomes without ids, and the states at the end. */
const endOf = async (jobs: Jobs, together: boolean) => {
  const { writer, states, log, storage } = await open();
  const write = ({ items, atomic }: Jobs[number]) =>
    writer.write({ drafts: items.map((one) => draftOf(Ledger, one)), actor: ACTOR, atomic });
  const outcomes = [];
  if (together) outcomes.push(...(await Promise.all(jobs.map(write))));
  else for (const job of jobs) outcomes.push(await write(job));
  const end = {
    outcomes: outcomes.map((all) => all.map((one) => (one.kind === 'committed' ? { ...one, eventId: '' } : one))),
    states: [...states.streams()].map((stream) => [stream, states.get(stream)?.fold.state]),
    versions: [...states.streams()].map((stream) => [stream, states.get(stream)?.fold.version]),
    size: log.size(),
  };
  await storage.close();
  return end;
};

describe('drafts decided in one batch', () => {
  it('end as the same drafts one job at a time, whatever is refused between them [AGG-01]', async () => {
    const jobs = fc.array(fc.record({ items: fc.array(item, { minLength: 1, maxLength: 4 }), atomic: fc.boolean() }), {
      minLength: 1,
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(jobs, async (all) => {
        expect(await endOf(all, true)).toEqual(await endOf(all, false));
      }),
      { numRuns: 150 },
    );
  });
});
