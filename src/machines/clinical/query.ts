/**
 * A query about data as an aggregate: somebody asks, the site answers, whoever asked closes it or asks again.
 *
 * Law: `clinical.laws`. A query that has no answer is closed with a reason only, and so is a closed one asked again. Context: what it is
 * about, and the thread in its order.
 */
import { setup } from 'xstate';
import * as z from 'zod';
import { defineEvent } from '../../core/schema.ts';
import { defineAggregate } from '../aggregate.ts';
import { aggregateRef, remark } from './fields.ts';

const QueryOpenedSchema = z.strictObject({
  /** The form it is about. */
  form: aggregateRef,
  /** Key of the item (`itemKey`); null for the form as a whole. */
  item: z.string().min(1).max(2_000).nullable(),
  text: remark,
});
const QueryTextSchema = z.strictObject({ text: remark });
export type QueryOpenedPayload = z.infer<typeof QueryOpenedSchema>;
export type QueryTextPayload = z.infer<typeof QueryTextSchema>;

type QueryEvent =
  | ({ readonly type: 'QueryOpened' } & QueryOpenedPayload)
  | ({ readonly type: 'QueryAnswered' | 'QueryReopened' } & QueryTextPayload)
  | { readonly type: 'QueryClosed' };

/** One contribution to a query; who made it and when is in the history. */
export type QueryEntry = { readonly kind: 'asked' | 'answered'; readonly text: string };

export type QueryContext = {
  readonly about: Pick<QueryOpenedPayload, 'form' | 'item'> | null;
  readonly thread: readonly QueryEntry[];
  readonly closed: boolean;
};

const queries = setup({ types: { context: {} as QueryContext, events: {} as QueryEvent } });

const open = queries.assign(({ event }) =>
  event.type === 'QueryOpened'
    ? { about: { form: event.form, item: event.item }, thread: [{ kind: 'asked' as const, text: event.text }] }
    : {},
);
const write = queries.assign(({ context, event }) => {
  if (event.type !== 'QueryAnswered' && event.type !== 'QueryReopened') return {};
  const kind = event.type === 'QueryAnswered' ? 'answered' : 'asked';
  return { thread: [...context.thread, { kind, text: event.text }], closed: false };
});
const close = queries.assign({ closed: true });

const machine = queries.createMachine({
  id: 'query',
  context: { about: null, thread: [], closed: false },
  initial: 'unasked',
  states: {
    unasked: { on: { QueryOpened: { target: 'opened', actions: open } } },
    opened: {
      on: { QueryAnswered: { target: 'answered', actions: write }, QueryClosed: { target: 'closed', actions: close } },
    },
    answered: {
      on: {
        QueryAnswered: { actions: write },
        QueryClosed: { target: 'closed', actions: close },
        QueryReopened: { target: 'opened', actions: write },
      },
    },
    closed: { on: { QueryReopened: { target: 'opened', actions: write } } },
  },
});

/** One query; the aggregate's id is a UUID. */
export const Query = defineAggregate({
  type: 'query',
  events: {
    QueryOpened: defineEvent({ version: 1, schema: QueryOpenedSchema }),
    QueryAnswered: defineEvent({ version: 1, schema: QueryTextSchema }),
    QueryReopened: defineEvent({ version: 1, schema: QueryTextSchema }),
    QueryClosed: defineEvent({ version: 1, schema: z.strictObject({}) }),
  },
  machine,
  needsReason: (event, { thread, closed }) =>
    event.type === 'QueryClosed' ? thread.at(-1)?.kind === 'asked' : event.type === 'QueryReopened' && closed,
});
