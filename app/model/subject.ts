/**
 * Who a subject is: the one thing in this app that is encrypted before it is stored or sent. Whoever does not hold the study's
 * key sees that a name is recorded, by whom and when, and not the name.
 */
import { setup } from 'xstate';
import * as z from 'zod';
import { defineAggregate, defineEvent, isSealed, protect, type SealedReason } from '../../src/index.ts';

const SubjectNamed = z.strictObject({ name: protect(z.string().min(1).max(200), { key: 'subject' }) });

type SubjectEvent = { readonly type: 'SubjectNamed'; readonly name: unknown };
/** `name`: null before it is recorded; else the text, or what stands in its place. */
export type SubjectContext = { readonly name: unknown };

const context: SubjectContext = { name: null };
const anyEvent: SubjectEvent = { type: 'SubjectNamed', name: '' };
const subjects = setup({ types: { context, events: anyEvent } });

/** One subject; its id is the subject's key in the study. */
export const Subject = defineAggregate({
  type: 'subject',
  events: { SubjectNamed: defineEvent({ version: 1, schema: SubjectNamed, touches: () => ['name'] }) },
  machine: subjects.createMachine({
    id: 'subject',
    context,
    initial: 'known',
    states: { known: { on: { SubjectNamed: { actions: subjects.assign(({ event: { name } }) => ({ name })) } } } },
  }),
  needsReason: (_, { name }) => name !== null,
});

export type ShownName =
  | { readonly kind: 'none' }
  | { readonly kind: 'open'; readonly text: string }
  | { readonly kind: 'sealed'; readonly why: SealedReason };

export const shownName = ({ name }: SubjectContext): ShownName => {
  if (typeof name === 'string') return { kind: 'open', text: name };
  return isSealed(name) ? { kind: 'sealed', why: name.$sealed } : { kind: 'none' };
};

export const SEALED_TEXT: Readonly<Record<SealedReason, string>> = {
  'not-held': 'sealed: you do not hold the study’s key',
  blinded: 'sealed: kept from you',
  shredded: 'erased',
  unreadable: 'sealed: it does not open',
};
