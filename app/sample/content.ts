/** What the sample study asks: an invented asthma trial with site visits and a diary. */

/** English and German. */
export type Words = readonly [en: string, de: string];

export type SampleItem = {
  readonly oid: string;
  readonly type: 'integer' | 'float' | 'text' | 'date';
  readonly length?: string;
  readonly digits?: string;
  readonly question: Words;
  readonly unit?: string;
  readonly codeList?: string;
  /** Plausible range: asked about, not refused. */
  readonly range?: readonly [low: string, high: string];
};

export type Group = {
  readonly oid: string;
  readonly name: string;
  readonly repeating?: true;
  readonly words: Words;
  readonly items: readonly SampleItem[];
};
export type Form = {
  readonly oid: string;
  readonly name: string;
  readonly repeating?: true;
  readonly words: Words;
  readonly groups: readonly string[];
};

export const EVENTS = [
  {
    oid: 'SE.V1',
    name: 'Screening',
    words: ['Screening', 'Screening'],
    day: 0,
    forms: ['F.VITALS', 'F.SPIROMETRY', 'F.DIARY'],
  },
  {
    oid: 'SE.V2',
    name: 'Week 4',
    words: ['Week 4', 'Woche 4'],
    day: 28,
    forms: ['F.VITALS', 'F.SPIROMETRY', 'F.DIARY'],
  },
  { oid: 'SE.V3', name: 'Week 8', words: ['Week 8', 'Woche 8'], day: 56, forms: ['F.VITALS', 'F.SPIROMETRY'] },
] as const;

export const FORMS: readonly Form[] = [
  { oid: 'F.VITALS', name: 'Vital signs', words: ['Vital signs', 'Vitalzeichen'], groups: ['IG.VITALS'] },
  { oid: 'F.SPIROMETRY', name: 'Spirometry', words: ['Spirometry', 'Spirometrie'], groups: ['IG.SPIROMETRY'] },
  {
    oid: 'F.DIARY',
    name: 'Asthma diary',
    repeating: true,
    words: ['Asthma diary', 'Asthmatagebuch'],
    groups: ['IG.DIARY', 'IG.PEF'],
  },
];

export const GROUPS: readonly Group[] = [
  {
    oid: 'IG.VITALS',
    name: 'Vital signs',
    words: ['Vital signs', 'Vitalzeichen'],
    items: [
      { oid: 'I.VISDAT', type: 'date', question: ['Date of visit', 'Datum der Visite'] },
      {
        oid: 'I.SYSBP',
        type: 'integer',
        length: '3',
        question: ['Systolic blood pressure', 'Systolischer Blutdruck'],
        unit: 'MU.MMHG',
        range: ['80', '200'],
      },
      {
        oid: 'I.DIABP',
        type: 'integer',
        length: '3',
        question: ['Diastolic blood pressure', 'Diastolischer Blutdruck'],
        unit: 'MU.MMHG',
        range: ['40', '130'],
      },
      {
        oid: 'I.PULSE',
        type: 'integer',
        length: '3',
        question: ['Pulse', 'Puls'],
        unit: 'MU.BPM',
        range: ['40', '180'],
      },
      {
        oid: 'I.WEIGHT',
        type: 'float',
        length: '5',
        digits: '1',
        question: ['Body weight', 'Körpergewicht'],
        unit: 'MU.KG',
        range: ['30', '250'],
      },
    ],
  },
  {
    oid: 'IG.SPIROMETRY',
    name: 'Spirometry',
    words: ['Lung function', 'Lungenfunktion'],
    items: [
      {
        oid: 'I.FEV1',
        type: 'float',
        length: '4',
        digits: '2',
        question: ['Forced expiratory volume in one second', 'Einsekundenkapazität'],
        unit: 'MU.L',
        range: ['0.5', '7'],
      },
      {
        oid: 'I.FVC',
        type: 'float',
        length: '4',
        digits: '2',
        question: ['Forced vital capacity', 'Forcierte Vitalkapazität'],
        unit: 'MU.L',
        range: ['0.5', '9'],
      },
      {
        oid: 'I.QUALITY',
        type: 'text',
        length: '1',
        question: ['Quality of the test', 'Güte der Messung'],
        codeList: 'CL.QUALITY',
      },
    ],
  },
  {
    oid: 'IG.DIARY',
    name: 'Diary',
    words: ['How was your day?', 'Wie war Ihr Tag?'],
    items: [
      {
        oid: 'I.SYMPTOM',
        type: 'integer',
        length: '1',
        question: ['How bad were your symptoms?', 'Wie stark waren Ihre Beschwerden?'],
        codeList: 'CL.SYMPTOM',
      },
      {
        oid: 'I.NIGHT',
        type: 'text',
        length: '1',
        question: ['Did asthma wake you last night?', 'Hat Asthma Sie nachts geweckt?'],
        codeList: 'CL.YESNO',
      },
      {
        oid: 'I.RELIEVER',
        type: 'integer',
        length: '2',
        question: ['Puffs of reliever', 'Hübe des Bedarfssprays'],
        unit: 'MU.PUFF',
        range: ['0', '16'],
      },
      { oid: 'I.NOTE', type: 'text', length: '200', question: ['Anything else?', 'Sonst noch etwas?'] },
    ],
  },
  {
    oid: 'IG.PEF',
    name: 'Peak flow',
    repeating: true,
    words: ['Peak flow, morning (AM) and evening (PM)', 'Peak-Flow, morgens (AM) und abends (PM)'],
    items: [
      {
        oid: 'I.PEF',
        type: 'integer',
        length: '3',
        question: ['Best of three', 'Bester von drei Werten'],
        unit: 'MU.LMIN',
        range: ['60', '800'],
      },
    ],
  },
];

export const UNITS = {
  'MU.MMHG': 'mmHg',
  'MU.BPM': '/min',
  'MU.KG': 'kg',
  'MU.L': 'L',
  'MU.LMIN': 'L/min',
  'MU.PUFF': 'puffs',
};

export const CODE_LISTS = {
  'CL.SYMPTOM': {
    name: 'Symptom score',
    type: 'integer',
    items: { 0: ['None', 'Keine'], 1: ['Mild', 'Leicht'], 2: ['Moderate', 'Mäßig'], 3: ['Severe', 'Stark'] },
  },
  'CL.YESNO': { name: 'Yes or no', type: 'text', items: { Y: ['Yes', 'Ja'], N: ['No', 'Nein'] } },
  'CL.QUALITY': {
    name: 'Grade of a spirometry',
    type: 'text',
    items: {
      A: ['Three acceptable', 'Drei verwertbar'],
      B: ['Two acceptable', 'Zwei verwertbar'],
      C: ['One acceptable', 'Eine verwertbar'],
    },
  },
} as const satisfies Record<string, { name: string; type: string; items: Record<string, Words> }>;
