import { describe, expect, it } from 'vitest';
import { readMetadata } from '../../../src/odm/index.ts';
import { auditXml, clinical, group, inPieces, odm, oneForm, readWhole, studyXml } from './fixtures.ts';

const ITEM = '<ItemData ItemOID="I" Value="F"/>';
const users = (items: readonly { readonly audit?: { readonly userOid?: string }; readonly auditLevel?: string }[]) =>
  items.map(({ audit, auditLevel }) => [audit?.userOid, auditLevel]);

describe('clinical data', () => {
  it('gives every value once, with the keys of all levels [IMP-01]', async () => {
    const text = clinical(`<SubjectData SubjectKey="7"><SiteRef LocationOID="L1"/>
<StudyEventData StudyEventOID="E2" StudyEventRepeatKey="3"><FormData FormOID="F" FormRepeatKey="b">
<ItemGroupData ItemGroupOID="G" ItemGroupRepeatKey="x"><ItemData ItemOID="I" Value=" a &lt; b&#10;"/><ItemData ItemOID="W" IsNull="Yes"/></ItemGroupData>
</FormData></StudyEventData></SubjectData>`);
    const { forms, report } = await readWhole(text);
    expect(forms).toEqual([
      {
        studyOid: 'S',
        metaDataVersionOid: 'M',
        subjectKey: '7',
        siteOid: 'L1',
        studyEventOid: 'E2',
        studyEventRepeatKey: '3',
        formOid: 'F',
        formRepeatKey: 'b',
        removals: [],
        line: 4,
        items: [
          { itemGroupOid: 'G', itemGroupRepeatKey: 'x', itemOid: 'I', value: ' a < b\n', line: 5 },
          { itemGroupOid: 'G', itemGroupRepeatKey: 'x', itemOid: 'W', value: null, line: 5 },
        ],
      },
    ]);
    expect(report).toMatchObject({
      finished: true,
      unrepresented: [],
      problems: [],
      subjects: [{ subjectKey: '7', itemValues: 2 }],
    });
    expect(report.counts).toEqual({
      subjectData: 1,
      studyEvents: 1,
      forms: 1,
      itemGroups: 1,
      itemValues: 2,
      audits: 0,
    });
  });

  it('reads typed items by their text [IMP-01]', async () => {
    const typed = group(
      '<ItemDataInteger ItemOID="I"> 12 </ItemDataInteger><ItemDataString ItemOID="W"> a<![CDATA[<b>]]> </ItemDataString>' +
        '<ItemDataAny ItemOID="N" IsNull="Yes"/><ItemDataPartialDate ItemOID="D">2025-01</ItemDataPartialDate><ItemDataFloat ItemOID="K" MeasurementUnitOID="U">1.5</ItemDataFloat>',
    );
    const { items, report } = await readWhole(oneForm(typed));
    expect(items.map(({ value }) => value)).toEqual(['12', ' a<b> ', null, '2025-01', '1.5']);
    expect(items[4]?.measurementUnitOid).toBe('U');
    expect(report.unrepresented).toEqual([]);
  });

  it('inherits the nearest audit record and says from which level [IMP-01]', async () => {
    const item = (oid: string, inner = ''): string => `<ItemData ItemOID="${oid}" Value="1">${inner}</ItemData>`;
    const text = clinical(`<SubjectData SubjectKey="1">
      <StudyEventData StudyEventOID="E">
        <FormData FormOID="F">${auditXml('form')}
          <ItemGroupData ItemGroupOID="G">${item('A', auditXml('item'))}${item('B')}${auditXml('group')}</ItemGroupData>
          <ItemGroupData ItemGroupOID="H">${item('C')}</ItemGroupData></FormData>
        <FormData FormOID="F2"><ItemGroupData ItemGroupOID="G">${item('D')}</ItemGroupData></FormData>${auditXml('event')}
      </StudyEventData>
      <StudyEventData StudyEventOID="E2"><FormData FormOID="F"><ItemGroupData ItemGroupOID="G">${item('E')}</ItemGroupData></FormData></StudyEventData>
      ${auditXml('subject')}</SubjectData>
      <SubjectData SubjectKey="2"><StudyEventData StudyEventOID="E"><FormData FormOID="F"><ItemGroupData ItemGroupOID="G">${item('F')}</ItemGroupData></FormData></StudyEventData></SubjectData>`);
    const { items, report } = await readWhole(text);
    expect(users(items)).toEqual([
      ['item', 'item'],
      ['group', 'group'],
      ['form', 'form'],
      ['event', 'event'],
      ['subject', 'subject'],
      [undefined, undefined],
    ]);
    expect(report.counts.audits).toBe(5);
    expect(report.subjects.map(({ audit }) => audit?.userOid)).toEqual(['subject', undefined]);
    expect(report.unrepresented).toEqual([]);
  });

  it('keeps all that an audit record says [IMP-01]', async () => {
    const more = '<ReasonForChange> typing error </ReasonForChange><SourceID>s-1</SourceID>';
    const attributes = 'EditPoint="Monitoring" UsedImputationMethod="No" ID="A1"';
    const { items } = await readWhole(
      oneForm(group(`<ItemData ItemOID="I" Value="1">${auditXml('u', more, attributes)}</ItemData>`)),
    );
    expect(items[0]?.audit).toMatchObject({
      ordinal: 1,
      userOid: 'u',
      locationOid: 'L',
      at: '2025-02-03T04:05:06Z',
      reason: 'typing error',
      sourceId: 's-1',
      editPoint: 'Monitoring',
      usedImputationMethod: false,
      id: 'A1',
    });
  });

  it('finds audit records by ID in a section that follows, and keeps the order of forms [IMP-01]', async () => {
    const form = (oid: string, items: string): string =>
      `<SubjectData SubjectKey="${oid}"><StudyEventData StudyEventOID="E"><FormData FormOID="${oid}">${group(items)}</FormData></StudyEventData></SubjectData>`;
    const text = clinical(
      form('F1', '<ItemDataString ItemOID="I">a</ItemDataString>') +
        form(
          'F2',
          '<ItemDataString ItemOID="I" AuditRecordID="A2">b</ItemDataString><ItemDataString ItemOID="W" AuditRecordID="GONE">c</ItemDataString>',
        ) +
        form('F3', '<ItemDataString ItemOID="I">d</ItemDataString>') +
        `<AuditRecords>${auditXml('one', '', 'ID="A1"')}${auditXml('two', '', 'ID="A2"')}</AuditRecords>`,
    );
    const { forms, items, report } = await readWhole(inPieces(text, 50));
    expect(forms.map(({ formOid }) => formOid)).toEqual(['F1', 'F2', 'F3']);
    expect(users(items)).toEqual([
      [undefined, undefined],
      ['two', 'item'],
      [undefined, undefined],
      [undefined, undefined],
    ]);
    expect(report.problems).toMatchObject([
      { code: 'import.unknown-reference', what: 'audit record GONE is not in the file' },
    ]);
    expect(report.unrepresented).toMatchObject([{ what: 'audit record that no value lies under', count: 1 }]);
  });

  it('hands the transaction type down, in Transactional files only [IMP-01]', async () => {
    const content = `<SubjectData SubjectKey="1" TransactionType="Context"><StudyEventData StudyEventOID="E"><FormData FormOID="F" TransactionType="Insert">
      ${group('<ItemData ItemOID="I" Value="1"/><ItemData ItemOID="I" TransactionType="Update" Value="2"/><ItemData ItemOID="I" TransactionType="Remove"/>')}
      </FormData></StudyEventData></SubjectData>`;
    const { items, report } = await readWhole(clinical(content, 'Transactional'));
    expect(items.map(({ transactionType, value }) => [transactionType, value])).toEqual([
      ['Insert', '1'],
      ['Update', '2'],
      ['Remove', null],
    ]);
    expect(report.problems).toEqual([]);
    const snapshot = await readWhole(clinical(content));
    expect(snapshot.items.every(({ transactionType }) => transactionType === undefined)).toBe(true);
    expect(snapshot.report.problems.map(({ code }) => code)).toContain('import.contradiction');
  });

  it('lists annotations, signatures, empty elements and whatever a vendor added [IMP-02]', async () => {
    const text = odm(
      `<ClinicalData StudyOID="S" MetaDataVersionOID="M"><SubjectData SubjectKey="1" v:flag="1" xmlns:v="urn:v">
        <Annotation SeqNum="1"><Comment>c</Comment></Annotation>
        <StudyEventData StudyEventOID="E"><FormData FormOID="F"><Signature/><ItemGroupData ItemGroupOID="G">
          <ItemData ItemOID="I" Value="1" SignatureID="S1"><Annotation SeqNum="1"/></ItemData><v:Extra/></ItemGroupData>
          <ItemGroupData ItemGroupOID="H"/></FormData><FormData FormOID="F2"/></StudyEventData><StudyEventData StudyEventOID="E2"/>
      </SubjectData><SubjectData SubjectKey="2"/><Signatures><Signature/><Signature/></Signatures><Annotations><Annotation/></Annotations></ClinicalData>
      <Association StudyOID="S"/><ReferenceData StudyOID="S"/>`,
    );
    const { report, items } = await readWhole(text);
    expect(items).toHaveLength(1);
    const S = '/ODM/ClinicalData/SubjectData';
    expect(report.unrepresented.map(({ path, count }) => `${path} ${count}`).toSorted()).toEqual(
      [
        `${S}/@{urn:v}flag 1`,
        `${S}/Annotation 1`,
        `${S}/StudyEventData/FormData/Signature 1`,
        `${S}/StudyEventData/FormData/ItemGroupData/ItemData/@SignatureID 1`,
        `${S}/StudyEventData/FormData/ItemGroupData/ItemData/Annotation 1`,
        `${S}/StudyEventData/FormData/ItemGroupData/{urn:v}Extra 1`,
        `${S}/StudyEventData/FormData/ItemGroupData 1`,
        `${S}/StudyEventData/FormData 1`,
        `${S}/StudyEventData 1`,
        `${S} 1`,
        '/ODM/ClinicalData/Signatures/Signature 2',
        '/ODM/ClinicalData/Annotations/Annotation 1',
        '/ODM/Association 1',
        '/ODM/ReferenceData 1',
      ].toSorted(),
    );
  });

  it('reports what the metadata do not define, and reads it all the same [IMP-02]', async () => {
    const metadata = await readMetadata(odm(studyXml()));
    const fits = await readWhole(oneForm(group(ITEM)), { metadata });
    expect(fits.report.problems).toEqual([]);
    const text = clinical(`<SubjectData SubjectKey="1"><StudyEventData StudyEventOID="E2"><FormData FormOID="F">
      ${group('<ItemData ItemOID="GONE" Value="secret"/>')}<ItemGroupData ItemGroupOID="NO">${ITEM}</ItemGroupData></FormData></StudyEventData></SubjectData>`);
    const { report, items } = await readWhole(text, { metadata });
    expect(items).toHaveLength(2);
    expect(report.problems.map(({ what }) => what)).toEqual([
      'form F is not part of E2',
      'item GONE is not in the metadata',
      'item group NO is not in the metadata',
    ]);
    expect(report.problems.every(({ code, line }) => code === 'import.unknown-reference' && line > 1)).toBe(true);
    expect(JSON.stringify(report.problems)).not.toContain('secret');
  });

  it('reads a missing or contradictory value as none, and says so without the value [IMP-02]', async () => {
    const { items, report } = await readWhole(
      oneForm(group('<ItemData ItemOID="I"/><ItemData ItemOID="W" IsNull="Yes" Value="secret"/>')),
    );
    expect(items.map(({ value }) => value)).toEqual([null, null]);
    expect(report.problems.map(({ code }) => code)).toEqual(['import.missing-attribute', 'import.contradiction']);
    expect(JSON.stringify(report.problems)).not.toContain('secret');
  });
});
