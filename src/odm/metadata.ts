/**
 * Reader of ODM metadata: from the text of a file to the definitions of one study in one version.
 *
 * Invariants: everything in the file is in the result or in `unrepresented` (law: “lists whatever is added to a file”); a
 * reference that leads nowhere is a problem, not a failure; a definition without OID is a failure.
 */
import { StoreError } from '../core/errors.ts';
import type { AdminReader } from './admin.ts';
import { createAdminReader } from './admin.ts';
import { readCodeList } from './codeList.ts';
import {
  readExpression,
  readFormDef,
  readItemDef,
  readItemGroupDef,
  readMeasurementUnit,
  readProtocol,
  readStudyEventDef,
} from './definitions.ts';
import { createElsewhere } from './elsewhere.ts';
import type { StudyMetadata } from './metadataModel.ts';
import type { Notices } from './notices.ts';
import { createNotices, shown } from './notices.ts';
import { checkReferences } from './references.ts';
import type { FileHeader } from './root.ts';
import { readRoot } from './root.ts';
import type { OdmSource, ReadOptions } from './source.ts';
import { pieces } from './source.ts';
import type { OdmElement, ReadChild } from './tree.ts';
import { consume, leftovers, placeOf, readText, take, takeKey, takeOr } from './tree.ts';
import type { Visitor } from './xml.ts';
import { createXmlFeed } from './xml.ts';

/** Which study and version to read when the file holds several: by default the first study and its last version. */
export type MetadataOptions = ReadOptions & { readonly studyOid?: string; readonly metaDataVersionOid?: string };

type Version = Pick<StudyMetadata, 'metaDataVersionOid' | 'metaDataVersionName' | 'metaDataVersionDescription'> &
  ReturnType<typeof emptyMaps> & {
    protocol: ReturnType<typeof readProtocol>;
    readonly line: number;
  };
type Study = {
  readonly oid: string;
  readonly line: number;
  readonly texts: { StudyName: string; StudyDescription: string; ProtocolName: string };
  readonly units: Map<string, ReturnType<typeof readMeasurementUnit>>;
  readonly versions: Version[];
};

const emptyMaps = () => ({
  studyEvents: new Map<string, ReturnType<typeof readStudyEventDef>>(),
  forms: new Map<string, ReturnType<typeof readFormDef>>(),
  itemGroups: new Map<string, ReturnType<typeof readItemGroupDef>>(),
  items: new Map<string, ReturnType<typeof readItemDef>>(),
  codeLists: new Map<string, ReturnType<typeof readCodeList>>(),
  conditions: new Map<string, ReturnType<typeof readExpression>>(),
  methods: new Map<string, ReturnType<typeof readExpression>>(),
});

const newStudy = (element: OdmElement, path: string, notices: Notices): Study => {
  const study: Study = {
    oid: takeKey(element, 'OID', path),
    line: element.line,
    texts: { StudyName: '', StudyDescription: '', ProtocolName: '' },
    units: new Map(),
    versions: [],
  };
  leftovers(element, path, notices);
  return study;
};

const newVersion = (element: OdmElement, path: string, notices: Notices): Version => {
  const metaDataVersionOid = takeKey(element, 'OID', path);
  const metaDataVersionName = takeOr(element, 'Name', metaDataVersionOid, path, notices);
  const description = take(element, 'Description');
  leftovers(element, path, notices);
  const optional = description === undefined ? {} : { metaDataVersionDescription: description };
  const protocol = { description: [], refs: [] };
  return { metaDataVersionOid, metaDataVersionName, ...optional, ...emptyMaps(), protocol, line: element.line };
};

/** A reader of one kind of definition into its map; a second definition of one OID is a problem and is not kept. */
const into =
  <T extends { readonly oid: string }>(
    map: Map<string, T>,
    read: (element: OdmElement, path: string, notices: Notices) => T,
    notices: Notices,
  ): ReadChild =>
  (element, path) => {
    const made = read(element, path, notices);
    if (map.has(made.oid)) {
      notices.problem(
        'import.duplicate',
        placeOf(element, path),
        `${shown(made.oid)} is defined twice; the first stands`,
      );
    } else map.set(made.oid, made);
  };

const versionReaders = (version: Version, notices: Notices): Readonly<Record<string, ReadChild>> => ({
  Protocol: (element, path) => {
    version.protocol = readProtocol(element, path, notices);
  },
  StudyEventDef: into(version.studyEvents, readStudyEventDef, notices),
  FormDef: into(version.forms, readFormDef, notices),
  ItemGroupDef: into(version.itemGroups, readItemGroupDef, notices),
  ItemDef: into(version.items, readItemDef, notices),
  CodeList: into(version.codeLists, readCodeList, notices),
  ConditionDef: into(version.conditions, readExpression, notices),
  MethodDef: into(version.methods, readExpression, notices),
});

const studyReaders = (study: Study, notices: Notices): Readonly<Record<string, ReadChild>> => {
  const textOf =
    (name: keyof Study['texts']): ReadChild =>
    (element, path) => {
      study.texts[name] = readText(element, path, notices);
    };
  return {
    GlobalVariables: (element, path) => {
      const readers = {
        StudyName: textOf('StudyName'),
        StudyDescription: textOf('StudyDescription'),
        ProtocolName: textOf('ProtocolName'),
      };
      consume(element, path, readers, notices);
    },
    MeasurementUnit: into(study.units, readMeasurementUnit, notices),
  };
};

