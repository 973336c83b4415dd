import { describe, expect, it } from 'vitest';
import { isStoreError } from '../../../src/core/errors.ts';
import { planClinicalData, readMetadata, toOriginator } from '../../../src/odm/index.ts';
import { auditXml, clinical, group, odm, oneForm, studyXml } from './fixtures.ts';

const subject = (form: string, type = 'Context'): string =>
  `<SubjectData SubjectKey="1" TransactionType="${type}"><StudyEventData StudyEventOID="E">${form}</StudyEventData></SubjectData>`;
const values = async (text: string): Promise<(readonly [string, string | null])[]> => {
  const { forms } = await planClinicalData(text);
  return forms.flatMap(({ drafts }) => drafts.map(({ event }) => [event.item, event.value] as const));
};

describe('import plan', () => {
  it('plans every value once, with who, where, when and why [IMP-01]', async () => {
    const audit = auditXml('u', '<ReasonForChange>typing error</ReasonForChange>');
    const { forms, summary } = await planClinicalData(
      oneForm(group(`<ItemData ItemOID="I" Value="F">${audit}</ItemData><ItemData ItemOID="W" IsNull="Yes"/>`)),
    );
    expect(forms).toEqual([
      {
        formId: '1/E/F',
        key: { subjectKey: '1', studyEventOid: 'E', formOid: 'F' },
        drafts: [
          {
            formId: '1/E/F',
            event: { type: 'ItemRecorded', group: 'G', groupRepeat: null, item: 'I', value: 'F' },
            originator: { user: 'u', location: 'L', at: '2025-02-03T04:05:06Z', auditLevel: 'item' },
            reason: 'typing error',
            line: 3,
          },
          {
            formId: '1/E/F',
            event: { type: 'ItemRecorded', group: 'G', groupRepeat: null, item: 'W', value: null },
            line: 3,
          },
        ],
      },
    ]);
    expect(summary).toMatchObject({
      subjects: 1,
      studyEvents: 1,
      forms: 1,
      itemValues: 2,
      plannedEvents: 2,
      audits: 1,
      auditsUsed: 1,
      eventsWithAudit: 1,
      eventsWithoutAudit: 1,
    });
  });

  it('gives an originator in the form of the envelope [IMP-01]', () => {
    expect(toOriginator({ user: 'u', at: 't', auditLevel: 'form' })).toEqual({ kind: 'source-file', id: 'u', at: 't' });
  });

  it('joins the records of one form in the order of the file [IMP-01]', async () => {
    const form = (value: string, type: string): string =>
      `<FormData FormOID="F" TransactionType="${type}">${group(`<ItemData ItemOID="I" Value="${value}"/>`)}</FormData>`;
    const text = clinical(
      subject(form('a', 'Insert')) + subject(form('b', 'Update')) + subject(form('c', 'Upsert')),
      'Transactional',
    );
    expect(await values(text)).toEqual([
      ['I', 'a'],
      ['I', 'b'],
      ['I', 'c'],
    ]);
    expect((await planClinicalData(text)).forms).toHaveLength(1);
  });

  it('does not record what is given as context, and lists it [IMP-02]', async () => {
    const text = clinical(
      subject(`<FormData FormOID="F">${group('<ItemData ItemOID="I" Value="a"/>')}</FormData>`),
      'Transactional',
    );
    const { summary } = await planClinicalData(text);
    expect(summary).toMatchObject({ itemValues: 1, plannedEvents: 0, contextValues: 1 });
    expect(summary.unrepresented).toMatchObject([{ what: 'value given as context, not as a change' }]);
  });

  it.each([
    [
      'item group',
      subject('<FormData FormOID="F"><ItemGroupData ItemGroupOID="G" TransactionType="Remove"/></FormData>'),
      ['I'],
    ],
    ['form', subject('<FormData FormOID="F" TransactionType="Remove"/>'), ['I', 'K']],
    [
      'study event',
      '<SubjectData SubjectKey="1" TransactionType="Context"><StudyEventData StudyEventOID="E" TransactionType="Remove"/></SubjectData>',
      ['I', 'K'],
    ],
    ['subject', '<SubjectData SubjectKey="1" TransactionType="Remove"/>', ['I', 'K']],
  ])('clears every value under a removed %s [IMP-01]', async (_, removal, cleared) => {
    const data = `<FormData FormOID="F">${group('<ItemData ItemOID="I" Value="a"/>')}<ItemGroupData ItemGroupOID="H"><ItemData ItemOID="K" Value="b"/></ItemGroupData></FormData>`;
    const text = clinical(subject(data, 'Insert') + removal, 'Transactional');
    expect(await values(text)).toEqual([['I', 'a'], ['K', 'b'], ...cleared.map((item) => [item, null])]);
  });

  it('lists the removal of what the file does not hold [IMP-02]', async () => {
    const { summary } = await planClinicalData(
      clinical('<SubjectData SubjectKey="9" TransactionType="Remove"/>', 'Transactional'),
    );
    expect(summary.unrepresented).toMatchObject([{ what: 'removal of data that the file does not hold' }]);
  });

  it('keeps both values of an item given twice, and reports it [IMP-02]', async () => {
    const text = oneForm(group('<ItemData ItemOID="I" Value="a"/><ItemData ItemOID="I" Value="b"/>'));
    expect(await values(text)).toEqual([
      ['I', 'a'],
      ['I', 'b'],
    ]);
    expect((await planClinicalData(text)).summary.problems).toMatchObject([{ code: 'import.duplicate', count: 1 }]);
  });

  it('lists a unit unless the metadata imply it [IMP-02]', async () => {
    const metadata = await readMetadata(odm(studyXml()));
    const unit = (oid: string): string => `<MeasurementUnitRef MeasurementUnitOID="${oid}"/>`;
    const text = (oid: string): string => oneForm(group(`<ItemData ItemOID="W" Value="1">${unit(oid)}</ItemData>`));
    expect((await planClinicalData(text('U'), { metadata })).summary.unrepresented).toEqual([]);
    const { summary } = await planClinicalData(text('U2'), { metadata });
    expect(summary.unrepresented).toMatchObject([{ what: 'an event has no place for it' }]);
    expect(summary.problems).toMatchObject([{ what: 'unit U2 is not in the metadata' }]);
  });

  it('reports people and places that AdminData do not name [IMP-02]', async () => {
    const text = oneForm(group('<ItemData ItemOID="I" Value="a"/>') + auditXml('u'));
    const admin =
      '<AdminData><User OID="u"><LoginName>ann</LoginName></User><Location OID="L" Name="Clinic"><MetaDataVersionRef StudyOID="S" MetaDataVersionOID="M" EffectiveDate="2025-01-01"/></Location></AdminData>';
    expect((await planClinicalData(text)).summary.problems).toHaveLength(2);
    const { summary } = await planClinicalData(text.replace('<ClinicalData', `${admin}<ClinicalData`));
    expect(summary.problems).toEqual([]);
    expect(summary.userNames.get('u')).toBe('ann');
  });

  it('refuses a file with an id, reason or value that no event can hold, before giving anything out [IMP-03]', async () => {
    const long = 'x'.repeat(50_000);
    const reason = `<ReasonForChange>${long}</ReasonForChange>`;
    for (const text of [
      oneForm(group(`<ItemData ItemOID="I" Value="${long}"/>`)),
      oneForm(group(`<ItemData ItemOID="I" Value="1">${auditXml('u', reason)}</ItemData>`)),
      oneForm(group('<ItemData ItemOID="I" Value="1"/>')).replace('SubjectKey="1"', `SubjectKey="${long}"`),
    ]) {
      const error: unknown = await planClinicalData(text).catch((thrown: unknown) => thrown);
      expect(isStoreError(error, 'import.too-large')).toBe(true);
      expect(String(error).length).toBeLessThan(500);
    }
  });
});
