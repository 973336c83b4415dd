/** Small ODM files for the tests, and how to read them whole. */
import type { ClinicalOptions, ClinicalReport, FormRecord, ItemValue } from '../../../src/odm/index.ts';
import { readClinicalData } from '../../../src/odm/index.ts';

export const NAMESPACE = 'http://www.cdisc.org/ns/odm/v1.3';

/** An ODM document around `content`; `attributes` come before the usual ones. */
export const odm = (content: string, fileType = 'Snapshot', attributes = ''): string =>
  `<?xml version="1.0" encoding="UTF-8"?>
<ODM xmlns="${NAMESPACE}" ${attributes} FileType="${fileType}" FileOID="F" CreationDateTime="2025-01-01T00:00:00Z" ODMVersion="1.3.2">
${content}
</ODM>`;

/** Clinical data around `content`. */
export const clinical = (content: string, fileType = 'Snapshot'): string =>
  odm(`<ClinicalData StudyOID="S" MetaDataVersionOID="M">${content}</ClinicalData>`, fileType);

/** One subject with one event and one form around `groups`. */
export const oneForm = (groups: string, fileType = 'Snapshot'): string =>
  clinical(
    `<SubjectData SubjectKey="1"${fileType === 'Transactional' ? ' TransactionType="Insert"' : ''}>` +
      `<StudyEventData StudyEventOID="E"><FormData FormOID="F">${groups}</FormData></StudyEventData></SubjectData>`,
    fileType,
  );

/** One item group around `items`. */
export const group = (items: string): string => `<ItemGroupData ItemGroupOID="G">${items}</ItemGroupData>`;

/** An audit record by `user`, with more in it. */
export const auditXml = (user: string, more = '', attributes = ''): string =>
  `<AuditRecord ${attributes}><UserRef UserOID="${user}"/><LocationRef LocationOID="L"/>` +
  `<DateTimeStamp>2025-02-03T04:05:06Z</DateTimeStamp>${more}</AuditRecord>`;

/** A small study with every kind of definition; `more` goes into the version. */
export const studyXml = (more = ''): string => `<Study OID="S">
<GlobalVariables><StudyName>Study</StudyName><StudyDescription>About</StudyDescription><ProtocolName>P-1</ProtocolName></GlobalVariables>
<BasicDefinitions><MeasurementUnit OID="U" Name="kg"><Symbol><TranslatedText xml:lang="en">kg</TranslatedText></Symbol></MeasurementUnit></BasicDefinitions>
<MetaDataVersion OID="M" Name="Version">
<Protocol><StudyEventRef StudyEventOID="E2" OrderNumber="2" Mandatory="No"/><StudyEventRef StudyEventOID="E" OrderNumber="1" Mandatory="Yes"/></Protocol>
<StudyEventDef OID="E" Name="Visit" Repeating="No" Type="Scheduled"><FormRef FormOID="F" Mandatory="Yes"/></StudyEventDef>
<StudyEventDef OID="E2" Name="Extra" Repeating="Yes" Type="Unscheduled"/>
<FormDef OID="F" Name="Form" Repeating="No"><ItemGroupRef ItemGroupOID="G" Mandatory="Yes"/></FormDef>
<ItemGroupDef OID="G" Name="Group" Repeating="No"><ItemRef ItemOID="I" Mandatory="Yes"/><ItemRef ItemOID="W" Mandatory="No"/></ItemGroupDef>
<ItemDef OID="I" Name="Sex" DataType="text" Length="1"><Question><TranslatedText xml:lang="en">Sex?</TranslatedText><TranslatedText xml:lang="de">Geschlecht?</TranslatedText></Question><CodeListRef CodeListOID="C"/></ItemDef>
<ItemDef OID="W" Name="Weight" DataType="float"><MeasurementUnitRef MeasurementUnitOID="U"/><RangeCheck Comparator="GE" SoftHard="Hard"><CheckValue>30</CheckValue></RangeCheck></ItemDef>
<CodeList OID="C" Name="Sex" DataType="text"><CodeListItem CodedValue="F"><Decode><TranslatedText xml:lang="en">Female</TranslatedText></Decode></CodeListItem><CodeListItem CodedValue="M"><Decode><TranslatedText xml:lang="en">Male</TranslatedText></Decode></CodeListItem></CodeList>
${more}</MetaDataVersion></Study>`;

/** Text by pieces of `size` units. */
export const inPieces = async function* (text: string, size: number): AsyncGenerator<string> {
  for (let from = 0; from < text.length; from += size) yield text.slice(from, from + size);
};

export type Whole = { readonly forms: FormRecord[]; readonly items: ItemValue[]; readonly report: ClinicalReport };

/** Reads clinical data to the end. */
export const readWhole = async (
  source: string | AsyncIterable<string>,
  options: ClinicalOptions = {},
): Promise<Whole> => {
  const reading = readClinicalData(source, options);
  const forms: FormRecord[] = [];
  for await (const form of reading.forms) forms.push(form);
  return { forms, items: forms.flatMap(({ items }) => [...items]), report: reading.report() };
};
