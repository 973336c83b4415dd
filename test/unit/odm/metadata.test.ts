import { describe, expect, it } from 'vitest';
import { readMetadata, translated } from '../../../src/odm/index.ts';
import { inPieces, odm, studyXml } from './fixtures.ts';

const paths = (list: readonly { readonly path: string }[]): string[] => list.map(({ path }) => path);
const VERSION = '/ODM/Study/MetaDataVersion';

describe('metadata', () => {
  it('gives study, version and every kind of definition [IMP-01]', async () => {
    const metadata = await readMetadata(odm(studyXml()));
    expect(metadata).toMatchObject({
      studyOid: 'S',
      studyName: 'Study',
      studyDescription: 'About',
      protocolName: 'P-1',
      metaDataVersionOid: 'M',
      metaDataVersionName: 'Version',
      file: { fileType: 'Snapshot', fileOid: 'F', odmVersion: '1.3.2' },
    });
    expect(metadata.studyEvents.get('E2')).toMatchObject({ repeating: true, type: 'Unscheduled', formRefs: [] });
    expect(metadata.forms.get('F')?.itemGroupRefs.map(({ oid }) => oid)).toEqual(['G']);
    expect(metadata.itemGroups.get('G')?.itemRefs.map(({ oid, mandatory }) => [oid, mandatory])).toEqual([
      ['I', true],
      ['W', false],
    ]);
    expect(metadata.items.get('I')).toMatchObject({ dataType: 'text', length: 1, codeListOid: 'C' });
    expect(metadata.items.get('W')).toMatchObject({
      measurementUnitOids: ['U'],
      rangeChecks: [{ comparator: 'GE', softHard: 'Hard', values: ['30'] }],
    });
    expect(metadata.codeLists.get('C')?.items.map(({ codedValue }) => codedValue)).toEqual(['F', 'M']);
    expect(translated(metadata.measurementUnits.get('U')?.symbol ?? [], 'en')).toBe('kg');
    expect([metadata.unrepresented, metadata.problems]).toEqual([[], []]);
  });

  it('orders references by OrderNumber and else as in the file [IMP-01]', async () => {
    const metadata = await readMetadata(odm(studyXml()));
    expect(metadata.studyEventRefs.map(({ oid }) => oid)).toEqual(['E', 'E2']);
  });

  it('gives the same result however the text is cut [IMP-01]', async () => {
    const text = odm(studyXml());
    const whole = await readMetadata(text);
    for (const size of [1, 7, 64, 1000]) expect(await readMetadata(inPieces(text, size))).toEqual(whole);
  });

  it('lists whatever is added to a file [IMP-02]', async () => {
    const more = `<!-- note --><ConditionDef OID="X" Name="x"><Description><TranslatedText>d</TranslatedText></Description>
      <FormalExpression Context="js">a</FormalExpression></ConditionDef>
      <Presentation OID="PR">p</Presentation><v:Thing xmlns:v="urn:vendor"><v:Deep/></v:Thing>stray
      <ItemDef OID="Z" Name="z" DataType="text" SASFieldName="Z" v:colour="red" xmlns:v="urn:vendor"><Alias Context="a" Name="b"/></ItemDef>`;
    const { unrepresented } = await readMetadata(odm(studyXml(more)));
    expect(paths(unrepresented).toSorted()).toEqual(
      [
        `${VERSION}/comment()`,
        `${VERSION}/ConditionDef`,
        `${VERSION}/Presentation`,
        `${VERSION}/{urn:vendor}Thing`,
        `${VERSION}/text()`,
        `${VERSION}/ItemDef/@SASFieldName`,
        `${VERSION}/ItemDef/@{urn:vendor}colour`,
        `${VERSION}/ItemDef/Alias`,
      ].toSorted(),
    );
    expect(unrepresented.every(({ line, count }) => line > 1 && count === 1)).toBe(true);
  });

  it('counts equal notices and keeps their first line [IMP-02]', async () => {
    const item = (oid: string): string => `<ItemDef OID="${oid}" Name="n" DataType="text" Origin="x"/>\n`;
    const { unrepresented } = await readMetadata(odm(studyXml(item('A') + item('B') + item('D'))));
    expect(unrepresented).toEqual([{ path: `${VERSION}/ItemDef/@Origin`, what: 'attribute', count: 3, line: 15 }]);
  });

  it('keeps conditions and methods as text and says that nothing evaluates them [IMP-02]', async () => {
    const method =
      '<MethodDef OID="X" Name="x" Type="Computation"><Description><TranslatedText>d</TranslatedText></Description><FormalExpression Context="js">1+1</FormalExpression></MethodDef>';
    const metadata = await readMetadata(odm(studyXml(method)));
    expect(metadata.methods.get('X')).toMatchObject({
      type: 'Computation',
      expressions: [{ context: 'js', text: '1+1' }],
    });
    expect(metadata.unrepresented).toMatchObject([
      { path: `${VERSION}/MethodDef`, what: 'kept as text, not evaluated' },
    ]);
  });

  it('reports a reference that leads nowhere and a second definition of one OID [IMP-02]', async () => {
    const more =
      '<FormDef OID="F" Name="again" Repeating="No"/><FormDef OID="F2" Name="n" Repeating="No"><ItemGroupRef ItemGroupOID="GONE" Mandatory="No"/></FormDef>';
    const { problems, forms } = await readMetadata(odm(studyXml(more)));
    expect(problems.map(({ code }) => code).toSorted()).toEqual(['import.duplicate', 'import.unknown-reference']);
    expect(forms.get('F')?.name).toBe('Form');
  });

  it('reads the last version unless another is asked for, and lists the others [IMP-02]', async () => {
    const second = odm(studyXml('</MetaDataVersion><MetaDataVersion OID="M2" Name="Second">'));
    expect(await readMetadata(second)).toMatchObject({
      metaDataVersionOid: 'M2',
      unrepresented: [{ what: 'another metadata version', count: 1 }],
    });
    expect((await readMetadata(second, { metaDataVersionOid: 'M' })).forms.size).toBe(1);
    await expect(readMetadata(second, { metaDataVersionOid: 'M3' })).rejects.toMatchObject({
      code: 'import.unknown-reference',
    });
  });

  it('passes over clinical data and says that they are there [IMP-02]', async () => {
    const text = odm(
      `${studyXml()}<ClinicalData StudyOID="S" MetaDataVersionOID="M"><SubjectData SubjectKey="1"/></ClinicalData>`,
    );
    const { elsewhere, unrepresented } = await readMetadata(text);
    expect(elsewhere).toMatchObject([{ path: '/ODM/ClinicalData', count: 1 }]);
    expect(unrepresented).toEqual([]);
  });

  it('reads people and places [IMP-01]', async () => {
    const adminXml = `<AdminData StudyOID="S"><User OID="U1" UserType="Investigator"><FirstName>Ada</FirstName><LastName>L</LastName><LocationRef LocationOID="L1"/><Email>a@b</Email></User>
      <Location OID="L1" Name="Clinic" LocationType="Site"><MetaDataVersionRef StudyOID="S" MetaDataVersionOID="M" EffectiveDate="2025-01-01"/></Location></AdminData>`;
    const { admin, unrepresented } = await readMetadata(odm(studyXml() + adminXml));
    expect(admin.users.get('U1')).toEqual({
      oid: 'U1',
      userType: 'Investigator',
      firstName: 'Ada',
      lastName: 'L',
      locationOids: ['L1'],
    });
    expect(admin.locations.get('L1')).toMatchObject({ name: 'Clinic', locationType: 'Site' });
    expect(paths(unrepresented)).toEqual(['/ODM/AdminData/User/Email']);
  });
});

describe('translated text', () => {
  const texts = [
    { lang: 'en', text: ' colour ' },
    { lang: 'de-CH', text: 'Farbe' },
    { lang: 'fr', text: 'couleur' },
  ];
  it.each([
    ['fr', 'couleur'],
    ['FR-CA', 'couleur'],
    ['de', 'Farbe'],
    ['it', 'colour'],
  ])('falls back from %s to the nearest language [IMP-01]', (lang, expected) => {
    expect(translated(texts, lang)).toBe(expected);
  });
  it('prefers a text without language over English, and is empty without texts [IMP-01]', () => {
    expect(translated([...texts, { lang: '', text: 'plain' }], 'it')).toBe('plain');
    expect(translated([], 'en')).toBe('');
  });
});
