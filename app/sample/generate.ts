/**
 * Generator of the sample study: an asthma trial of our own invention, two sites, twelve participants, three visits, in
 * CDISC ODM 1.3.2. Pure: the same seed gives the same bytes (law: “gives the committed files”), valid by the schema.
 */
import { EVENTS } from './content.ts';
import type { Site } from './people.ts';
import { adminData, HOME, SITES } from './people.ts';
import type { Random } from './random.ts';
import { createRandom } from './random.ts';
import { ODM_ATTRIBUTES, STUDY_OID, study, VERSION_OID } from './study.ts';
import type { XmlNode } from './xmlWriter.ts';
import { node, xmlDocument } from './xmlWriter.ts';

export const SAMPLE_SEED = 20_250_630;

const SUBJECTS_PER_SITE = 6;
const DIARY_DAYS = 3;
const FIRST_VISIT = Date.UTC(2025, 2, 3, 8, 0);
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

type Subject = { readonly key: string; readonly site: Site; readonly siteNumber: string; readonly start: number };
type Who = { readonly user: string; readonly location: string; readonly at: number; readonly reason?: string };
type Value = { readonly item: string; readonly value: string | null };
type Group = { readonly oid: string; readonly repeat?: string; readonly values: readonly Value[] };
type Form = {
  readonly event: string;
  readonly oid: string;
  readonly repeat?: string;
  readonly who: Who;
  readonly groups: readonly Group[];
};
type Correction = {
  readonly form: Form;
  readonly group: Group;
  readonly item: string;
  readonly value: string | null;
  readonly removed?: true;
  readonly who: Who;
};

const isoTime = (at: number): string => new Date(at).toISOString().replace('.000Z', 'Z');
const isoDate = (at: number): string => isoTime(at).slice(0, 10);
const tenths = (value: number): string => (value / 10).toFixed(1);
const hundredths = (value: number): string => (value / 100).toFixed(2);

const subjects = (random: Random): Subject[] =>
  SITES.flatMap((site, at) =>
    Array.from({ length: SUBJECTS_PER_SITE }, (_, index) => ({
      key: `${at + 1}${String(index + 1).padStart(2, '0')}`,
      site,
      siteNumber: `0${at + 1}`,
      start: FIRST_VISIT + random.whole(0, 20) * DAY_MS + random.whole(0, 16) * 15 * MINUTE_MS,
    })),
  );

const vitals = (random: Random, at: number, weight: number): Group => {
  const systolic = random.whole(104, 148);
  const values = {
    'I.VISDAT': isoDate(at),
    'I.SYSBP': String(systolic),
    'I.DIABP': String(Math.round(systolic * 0.62) + random.whole(-6, 8)),
    'I.PULSE': String(random.whole(56, 92)),
    'I.WEIGHT': random.whole(1, 24) === 1 ? null : tenths(weight + random.whole(-12, 12)),
  };
  return { oid: 'IG.VITALS', values: Object.entries(values).map(([item, value]) => ({ item, value })) };
};

const spirometry = (random: Random, visit: number): Group => {
  const fev1 = random.whole(190, 330) + 18 * visit;
  const values = {
    'I.FEV1': hundredths(fev1),
    'I.FVC': hundredths(fev1 + random.whole(60, 130)),
    'I.QUALITY': random.pick(['A', 'A', 'B', 'C']),
  };
  return { oid: 'IG.SPIROMETRY', values: Object.entries(values).map(([item, value]) => ({ item, value })) };
};

const NOTES: readonly [string, ...string[]] = [
  '',
  '',
  '',
  'Windy day, stayed in',
  'Cold < 5 °C & damp',
  'Climbed stairs without stopping',
];

const diary = (random: Random): Group[] => {
  const symptom = random.whole(0, 3);
  const note = random.pick(NOTES);
  const pef = random.whole(310, 520) - 30 * symptom;
  return [
    {
      oid: 'IG.DIARY',
      values: [
        { item: 'I.SYMPTOM', value: String(symptom) },
        { item: 'I.NIGHT', value: symptom > 1 ? random.pick(['Y', 'N']) : 'N' },
        { item: 'I.RELIEVER', value: String(symptom * random.whole(0, 3)) },
        ...(note === '' ? [] : [{ item: 'I.NOTE', value: note }]),
      ],
    },
    { oid: 'IG.PEF', repeat: 'AM', values: [{ item: 'I.PEF', value: String(pef - random.whole(0, 25)) }] },
    { oid: 'IG.PEF', repeat: 'PM', values: [{ item: 'I.PEF', value: String(pef + random.whole(0, 25)) }] },
  ];
};

/** One diary a day, in the evening: the day is the repeat key. */
const diaryForms = (random: Random, subject: Subject, event: string, from: number): Form[] =>
  Array.from({ length: DIARY_DAYS }, (_, index) => {
    const midnight = from - (from % DAY_MS) + (index + 1) * DAY_MS;
    const at = midnight + random.whole(1_080, 1_320) * MINUTE_MS;
    const who = { user: `U.P${subject.key}`, location: HOME.oid, at };
    return { event, oid: 'F.DIARY', repeat: isoDate(at), who, groups: diary(random) };
  });

const formsOf = (random: Random, subject: Subject): Form[] => {
  const weight = random.whole(540, 960);
  return EVENTS.flatMap((event, visit) => {
    const at = subject.start + event.day * DAY_MS;
    const coordinator = { user: `U.CRC.${subject.siteNumber}`, location: subject.site.oid };
    const first = { ...coordinator, at: at + random.whole(5, 40) * MINUTE_MS };
    const second = { ...coordinator, at: first.at + random.whole(10, 50) * MINUTE_MS };
    const forms: Form[] = [
      { event: event.oid, oid: 'F.VITALS', who: first, groups: [vitals(random, at, weight)] },
      { event: event.oid, oid: 'F.SPIROMETRY', who: second, groups: [spirometry(random, visit)] },
    ];
    return visit < EVENTS.length - 1 ? [...forms, ...diaryForms(random, subject, event.oid, at)] : forms;
  });
};

