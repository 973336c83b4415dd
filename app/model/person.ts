/**
 * Who a subject is: the one thing in this app that is encrypted before it is stored or sent. Whoever does not hold the study's
 * key sees that a name is recorded, by whom and when, and not the name.
 */
import { setup } from 'xstate';
import * as z from 'zod';
import {
  type Conflict,
  defineAggregate,
  defineEvent,
  isSealed,
  type OpenedEvent,
  protect,
  type SealedReason,
  type SendOutcome,
  type Store,
} from '../../src/index.ts';
import { choiceOf } from './conflicts.ts';

const PersonNamed = z.strictObject({ name: protect(z.string().min(1).max(200), { key: 'subject' }) });

type PersonEvent = { readonly type: 'PersonNamed'; readonly name: unknown };
/** `name`: null before it is recorded; else the text, or what stands in its place. */
export type PersonContext = { readonly name: unknown };

const context: PersonContext = { name: null };
const anyEvent: PersonEvent = { type: 'PersonNamed', name: '' };
const people = setup({ types: { context, events: anyEvent } });

/** Whom a subject is; its id is the subject's key in the study. */
export const Person = defineAggregate({
  type: 'person',
  events: { PersonNamed: defineEvent({ version: 1, schema: PersonNamed, touches: () => ['name'] }) },
  machine: people.createMachine({
    id: 'person',
    context,
    initial: 'known',
    states: { known: { on: { PersonNamed: { actions: people.assign(({ event: { name } }) => ({ name })) } } } },
  }),
  needsReason: (_, { name }) => name !== null,
});

/** What an event says, in words. */
export const nameText = ({ name }: Readonly<Record<string, unknown>>): string => {
  const shown = shownName({ name });
  if (shown.kind === 'open') return shown.text;
  return shown.kind === 'none' ? '' : SEALED_TEXT[shown.why];
};

/** Ends a conflict of names. `taken`: the side whose name it is; undefined for a new one. */
export const resolveName = (
  store: Store,
  subject: string,
  decision: {
    readonly name: string;
    readonly taken: OpenedEvent | undefined;
    readonly conflict: Conflict;
    readonly reason: string;
  },
): Promise<readonly SendOutcome[]> => {
  const { name, taken, conflict, reason } = decision;
  const choices = [choiceOf(conflict, taken)];
  return store.aggregate(Person, subject).resolve([conflict], [{ type: 'PersonNamed', name }], { reason, choices });
};

export type ShownName =
  | { readonly kind: 'none' }
  | { readonly kind: 'open'; readonly text: string }
  | { readonly kind: 'sealed'; readonly why: SealedReason };

export const shownName = ({ name }: PersonContext): ShownName => {
  if (typeof name === 'string') return { kind: 'open', text: name };
  return isSealed(name) ? { kind: 'sealed', why: name.$sealed } : { kind: 'none' };
};

export const SEALED_TEXT: Readonly<Record<SealedReason, string>> = {
  'not-held': 'sealed: you do not hold the study’s key',
  blinded: 'sealed: kept from you',
  waiting: 'being opened',
  shredded: 'erased',
  unreadable: 'sealed: it does not open',
};
