/** The Study element of the sample study. */
import type { SampleItem, Words } from './content.ts';
import { CODE_LISTS, EVENTS, FORMS, GROUPS, UNITS } from './content.ts';
import type { XmlNode } from './xmlWriter.ts';
import { node } from './xmlWriter.ts';

export const STUDY_OID = 'INDELIBLE-DEMO';
export const VERSION_OID = 'MDV.1';
export const ODM_ATTRIBUTES = {
  xmlns: 'http://www.cdisc.org/ns/odm/v1.3',
  ODMVersion: '1.3.2',
  CreationDateTime: '2025-06-30T12:00:00Z',
  SourceSystem: 'Indelible sample generator',
} as const;

const words = ([en, de]: Words): XmlNode[] => [
  node('TranslatedText', { 'xml:lang': 'en' }, en),
  node('TranslatedText', { 'xml:lang': 'de' }, de),
];

const refs = (name: string, attribute: string, oids: readonly string[], mandatory = 'Yes'): XmlNode[] =>
  oids.map((oid, at) => node(name, { [attribute]: oid, OrderNumber: String(at + 1), Mandatory: mandatory }));

const rangeChecks = ({ range, question: [en, de] }: SampleItem): XmlNode[] => {
  if (range === undefined) return [];
  const message = node('ErrorMessage', {}, words([`${en}: please check`, `${de}: bitte prüfen`]));
  return (['GE', 'LE'] as const).map((comparator, at) =>
    node('RangeCheck', { Comparator: comparator, SoftHard: 'Soft' }, [
      node('CheckValue', {}, range[at] ?? ''),
      message,
    ]),
  );
};

const itemDef = (item: SampleItem): XmlNode =>
  node(
    'ItemDef',
    { OID: item.oid, Name: item.question[0], DataType: item.type, Length: item.length, SignificantDigits: item.digits },
    [
      node('Question', {}, words(item.question)),
      ...(item.unit === undefined ? [] : [node('MeasurementUnitRef', { MeasurementUnitOID: item.unit })]),
      ...rangeChecks(item),
      ...(item.codeList === undefined ? [] : [node('CodeListRef', { CodeListOID: item.codeList })]),
    ],
  );

const codeLists = (): XmlNode[] =>
  Object.entries(CODE_LISTS).map(([oid, { name, type, items }]) =>
    node(
      'CodeList',
      { OID: oid, Name: name, DataType: type },
      Object.entries(items).map(([value, text], at) =>
        node('CodeListItem', { CodedValue: value, OrderNumber: String(at + 1) }, [node('Decode', {}, words(text))]),
      ),
    ),
  );

const repeating = (repeats: boolean | undefined): string => (repeats === true ? 'Yes' : 'No');

const versionContent = (): XmlNode[] => [
  node(
    'Protocol',
    {},
    refs(
      'StudyEventRef',
      'StudyEventOID',
      EVENTS.map(({ oid }) => oid),
    ),
  ),
  ...EVENTS.map((event) =>
    node('StudyEventDef', { OID: event.oid, Name: event.name, Repeating: 'No', Type: 'Scheduled' }, [
      node('Description', {}, words(event.words)),
      ...refs('FormRef', 'FormOID', event.forms),
    ]),
  ),
  ...FORMS.map((form) =>
    node('FormDef', { OID: form.oid, Name: form.name, Repeating: repeating(form.repeating) }, [
      node('Description', {}, words(form.words)),
      ...refs('ItemGroupRef', 'ItemGroupOID', form.groups),
    ]),
  ),
  ...GROUPS.map((group) =>
    node('ItemGroupDef', { OID: group.oid, Name: group.name, Repeating: repeating(group.repeating) }, [
      node('Description', {}, words(group.words)),
      ...refs(
        'ItemRef',
        'ItemOID',
        group.items.map(({ oid }) => oid),
        'No',
      ),
    ]),
  ),
  ...GROUPS.flatMap((group) => group.items.map(itemDef)),
  ...codeLists(),
];

/** The Study element. */
export const study = (): XmlNode =>
  node('Study', { OID: STUDY_OID }, [
    node('GlobalVariables', {}, [
      node('StudyName', {}, 'Indelible demonstration study'),
      node('StudyDescription', {}, 'An invented asthma study with site visits and a diary. No real person is in it.'),
      node('ProtocolName', {}, STUDY_OID),
    ]),
    node(
      'BasicDefinitions',
      {},
      Object.entries(UNITS).map(([oid, unit]) =>
        node('MeasurementUnit', { OID: oid, Name: unit }, [
          node('Symbol', {}, words([unit, unit === 'puffs' ? 'Hübe' : unit])),
        ]),
      ),
    ),
    node('MetaDataVersion', { OID: VERSION_OID, Name: 'Version 1' }, versionContent()),
  ]);
