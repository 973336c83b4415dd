/**
 * The study's definitions as an aggregate: they are recorded, survive a reload and reach every device as data do.
 *
 * One event holds one definition, so that none outgrows an event; the key it touches is that definition. Context: the
 * newest of each. Texts are those in English where the file has them (`translated`).
 */
import { setup } from 'xstate';
import * as z from 'zod';
import { sameJson } from '../../src/core/json.ts';
import { type Conflict, defineAggregate, defineEvent, defineView } from '../../src/index.ts';

const oid = z.string().min(1).max(200);
const text = z.string().max(8_000);

const Range = z.strictObject({ comparator: z.string().max(8), value: z.string().max(200), hard: z.boolean(), text });

const Definition = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('study'), oid, name: text, protocol: text, description: text, version: text }),
  z.strictObject({ kind: z.literal('visit'), oid, name: text, order: z.int(), repeating: z.boolean() }),
  z.strictObject({ kind: z.literal('form'), oid, name: text, order: z.int(), groups: z.array(oid) }),
  z.strictObject({ kind: z.literal('group'), oid, name: text, repeating: z.boolean(), items: z.array(oid) }),
  z.strictObject({
    kind: z.literal('item'),
    oid,
    question: text,
    dataType: z.string().max(100),
    unit: text,
    codeList: z.string().max(200),
    ranges: z.array(Range).max(20),
  }),
  /** Long lists come in parts. */
  z.strictObject({
    kind: z.literal('codeList'),
    oid,
    part: z.int().min(0),
    name: text,
    entries: z.array(z.strictObject({ code: z.string().max(4_000), text })),
  }),
  z.strictObject({ kind: z.literal('person'), oid, name: text }),
  z.strictObject({ kind: z.literal('place'), oid, name: text }),
]);
export type Definition = z.infer<typeof Definition>;
export type DefinitionKind = Definition['kind'];
export type DefinitionOf<K extends DefinitionKind> = Extract<Definition, { readonly kind: K }>;

const StudyDefinitionImported = z.strictObject({ definition: Definition });
type StudyEvent = { readonly type: 'StudyDefinitionImported'; readonly definition: Definition };

/** What a definition is found by, within its study. */
export const definitionKey = (definition: Definition): string => {
  const key = `${definition.kind}/${definition.oid}`;
  return definition.kind === 'codeList' && definition.part > 0 ? `${key}/${definition.part}` : key;
};

export type Definitions = Readonly<Record<string, Definition>>;
export type StudyContext = { readonly definitions: Definitions };

const context: StudyContext = { definitions: {} };
const anyEvent: StudyEvent = {
  type: 'StudyDefinitionImported',
  definition: { kind: 'person', oid: 'U', name: '' },
};
const studySetup = setup({ types: { context, events: anyEvent } });
const define = studySetup.assign(({ context: { definitions }, event: { definition } }) => ({
  definitions: { ...definitions, [definitionKey(definition)]: definition },
}));

const machine = studySetup.createMachine({
  id: 'study',
  context,
  initial: 'open',
  states: { open: { on: { StudyDefinitionImported: { actions: define } } } },
});

/** One study; its id is the study's OID. */
export const Study = defineAggregate({
  type: 'study',
  events: {
    StudyDefinitionImported: defineEvent({
      version: 1,
      schema: StudyDefinitionImported,
      touches: ({ definition }) => [definitionKey(definition)],
    }),
  },
  machine,
});

export type StudyRow = {
  readonly id: string;
  readonly definitions: Definitions;
  readonly conflicts: number;
};

/** Two devices that import the same at once do not disagree. */
export const isDisagreement = ({ heads: [first, ...others] }: Conflict): boolean =>
  others.some(({ payload }) => !sameJson(payload, first?.payload));

/** The studies that this device knows. */
export const studies = defineView({
  name: 'studies',
  of: Study,
  row: ({ id, context: { definitions }, conflicts }): StudyRow => ({
    id,
    definitions,
    conflicts: conflicts.filter(isDisagreement).length,
  }),
});
