/** Whether clinical data fit the metadata: each form in its event, each group in its form, each item in its group. */
import type { StudyMetadata } from './metadataModel.ts';
import type { Notices, Place } from './notices.ts';
import { shown } from './notices.ts';

export type Conformity = {
  version(studyOid: string, metaDataVersionOid: string, place: Place): void;
  studyEvent(oid: string, place: Place): void;
  form(oid: string, studyEventOid: string, place: Place): void;
  itemGroup(oid: string, formOid: string, place: Place): void;
  item(oid: string, itemGroupOid: string, place: Place): void;
  measurementUnit(oid: string, place: Place): void;
};

type Refs = readonly { readonly oid: string }[];

/** Sets of references by parent, made when first asked for. */
const memberOf = <T>(parents: ReadonlyMap<string, T>, refsOf: (parent: T) => Refs) => {
  const sets = new Map<string, ReadonlySet<string>>();
  return (parentOid: string, oid: string): boolean => {
    const known = sets.get(parentOid);
    if (known !== undefined) return known.has(oid);
    const parent = parents.get(parentOid);
    if (parent === undefined) return true;
    const made = new Set(refsOf(parent).map((ref) => ref.oid));
    sets.set(parentOid, made);
    return made.has(oid);
  };
};

const UNCHECKED: Conformity = {
  version: () => undefined,
  studyEvent: () => undefined,
  form: () => undefined,
  itemGroup: () => undefined,
  item: () => undefined,
  measurementUnit: () => undefined,
};

/** Checks against `metadata`, reporting problems `import.unknown-reference`; without metadata nothing is checked. */
export const createConformity = (metadata: StudyMetadata | undefined, notices: Notices): Conformity => {
  if (metadata === undefined) return UNCHECKED;
  const unknown = (place: Place, what: string): void => notices.problem('import.unknown-reference', place, what);
  const inEvent = memberOf(metadata.studyEvents, (event) => event.formRefs);
  const inForm = memberOf(metadata.forms, (form) => form.itemGroupRefs);
  const inGroup = memberOf(metadata.itemGroups, (group) => group.itemRefs);
  type Check = { readonly kind: string; readonly oid: string; readonly defined: boolean; readonly within?: string };
  const check = ({ kind, oid, defined, within }: Check, place: Place): void => {
    if (!defined) unknown(place, `${kind} ${shown(oid)} is not in the metadata`);
    else if (within !== undefined) unknown(place, `${kind} ${shown(oid)} is not part of ${shown(within)}`);
  };
  const outside = (holds: boolean, within: string): { within?: string } => (holds ? {} : { within });
  return {
    version: (studyOid, metaDataVersionOid, place) => {
      if (studyOid !== metadata.studyOid) unknown(place, `study ${shown(studyOid)} is not in the metadata`);
      if (metaDataVersionOid !== metadata.metaDataVersionOid) {
        unknown(place, `metadata version ${shown(metaDataVersionOid)} is not the one read`);
      }
    },
    studyEvent: (oid, place) => check({ kind: 'study event', oid, defined: metadata.studyEvents.has(oid) }, place),
    form: (oid, event, place) =>
      check({ kind: 'form', oid, defined: metadata.forms.has(oid), ...outside(inEvent(event, oid), event) }, place),
    itemGroup: (oid, form, place) =>
      check(
        { kind: 'item group', oid, defined: metadata.itemGroups.has(oid), ...outside(inForm(form, oid), form) },
        place,
      ),
    item: (oid, group, place) =>
      check({ kind: 'item', oid, defined: metadata.items.has(oid), ...outside(inGroup(group, oid), group) }, place),
    measurementUnit: (oid, place) => check({ kind: 'unit', oid, defined: metadata.measurementUnits.has(oid) }, place),
  };
};
