/**
 * Audit records: reading them, finding them by ID, and knowing which of them no value lies under.
 * A reference may come before the record it names: schema order puts the AuditRecords section last.
 */
import type { AuditInfo } from './clinicalModel.ts';
import type { Notices, Place } from './notices.ts';
import { optional } from './optional.ts';
import type { OdmElement, ReadChild } from './tree.ts';
import { consume, placeOf, readText, take, takeKey, takeOneOf } from './tree.ts';

const YES_NO = ['Yes', 'No'] as const;
/** An xs:dateTime; the value itself is kept as it stands. */
const DATE_TIME = /^-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?$/;

export type AuditReader = {
  /** Reads an AuditRecord element. */
  read(element: OdmElement, path: string): AuditInfo;
  byId(id: string): AuditInfo | undefined;
  /** Says that a value lies under the record. */
  use(audit: AuditInfo): void;
  count(): number;
  listUnused(): void;
};

const refReader =
  (attribute: string, set: (oid: string) => void, notices: Notices): ReadChild =>
  (child, path) => {
    set(takeKey(child, attribute, path));
    consume(child, path, {}, notices);
  };

type Fields = { -readonly [K in keyof AuditInfo]: AuditInfo[K] };

const readFields = (element: OdmElement, path: string, ordinal: number, notices: Notices): AuditInfo => {
  const audit: Fields = { ordinal, line: element.line, ...optional('id', take(element, 'ID')) };
  const editPoint = take(element, 'EditPoint');
  if (editPoint !== undefined) audit.editPoint = editPoint;
  const imputed = takeOneOf(element, 'UsedImputationMethod', YES_NO, path, notices);
  if (imputed !== undefined) audit.usedImputationMethod = imputed === 'Yes';
  const textReader =
    (field: 'at' | 'reason' | 'sourceId'): ReadChild =>
    (child, childPath) => {
      const text = readText(child, childPath, notices);
      if (text !== '') audit[field] = text;
    };
  const readers: Record<string, ReadChild> = {
    UserRef: refReader(
      'UserOID',
      (oid) => {
        audit.userOid = oid;
      },
      notices,
    ),
    LocationRef: refReader(
      'LocationOID',
      (oid) => {
        audit.locationOid = oid;
      },
      notices,
    ),
    DateTimeStamp: textReader('at'),
    ReasonForChange: textReader('reason'),
    SourceID: textReader('sourceId'),
  };
  consume(element, path, readers, notices);
  return audit;
};

const checkFields = (audit: AuditInfo, place: Place, notices: Notices): void => {
  const missing = (name: string): void => notices.problem('import.missing-attribute', place, `${name} is missing`);
  if (audit.userOid === undefined) missing('UserRef');
  if (audit.locationOid === undefined) missing('LocationRef');
  if (audit.at === undefined) missing('DateTimeStamp');
  else if (!DATE_TIME.test(audit.at)) {
    notices.problem('import.invalid-attribute', place, 'DateTimeStamp is not a date and time; kept as it stands');
  }
};

/** An empty collection of audit records. */
export const createAuditReader = (notices: Notices): AuditReader => {
  const known = new Map<string, AuditInfo>();
  const unused = new Map<number, Place>();
  let ordinal = 0;
  return {
    read: (element, path) => {
      ordinal += 1;
      const place = placeOf(element, path);
      const audit = readFields(element, path, ordinal, notices);
      checkFields(audit, place, notices);
      unused.set(ordinal, place);
      if (audit.id !== undefined) {
        if (known.has(audit.id))
          notices.problem('import.duplicate', place, 'the same ID is given twice; the first stands');
        else known.set(audit.id, audit);
      }
      return audit;
    },
    byId: (id) => known.get(id),
    use: (audit) => {
      unused.delete(audit.ordinal);
    },
    count: () => ordinal,
    listUnused: () => {
      for (const place of unused.values()) notices.unrepresented(place, 'audit record that no value lies under');
      unused.clear();
    },
  };
};