const ENTERED = ['/ODM', '/ODM/Study', '/ODM/Study/BasicDefinitions', '/ODM/Study/MetaDataVersion', '/ODM/AdminData'];
const ELSEWHERE = ['/ODM/ClinicalData', '/ODM/ReferenceData'];

type Reading = {
  readonly notices: Notices;
  readonly admin: AdminReader;
  readonly elsewhere: ReturnType<typeof createElsewhere>;
  readonly studies: Study[];
  file: FileHeader | undefined;
  readers: Readonly<Record<string, ReadChild>>;
};

/** What happens at the elements that hold definitions. */
const enter = (reading: Reading, element: OdmElement, path: string): void => {
  const { notices } = reading;
  const study = reading.studies.at(-1);
  if (path === '/ODM/Study') {
    const made = newStudy(element, path, notices);
    reading.studies.push(made);
    reading.readers = studyReaders(made, notices);
  } else if (path === '/ODM/Study/MetaDataVersion' && study !== undefined) {
    const made = newVersion(element, path, notices);
    study.versions.push(made);
    reading.readers = versionReaders(made, notices);
  } else if (path === '/ODM/AdminData') {
    take(element, 'StudyOID');
    leftovers(element, path, notices);
  } else if (path === '/ODM/Study/BasicDefinitions') leftovers(element, path, notices);
  else reading.file = readRoot(element, path, notices);
};

const visitorOf = (reading: Reading): Visitor => ({
  choose: (name, parentPath) => {
    const path = `${parentPath}/${name}`;
    if (parentPath === '' || ENTERED.includes(path)) return 'enter';
    return ELSEWHERE.includes(path) || parentPath === '/ODM' ? 'skip' : 'collect';
  },
  entered: (element, path) => enter(reading, element, path),
  collected: (element, path) => {
    const reader = Object.hasOwn(reading.readers, element.name) ? reading.readers[element.name] : undefined;
    if (path.startsWith('/ODM/AdminData/')) reading.admin.read(element, path);
    else if (reader === undefined)
      reading.notices.unrepresented(placeOf(element, path), 'element with everything in it');
    else reader(element, path);
  },
  skipped: (place) => {
    if (ELSEWHERE.includes(place.path)) reading.elsewhere.note(place);
    else reading.notices.unrepresented(place, 'element with everything in it');
  },
  left: (path) => {
    const study = reading.studies.at(-1);
    if (path === '/ODM/Study/MetaDataVersion' && study !== undefined)
      reading.readers = studyReaders(study, reading.notices);
  },
});

/** The study and version that the options name; the others are listed. */
const choose = (reading: Reading, options: MetadataOptions): { readonly study: Study; readonly version: Version } => {
  const { studies, notices } = reading;
  const study = options.studyOid === undefined ? studies[0] : studies.find(({ oid }) => oid === options.studyOid);
  const wanted = options.metaDataVersionOid;
  const version =
    wanted === undefined ? study?.versions.at(-1) : study?.versions.find((one) => one.metaDataVersionOid === wanted);
  if (studies.length === 0) throw new StoreError('import.not-odm', { expected: 'Study' });
  if (study === undefined || version === undefined) {
    const named = options.studyOid !== undefined || wanted !== undefined;
    if (named)
      throw new StoreError('import.unknown-reference', { what: study === undefined ? 'study' : 'metadata version' });
    throw new StoreError('import.not-odm', { expected: 'MetaDataVersion' });
  }
  for (const other of studies) {
    if (other !== study) notices.unrepresented({ path: '/ODM/Study', line: other.line }, 'another study');
  }
  for (const other of study.versions) {
    const place = { path: '/ODM/Study/MetaDataVersion', line: other.line };
    if (other !== version) notices.unrepresented(place, 'another metadata version');
  }
  return { study, version };
};

/**
 * Reads the metadata of one study.
 * @param source  a whole file or its text by pieces; the text may also hold clinical data, which is passed over
 * @throws StoreError `import.malformed-xml`, `import.not-odm`, `import.unsupported-version`, `import.missing-attribute`
 *   (an OID), `import.unknown-reference` (no such study or version), `import.too-large`, `import.cancelled`
 */
export const readMetadata = async (source: OdmSource, options: MetadataOptions = {}): Promise<StudyMetadata> => {
  const notices = createNotices();
  const admin = createAdminReader(notices);
  const elsewhere = createElsewhere();
  const reading: Reading = { notices, admin, elsewhere, studies: [], file: undefined, readers: {} };
  const feed = createXmlFeed(visitorOf(reading), notices);
  for await (const piece of pieces(source, options)) feed.write(piece);
  feed.end();
  if (reading.file === undefined) throw new StoreError('import.not-odm', { expected: 'ODM' });
  const { study, version } = choose(reading, options);
  const { protocol, line: _line, ...definitions } = version;
  const metadata = {
    file: reading.file,
    studyOid: study.oid,
    studyName: study.texts.StudyName,
    studyDescription: study.texts.StudyDescription,
    protocolName: study.texts.ProtocolName,
    ...definitions,
    protocolDescription: protocol.description,
    studyEventRefs: protocol.refs,
    measurementUnits: study.units,
    admin: admin.admin,
  };
  checkReferences(metadata, notices);
  const lists = { unrepresented: notices.listUnrepresented(), problems: notices.listProblems() };
  return { ...metadata, elsewhere: elsewhere.list(), ...lists };
};
