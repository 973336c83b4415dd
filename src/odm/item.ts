/** From one ItemData or ItemData[Type] element to its value. */
import type { ItemValue, TransactionType } from './clinicalModel.ts';
import { optional } from './optional.ts';
import type { ClinicalContext, Scope } from './scope.ts';
import { takeAudit, takeTransaction } from './scope.ts';
import type { OdmElement, ReadChild } from './tree.ts';
import { consume, placeOf, take, takeKey, takeOneOf, takeText } from './tree.ts';

/** A value that waits for the audit record of this ID. */
export type PendingItem = { readonly value: ItemValue; readonly awaits?: string };

/** Elements whose text is kept with its white space; in the others it is not part of the value. */
const VERBATIM = ['ItemDataString', 'ItemDataAny'];
const TYPED = new Set([
  ...VERBATIM,
  ...'URI Boolean Integer Float Double Date Time Datetime HexBinary Base64Binary HexFloat Base64Float'
    .split(' ')
    .map((type) => `ItemData${type}`),
  ...'PartialDate PartialTime PartialDatetime DurationDatetime IntervalDatetime'
    .split(' ')
    .map((type) => `ItemData${type}`),
  ...'IncompleteDatetime IncompleteDate IncompleteTime'.split(' ').map((type) => `ItemData${type}`),
]);

/** True for the elements that hold a value. */
export const isItemName = (name: string): boolean => name === 'ItemData' || TYPED.has(name);

const takeTyped = (element: OdmElement): string => {
  const text = takeText(element);
  return VERBATIM.includes(element.name) ? text : text.trim();
};

/** The value, or null when the file says that there is none. */
const takeValue = (
  element: OdmElement,
  path: string,
  type: TransactionType | undefined,
  context: ClinicalContext,
): string | null => {
  const isNull = takeOneOf(element, 'IsNull', ['Yes'], path, context.notices) === 'Yes';
  const given = element.name === 'ItemData' ? take(element, 'Value') : takeTyped(element);
  if (isNull) {
    if (given !== undefined && given !== '') {
      context.notices.problem(
        'import.contradiction',
        placeOf(element, path),
        'IsNull beside a value; read as no value',
      );
    }
    return null;
  }
  if (type === 'Remove') return null;
  if (given === undefined) {
    context.notices.problem('import.missing-attribute', placeOf(element, path), 'Value is missing; read as no value');
    return null;
  }
  return given;
};

/**
 * Reads one item.
 * @param above  what the item group hands down, and its names
 * @throws StoreError `import.missing-attribute` without ItemOID
 */
export const readItem = (
  element: OdmElement,
  path: string,
  above: Scope & { readonly itemGroupOid: string; readonly itemGroupRepeatKey?: string },
  context: ClinicalContext,
): PendingItem => {
  context.counts.itemValues += 1;
  const place = placeOf(element, path);
  const { transactionType } = takeTransaction(element, path, above, context);
  if (context.transactional && transactionType === undefined) {
    context.notices.problem('import.missing-attribute', place, 'TransactionType is missing; read as Upsert');
  }
  const itemOid = takeKey(element, 'ItemOID', path);
  context.conformity.item(itemOid, above.itemGroupOid, place);
  const value = takeValue(element, path, transactionType, context);
  const audited = takeAudit(element, path, 'item', above, context);
  const awaits = audited.auditLevel === 'item' ? undefined : take(element, 'AuditRecordID');
  let measurementUnitOid = take(element, 'MeasurementUnitOID');
  const readers: Record<string, ReadChild> = {
    MeasurementUnitRef: (child, childPath) => {
      measurementUnitOid = takeKey(child, 'MeasurementUnitOID', childPath);
      consume(child, childPath, {}, context.notices);
    },
  };
  consume(element, path, readers, context.notices);
  if (measurementUnitOid !== undefined) context.conformity.measurementUnit(measurementUnitOid, place);
  const names = {
    itemGroupOid: above.itemGroupOid,
    ...optional('itemGroupRepeatKey', above.itemGroupRepeatKey),
    itemOid,
  };
  const unit = optional('measurementUnitOid', measurementUnitOid);
  const made = {
    ...names,
    value,
    ...optional('transactionType', transactionType),
    ...unit,
    ...audited,
    line: element.line,
  };
  return { value: made, ...optional('awaits', awaits) };
};
