/** The files that are checked: an application with an aggregate of so many events, and one place where an event is sent. */

const NAMES = ['Recorded', 'Corrected', 'Verified', 'Queried', 'Answered', 'Frozen'];
const nameOf = (at) => `Item${Math.floor(at / NAMES.length)}${NAMES[at % NAMES.length]}`;
const KINDS = [
  'z.number().min(0).max(500)',
  'z.string().max(200)',
  "z.enum(['mild', 'moderate', 'severe'])",
  'z.boolean()',
];

export const eventNames = (count) => Array.from({ length: count }, (_, at) => nameOf(at));

/** Every event has a schema of its own of five members; every fourth has an older version. */
const eventText = (name, at) => {
  const schema =
    `z.strictObject({ item: z.string().min(1), value: ${KINDS[at % KINDS.length]}, at: z.iso.datetime(), ` +
    `note${at}: z.string().optional(), repeat: z.int().min(0) })`;
  if (at % KINDS.length !== 0) return `  ${name}: defineEvent({ version: 1, schema: ${schema} }),`;
  return `  ${name}: defineEvent({ version: 2, schema: ${schema}, upcast: { 1: (old) => old } }),`;
};

/** What stands before the place where the editor is asked. */
export const ASKED = "store.aggregate(Form, 'f').send({ type: '";

/** An application as TypeScript; `from`: where the library is imported from. */
export const applicationOf = (count) => {
  const names = eventNames(count);
  return `import { defineAggregate, defineEvent, type SendableEvent, type Store } from 'indelible';
import { setup } from 'xstate';
import * as z from 'zod';

const events = {
${names.map(eventText).join('\n')}
};
type Context = { readonly count: number; readonly last: string };
const form = setup({ types: { context: {} as Context, events: {} as SendableEvent<typeof events> } });
const record = form.assign(({ context, event }) => ({ count: context.count + 1, last: event.type }));
const machine = form.createMachine({
  context: { count: 0, last: '' },
  initial: 'open',
  states: {
    open: { on: { ${names.map((name) => `${name}: { actions: record }`).join(', ')} } },
    closed: {},
  },
});
export const Form = defineAggregate({ type: 'form', events, machine });

export const send = (store: Store) =>
  ${ASKED}${names[0]}', item: 'a', value: 1, at: '2026-01-05T09:00:00Z', repeat: 0 });
export const follow = (store: Store) =>
  store.aggregate(Form, 'f').state$.subscribe(({ context }) => console.log(context.count, context.last));
`;
};

/** Strict, as the library's own. */
export const CONFIG = {
  compilerOptions: {
    ...{ target: 'es2023', lib: ['es2024', 'dom', 'dom.iterable'], module: 'nodenext', moduleResolution: 'nodenext' },
    ...{ strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, skipLibCheck: true },
    ...{ noEmit: true, types: [], incremental: false },
  },
};