/** Another value than the one entered: ten beats apart, or another grade. */
const afterReview = ({ values }: Group, item: 'I.PULSE' | 'I.QUALITY'): string => {
  const entered = values.find((value) => value.item === item)?.value ?? '';
  if (item === 'I.QUALITY') return entered === 'B' ? 'A' : 'B';
  const pulse = Number(entered);
  return String(pulse > 74 ? pulse - 10 : pulse + 10);
};

/** What a person corrected later: two per participant at most, each with who, when and why. */
const correctionsOf = (random: Random, subject: Subject, forms: readonly Form[]): Correction[] => {
  const made: Correction[] = [];
  const coordinator = (form: Form, days: number, reason: string): Who => ({
    user: `U.CRC.${subject.siteNumber}`,
    location: subject.site.oid,
    at: form.who.at + days * DAY_MS + 35 * MINUTE_MS,
    reason,
  });
  for (const form of forms) {
    const [group] = form.groups;
    if (group === undefined || random.whole(1, 6) !== 1 || made.length === 2) continue;
    if (form.oid === 'F.VITALS') {
      made.push({
        form,
        group,
        item: 'I.PULSE',
        value: afterReview(group, 'I.PULSE'),
        who: coordinator(form, 1, 'Transcription error'),
      });
    } else if (form.oid === 'F.SPIROMETRY') {
      made.push({
        form,
        group,
        item: 'I.QUALITY',
        value: afterReview(group, 'I.QUALITY'),
        who: coordinator(form, 3, 'Graded again after review of the curves'),
      });
    } else if (group.values.some(({ item }) => item === 'I.NOTE')) {
      const who = {
        ...coordinator(form, 2, 'Entered for the wrong day'),
        user: `U.P${subject.key}`,
        location: HOME.oid,
      };
      made.push({ form, group, item: 'I.NOTE', value: null, removed: true, who });
    }
  }
  return made;
};

const audit = ({ user, location, at, reason }: Who): XmlNode =>
  node('AuditRecord', {}, [
    node('UserRef', { UserOID: user }),
    node('LocationRef', { LocationOID: location }),
    node('DateTimeStamp', {}, isoTime(at)),
    ...(reason === undefined ? [] : [node('ReasonForChange', {}, reason)]),
  ]);

const formNode = (form: Form): XmlNode => {
  const itemNode = ({ item, value }: Value): XmlNode =>
    node('ItemData', value === null ? { ItemOID: item, IsNull: 'Yes' } : { ItemOID: item, Value: value });
  const groups = form.groups.map(({ oid, repeat, values }) =>
    node('ItemGroupData', { ItemGroupOID: oid, ItemGroupRepeatKey: repeat }, values.map(itemNode)),
  );
  return node('FormData', { FormOID: form.oid, FormRepeatKey: form.repeat }, [audit(form.who), ...groups]);
};

const entered = (subject: Subject, forms: readonly Form[]): XmlNode =>
  node('SubjectData', { SubjectKey: subject.key, TransactionType: 'Insert' }, [
    node('InvestigatorRef', { UserOID: `U.INV.${subject.siteNumber}` }),
    node('SiteRef', { LocationOID: subject.site.oid }),
    ...EVENTS.map(({ oid }) =>
      node('StudyEventData', { StudyEventOID: oid }, forms.filter(({ event }) => event === oid).map(formNode)),
    ),
  ]);

const corrected = (subject: Subject, { form, group, item, value, removed, who }: Correction): XmlNode => {
  const type = removed === true ? 'Remove' : 'Update';
  const itemNode = node('ItemData', { ItemOID: item, TransactionType: type, Value: value ?? undefined }, [audit(who)]);
  const groupNode = node('ItemGroupData', { ItemGroupOID: group.oid, ItemGroupRepeatKey: group.repeat }, [itemNode]);
  const formData = node('FormData', { FormOID: form.oid, FormRepeatKey: form.repeat }, [groupNode]);
  return node('SubjectData', { SubjectKey: subject.key, TransactionType: 'Context' }, [
    node('SiteRef', { LocationOID: subject.site.oid }),
    node('StudyEventData', { StudyEventOID: form.event }, [formData]),
  ]);
};

/** The two files of the sample study. */
export const generateSample = (seed: number): { readonly metadata: string; readonly clinicalData: string } => {
  const random = createRandom(seed);
  const everyone = subjects(random);
  const records = everyone.map((subject) => {
    const forms = formsOf(random, subject);
    return { subject, forms, corrections: correctionsOf(random, subject, forms) };
  });
  const data = node('ClinicalData', { StudyOID: STUDY_OID, MetaDataVersionOID: VERSION_OID }, [
    ...records.map(({ subject, forms }) => entered(subject, forms)),
    ...records.flatMap(({ subject, corrections }) => corrections.map((one) => corrected(subject, one))),
  ]);
  const head = { ...ODM_ATTRIBUTES };
  return {
    metadata: xmlDocument(node('ODM', { ...head, FileType: 'Snapshot', FileOID: `${STUDY_OID}.metadata` }, [study()])),
    clinicalData: xmlDocument(
      node('ODM', { ...head, FileType: 'Transactional', FileOID: `${STUDY_OID}.data` }, [
        adminData(everyone.map(({ key }) => key)),
        data,
      ]),
    ),
  };
};
