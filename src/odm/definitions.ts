/** Readers of single definitions: each takes one element with its path and gives the definition. */
import type {
  DefinitionRef,
  Expression,
  FormalExpression,
  FormDef,
  ItemDef,
  ItemGroupDef,
  ItemRef,
  MeasurementUnit,
  RangeCheck,
  StudyEventDef,
} from './metadataModel.ts';
import type { Notices } from './notices.ts';
import { optional } from './optional.ts';
import type { Translations } from './text.ts';
import { readTranslations } from './text.ts';
import type { OdmElement, ReadChild } from './tree.ts';
import { consume, placeOf, take, takeIdentity, takeKey, takeOneOf, takeOr, takeText, takeWhole } from './tree.ts';

const EVENT_TYPES = ['Scheduled', 'Unscheduled', 'Common'] as const;
const COMPARATORS = ['LT', 'LE', 'GT', 'GE', 'EQ', 'NE', 'IN', 'NOTIN'] as const;
const YES_NO = ['Yes', 'No'] as const;

const takeYes = (element: OdmElement, name: string, path: string, notices: Notices): boolean => {
  const present = element.attributes.has(name);
  const value = takeOneOf(element, name, YES_NO, path, notices);
  if (!present) notices.problem('import.missing-attribute', placeOf(element, path), `${name} is missing; read as No`);
  return value === 'Yes';
};

const inOrder = <T extends DefinitionRef>(refs: readonly T[]): readonly T[] =>
  refs.toSorted((a, b) => {
    if (a.orderNumber === b.orderNumber) return 0;
    return (a.orderNumber ?? Number.POSITIVE_INFINITY) - (b.orderNumber ?? Number.POSITIVE_INFINITY);
  });

const takeRef = (element: OdmElement, attribute: string, path: string, notices: Notices): DefinitionRef => ({
  oid: takeKey(element, attribute, path),
  mandatory: takeYes(element, 'Mandatory', path, notices),
  line: element.line,
  ...optional('orderNumber', takeWhole(element, 'OrderNumber', path, notices)),
  ...optional('exceptionConditionOid', take(element, 'CollectionExceptionConditionOID')),
});

/** What definitions with a Description and references have in common. */
const readParent = <T extends DefinitionRef>(
  element: OdmElement,
  path: string,
  ref: { readonly name: string; readonly read: (child: OdmElement, path: string) => T },
  notices: Notices,
): { readonly description: Translations; readonly refs: readonly T[] } => {
  let description: Translations = [];
  const refs: T[] = [];
  const readRef: ReadChild = (child, childPath) => {
    refs.push(ref.read(child, childPath));
    consume(child, childPath, {}, notices);
  };
  const readDescription: ReadChild = (child, childPath) => {
    description = readTranslations(child, childPath, notices);
  };
  consume(element, path, { Description: readDescription, [ref.name]: readRef }, notices);
  return { description, refs: inOrder(refs) };
};

const refReader = (attribute: string, notices: Notices) => (child: OdmElement, path: string) =>
  takeRef(child, attribute, path, notices);

/** The order in which a study's events are visited. */
export const readProtocol = (element: OdmElement, path: string, notices: Notices) =>
  readParent(element, path, { name: 'StudyEventRef', read: refReader('StudyEventOID', notices) }, notices);

export const readStudyEventDef = (element: OdmElement, path: string, notices: Notices): StudyEventDef => {
  const identity = takeIdentity(element, path, notices);
  const repeating = takeYes(element, 'Repeating', path, notices);
  const type = takeOneOf(element, 'Type', EVENT_TYPES, path, notices) ?? 'Common';
  const category = optional('category', take(element, 'Category'));
  const ref = { name: 'FormRef', read: refReader('FormOID', notices) };
  const { description, refs } = readParent(element, path, ref, notices);
  return { ...identity, repeating, type, ...category, description, formRefs: refs };
};

export const readFormDef = (element: OdmElement, path: string, notices: Notices): FormDef => {
  const identity = takeIdentity(element, path, notices);
  const repeating = takeYes(element, 'Repeating', path, notices);
  const ref = { name: 'ItemGroupRef', read: refReader('ItemGroupOID', notices) };
  const { description, refs } = readParent(element, path, ref, notices);
  return { ...identity, repeating, description, itemGroupRefs: refs };
};

export const readItemGroupDef = (element: OdmElement, path: string, notices: Notices): ItemGroupDef => {
  const identity = takeIdentity(element, path, notices);
  const repeating = takeYes(element, 'Repeating', path, notices);
  const read = (child: OdmElement, childPath: string): ItemRef => ({
    ...takeRef(child, 'ItemOID', childPath, notices),
    ...optional('methodOid', take(child, 'MethodOID')),
    ...optional('keySequence', takeWhole(child, 'KeySequence', childPath, notices)),
  });
  const { description, refs } = readParent(element, path, { name: 'ItemRef', read }, notices);
  return { ...identity, repeating, description, itemRefs: refs };
};

