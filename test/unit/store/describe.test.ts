/** What an application records, described for programs and for people. */
import { expect, it } from 'vitest';
import { createMachine } from 'xstate';
import { z } from 'zod';
import { Form } from '../../../src/clinical.ts';
import { defineAggregate, defineEvent, describedInMarkdown, describeEvents, protect } from '../../../src/index.ts';

const machine = createMachine({ context: {} });
const Patient = defineAggregate({
  type: 'patient',
  machine,
  events: {
    Named: defineEvent({
      version: 2,
      upcast: { 1: (payload) => ({ ...payload, contacts: [] }) },
      schema: z.strictObject({
        name: protect(z.string().max(200), { key: 'subject', sizeMax: 300, search: { variety: 'high' } }),
        sex: z.enum(['f', 'm']).optional(),
        contacts: z.array(
          z.strictObject({ kind: z.string(), phone: protect(z.string(), { key: 'group', name: 'staff' }) }),
        ),
        scores: z.record(z.string(), z.int().min(0).max(9)),
      }),
    }),
    Closed: defineEvent({ version: 1, schema: z.strictObject({}) }),
  },
});

it('each event type has its JSON Schema, versions, and protected parts [EVO-05]', () => {
  const [patient] = describeEvents([Patient]);
  expect(patient?.events.map(({ event }) => event)).toEqual(['Closed', 'Named']);
  const named = patient?.events[1];
  expect(named).toMatchObject({ version: 2, upcastFrom: [1] });
  expect(named?.protected).toEqual([
    { path: 'name', key: 'subject', searchable: true },
    { path: 'contacts.*.phone', key: 'group staff', searchable: false },
  ]);
  expect(named?.schema).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    additionalProperties: false,
    required: ['name', 'contacts', 'scores'],
    properties: { name: { type: 'string', maxLength: 200, protected: { key: 'subject' } }, sex: { enum: ['f', 'm'] } },
  });
});

it('the description does not depend on the order of definitions, and holds every event type [EVO-05]', () => {
  const text = (...given: Parameters<typeof describeEvents>) => JSON.stringify(describeEvents(...given));
  expect(text([Patient, Form])).toBe(text([Form, Patient]));
  expect(
    describeEvents([Form])
      .flatMap(({ events }) => events.map(({ event }) => event))
      .sort(),
  ).toEqual([...Form.events.keys()].sort());
});

it('people read a row for each member, with its type, whether it is needed, and who may open it [EVO-05]', () => {
  const lines = describedInMarkdown(describeEvents([Patient])).split('\n');
  for (const line of [
    '## patient',
    '### Named',
    'Version 2. Reads also version 1.',
    '| `name` | string, maxLength 200 | yes | subject, searchable |',
    '| `sex` | "f" or "m" |  |  |',
    '| `contacts.*.phone` | string | yes | group staff |',
    '| `scores.*` | integer, minimum 0, maximum 9 |  |  |',
    'No members.',
  ])
    expect(lines).toContain(line);
});
