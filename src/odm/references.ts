/** Whether every reference inside the metadata leads to a definition. */

import type { DefinitionRef, StudyMetadata } from './metadataModel.ts';
import type { Notices } from './notices.ts';
import { shown } from './notices.ts';

type Definitions = Omit<StudyMetadata, 'unrepresented' | 'problems' | 'elsewhere'>;
type Known = { has(oid: string): boolean };

const VERSION_PATH = '/ODM/Study/MetaDataVersion';

/** Reports each dangling reference as a problem `import.unknown-reference`. */
export const checkReferences = (metadata: Definitions, notices: Notices): void => {
  const check = (known: Known, oid: string | undefined, path: string, kind: string, line: number): void => {
    if (oid === undefined || known.has(oid)) return;
    notices.problem(
      'import.unknown-reference',
      { path: `${VERSION_PATH}/${path}`, line },
      `${kind} ${shown(oid)} is not defined`,
    );
  };
  const checkRefs = (refs: readonly DefinitionRef[], known: Known, path: string, kind: string): void => {
    const seen = new Set<string>();
    for (const ref of refs) {
      check(known, ref.oid, path, kind, ref.line);
      check(metadata.conditions, ref.exceptionConditionOid, path, 'condition', ref.line);
      if (seen.has(ref.oid)) {
        const place = { path: `${VERSION_PATH}/${path}`, line: ref.line };
        notices.problem('import.duplicate', place, `${kind} ${shown(ref.oid)} is referred to twice`);
      }
      seen.add(ref.oid);
    }
  };
  checkRefs(metadata.studyEventRefs, metadata.studyEvents, 'Protocol/StudyEventRef', 'study event');
  for (const one of metadata.studyEvents.values())
    checkRefs(one.formRefs, metadata.forms, 'StudyEventDef/FormRef', 'form');
  for (const one of metadata.forms.values()) {
    checkRefs(one.itemGroupRefs, metadata.itemGroups, 'FormDef/ItemGroupRef', 'item group');
  }
  for (const one of metadata.itemGroups.values()) {
    checkRefs(one.itemRefs, metadata.items, 'ItemGroupDef/ItemRef', 'item');
    for (const ref of one.itemRefs) check(metadata.methods, ref.methodOid, 'ItemGroupDef/ItemRef', 'method', ref.line);
  }
  for (const one of metadata.items.values()) {
    check(metadata.codeLists, one.codeListOid, 'ItemDef/CodeListRef', 'code list', one.line);
    for (const unit of one.measurementUnitOids) {
      check(metadata.measurementUnits, unit, 'ItemDef/MeasurementUnitRef', 'unit', one.line);
    }
    for (const { measurementUnitOid } of one.rangeChecks) {
      check(metadata.measurementUnits, measurementUnitOid, 'ItemDef/RangeCheck/MeasurementUnitRef', 'unit', one.line);
    }
  }
};