/** Takes the one attribute of an element that holds nothing else, such as CodeListRef. */
const readPointer = (element: OdmElement, attribute: string, path: string, notices: Notices): string => {
  const oid = takeKey(element, attribute, path);
  consume(element, path, {}, notices);
  return oid;
};

/** Reads a FormalExpression: kept as text. */
export const readFormalExpression = (element: OdmElement, path: string, notices: Notices): FormalExpression => {
  const context = take(element, 'Context') ?? '';
  const text = takeText(element);
  consume(element, path, {}, notices);
  return { context, text };
};

const readRangeCheck = (element: OdmElement, path: string, notices: Notices): RangeCheck => {
  const comparator = takeOneOf(element, 'Comparator', COMPARATORS, path, notices);
  const softHard = takeOneOf(element, 'SoftHard', ['Soft', 'Hard'], path, notices) ?? 'Soft';
  const values: string[] = [];
  const expressions: FormalExpression[] = [];
  let unit: string | undefined;
  let errorMessage: Translations = [];
  const readers: Record<string, ReadChild> = {
    CheckValue: (child, childPath) => {
      values.push(takeText(child).trim());
      consume(child, childPath, {}, notices);
    },
    FormalExpression: (child, childPath) => {
      notices.unrepresented(placeOf(child, childPath), 'kept as text, not evaluated');
      expressions.push(readFormalExpression(child, childPath, notices));
    },
    MeasurementUnitRef: (child, childPath) => {
      unit = readPointer(child, 'MeasurementUnitOID', childPath, notices);
    },
    ErrorMessage: (child, childPath) => {
      errorMessage = readTranslations(child, childPath, notices);
    },
  };
  consume(element, path, readers, notices);
  const optionals = { ...optional('comparator', comparator), ...optional('measurementUnitOid', unit) };
  return { softHard, values, expressions, errorMessage, ...optionals };
};

export const readItemDef = (element: OdmElement, path: string, notices: Notices): ItemDef => {
  const identity = takeIdentity(element, path, notices);
  const dataType = takeOr(element, 'DataType', 'text', path, notices);
  const length = takeWhole(element, 'Length', path, notices);
  const significantDigits = takeWhole(element, 'SignificantDigits', path, notices);
  const texts: { description: Translations; question: Translations } = { description: [], question: [] };
  const measurementUnitOids: string[] = [];
  const rangeChecks: RangeCheck[] = [];
  let codeListOid: string | undefined;
  const readers: Record<string, ReadChild> = {
    Description: (child, childPath) => {
      texts.description = readTranslations(child, childPath, notices);
    },
    Question: (child, childPath) => {
      texts.question = readTranslations(child, childPath, notices);
    },
    MeasurementUnitRef: (child, childPath) => {
      measurementUnitOids.push(readPointer(child, 'MeasurementUnitOID', childPath, notices));
    },
    RangeCheck: (child, childPath) => {
      rangeChecks.push(readRangeCheck(child, childPath, notices));
    },
    CodeListRef: (child, childPath) => {
      codeListOid = readPointer(child, 'CodeListOID', childPath, notices);
    },
  };
  consume(element, path, readers, notices);
  const numbers = { ...optional('length', length), ...optional('significantDigits', significantDigits) };
  const lists = { measurementUnitOids, rangeChecks, ...optional('codeListOid', codeListOid) };
  return { ...identity, dataType, ...numbers, ...texts, ...lists };
};

export const readMeasurementUnit = (element: OdmElement, path: string, notices: Notices): MeasurementUnit => {
  const identity = takeIdentity(element, path, notices);
  let symbol: Translations = [];
  const readSymbol: ReadChild = (child, childPath) => {
    symbol = readTranslations(child, childPath, notices);
  };
  consume(element, path, { Symbol: readSymbol }, notices);
  return { ...identity, symbol };
};

/** Reads a ConditionDef or MethodDef, which is listed because nothing evaluates it. */
export const readExpression = (element: OdmElement, path: string, notices: Notices): Expression => {
  notices.unrepresented(placeOf(element, path), 'kept as text, not evaluated');
  const identity = takeIdentity(element, path, notices);
  const type = take(element, 'Type');
  const expressions: FormalExpression[] = [];
  let description: Translations = [];
  const readers: Record<string, ReadChild> = {
    Description: (child, childPath) => {
      description = readTranslations(child, childPath, notices);
    },
    FormalExpression: (child, childPath) => {
      expressions.push(readFormalExpression(child, childPath, notices));
    },
  };
  consume(element, path, readers, notices);
  return { ...identity, ...optional('type', type), description, expressions };
};
