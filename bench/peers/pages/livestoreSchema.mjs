/** The events and the table that LiveStore's page and worker share. */
import { Events, makeSchema, Schema, State } from '@livestore/livestore';

const integer = State.SQLite.integer;
const text = State.SQLite.text;
const events = State.SQLite.table({
  name: 'events',
  columns: {
    seq: integer({ primaryKey: true }),
    ...{ id: text(), agg: text(), ver: integer(), type: text(), schema: integer(), device: text() },
    ...{ user: text(), role: text(), at: text(), reason: text(), payload: text() },
  },
  indexes: [{ name: 'stream', columns: ['agg', 'ver'] }],
});
export const tables = { events };

const [T, N] = [Schema.String, Schema.Number];
export const recorded = Events.synced({
  name: 'v1.Recorded',
  schema: Schema.Struct({
    ...{ seq: N, id: T, agg: T, ver: N, type: T, schema: N, device: T, user: T, role: T, at: T, reason: T, payload: T },
  }),
});
const materializers = State.SQLite.materializers({ recorded }, { 'v1.Recorded': (event) => events.insert(event) });
export const schema = makeSchema({
  events: { recorded },
  state: State.SQLite.makeState({ tables, materializers }),
});
