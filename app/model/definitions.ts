/** From ODM metadata to the definitions that are recorded. */
import type { AdminData, CodeList, ItemDef, StudyMetadata } from '../../src/clinical.ts';
import { translated, userName } from '../../src/clinical.ts';
import type { Definition } from './study.ts';

const LANGUAGE = 'en';
/** Characters of one part of a code list: far below what an event holds. */
const PART_CHARS = 8_000;

const codeListParts = (list: CodeList): readonly Definition[] => {
  const parts: { code: string; text: string }[][] = [[]];
  let chars = 0;
  for (const { codedValue: code, decode } of list.items) {
    const text = translated(decode, LANGUAGE) || code;
    if (chars > 0 && chars + code.length + text.length > PART_CHARS) {
      parts.push([]);
      chars = 0;
    }
    parts.at(-1)?.push({ code, text });
    chars += code.length + text.length;
  }
  return parts.map((entries, part) => ({ kind: 'codeList', oid: list.oid, part, name: list.name, entries }));
};

const unitOf = ({ measurementUnits }: StudyMetadata, item: ItemDef): string =>
  item.measurementUnitOids
    .map((unit) => {
      const known = measurementUnits.get(unit);
      return known === undefined ? unit : translated(known.symbol, LANGUAGE) || known.name;
    })
    .join(' or ');

const itemDefinition = (metadata: StudyMetadata, item: ItemDef): Definition => ({
  kind: 'item',
  oid: item.oid,
  question: translated(item.question, LANGUAGE) || translated(item.description, LANGUAGE) || item.name,
  dataType: item.dataType,
  unit: unitOf(metadata, item),
  codeList: item.codeListOid ?? '',
  ranges: item.rangeChecks
    .slice(0, 20)
    .flatMap(({ comparator, values: [value], softHard, errorMessage }) =>
      comparator === undefined || value === undefined
        ? []
        : [{ comparator, value, hard: softHard === 'Hard', text: translated(errorMessage, LANGUAGE) }],
    ),
});

/** Everything of a metadata file that the app shows. */
export const definitionsOf = (metadata: StudyMetadata): readonly Definition[] => {
  const { studyOid, studyName, protocolName, studyDescription, metaDataVersionName } = metadata;
  const order = new Map(metadata.studyEventRefs.map(({ oid }, at) => [oid, at]));
  const named = (one: { readonly description: Parameters<typeof translated>[0]; readonly name: string }) =>
    translated(one.description, LANGUAGE) || one.name;
  return [
    {
      kind: 'study',
      oid: studyOid,
      name: studyName,
      protocol: protocolName,
      description: studyDescription,
      version: metaDataVersionName,
    },
    ...[...metadata.studyEvents.values()].map((visit, at): Definition => {
      const place = order.get(visit.oid) ?? order.size + at;
      return { kind: 'visit', oid: visit.oid, name: named(visit), order: place, repeating: visit.repeating };
    }),
    ...[...metadata.forms.values()].map((form, at): Definition => {
      const groups = form.itemGroupRefs.map(({ oid }) => oid);
      return { kind: 'form', oid: form.oid, name: named(form), order: at, groups };
    }),
    ...[...metadata.itemGroups.values()].map((group): Definition => {
      const items = group.itemRefs.map(({ oid }) => oid);
      return { kind: 'group', oid: group.oid, name: named(group), repeating: group.repeating, items };
    }),
    ...[...metadata.items.values()].map((item) => itemDefinition(metadata, item)),
    ...[...metadata.codeLists.values()].flatMap(codeListParts),
    ...peopleOf(metadata.admin),
  ];
};

/** The people and places that audit records refer to. */
export const peopleOf = ({ users, locations }: AdminData): readonly Definition[] => [
  ...[...users.values()].map((user): Definition => ({ kind: 'person', oid: user.oid, name: userName(user) })),
  ...[...locations.values()].map(({ oid, name }): Definition => ({ kind: 'place', oid, name })),
];
