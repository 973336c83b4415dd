/** The ODM element: what kind of file this is, and whether this reader may read it. */
import { StoreError } from '../core/errors.ts';
import type { Notices } from './notices.ts';
import { shown } from './notices.ts';
import type { OdmElement } from './tree.ts';
import { leftovers, placeOf, take, takeOneOf, takeOr } from './tree.ts';
import { ODM_NAMESPACE } from './xml.ts';

const VERSIONS = ['1.3', '1.3.0', '1.3.1', '1.3.2'] as const;
const FILE_TYPES = ['Snapshot', 'Transactional'] as const;
const OPTIONAL_TEXTS = {
  Granularity: 'granularity',
  PriorFileOID: 'priorFileOid',
  AsOfDateTime: 'asOf',
  Originator: 'originator',
  SourceSystem: 'sourceSystem',
  SourceSystemVersion: 'sourceSystemVersion',
  Description: 'description',
  Archival: 'archival',
  ID: 'id',
} as const;

export type FileType = (typeof FILE_TYPES)[number];

/** The attributes of the ODM element, as in the file. */
export type FileHeader = {
  readonly fileOid: string;
  readonly fileType: FileType;
  /** CreationDateTime, unchecked. */
  readonly createdAt: string;
  readonly odmVersion: string;
} & { readonly [K in (typeof OPTIONAL_TEXTS)[keyof typeof OPTIONAL_TEXTS]]?: string };

/** The part of `{uri}name` after the namespace. */
const localName = (name: string): string => name.slice(name.lastIndexOf('}') + 1);

const checkName = (root: OdmElement): void => {
  if (root.name === 'ODM') return;
  if (localName(root.name) !== 'ODM') {
    throw new StoreError('import.not-odm', { root: shown(localName(root.name)), line: root.line });
  }
  const namespace = shown(root.name.slice(1, root.name.lastIndexOf('}')));
  throw new StoreError('import.unsupported-version', { namespace, expected: ODM_NAMESPACE, line: root.line });
};

const takeVersion = (root: OdmElement, path: string, notices: Notices): string => {
  const version = takeOr(root, 'ODMVersion', '1.3', path, notices);
  if (VERSIONS.some((known) => known === version)) return version;
  throw new StoreError('import.unsupported-version', { version: shown(version), line: root.line });
};

/**
 * Reads the root element.
 * @throws StoreError `import.not-odm` (another root), `import.unsupported-version` (another namespace or version)
 */
export const readRoot = (root: OdmElement, path: string, notices: Notices): FileHeader => {
  checkName(root);
  const odmVersion = takeVersion(root, path, notices);
  const fileType = takeOneOf(root, 'FileType', FILE_TYPES, path, notices);
  if (fileType === undefined) {
    notices.problem('import.missing-attribute', placeOf(root, path), 'FileType is missing; read as a Snapshot');
  }
  const fileOid = takeOr(root, 'FileOID', '', path, notices);
  const createdAt = takeOr(root, 'CreationDateTime', '', path, notices);
  const texts: Record<string, string> = {};
  for (const [attribute, field] of Object.entries(OPTIONAL_TEXTS)) {
    const value = take(root, attribute);
    if (value !== undefined) texts[field] = value;
  }
  leftovers(root, path, notices);
  return { fileOid, fileType: fileType ?? 'Snapshot', createdAt, odmVersion, ...texts };
};
