/** Reader of code lists: coded values with their texts, or plain enumerations. */

import type { CodeList, CodeListItem } from './metadataModel.ts';
import type { Notices } from './notices.ts';
import { optional } from './optional.ts';
import type { Translations } from './text.ts';
import { readTranslations } from './text.ts';
import type { OdmElement, ReadChild } from './tree.ts';
import { consume, placeOf, take, takeIdentity, takeOr, takeWhole } from './tree.ts';

const readItem = (element: OdmElement, path: string, notices: Notices): CodeListItem => {
  const codedValue = takeOr(element, 'CodedValue', '', path, notices);
  const rank = optional('rank', take(element, 'Rank'));
  const orderNumber = optional('orderNumber', takeWhole(element, 'OrderNumber', path, notices));
  let decode: Translations = [];
  const readDecode: ReadChild = (child, childPath) => {
    decode = readTranslations(child, childPath, notices);
  };
  consume(element, path, element.name === 'CodeListItem' ? { Decode: readDecode } : {}, notices);
  return { codedValue, decode, ...rank, ...orderNumber };
};

/** Reads a CodeList; an external one has no items here and is listed. */
export const readCodeList = (element: OdmElement, path: string, notices: Notices): CodeList => {
  const identity = takeIdentity(element, path, notices);
  const dataType = takeOr(element, 'DataType', 'text', path, notices);
  const items: CodeListItem[] = [];
  const values = new Set<string>();
  let description: Translations = [];
  const readOne: ReadChild = (child, childPath) => {
    const item = readItem(child, childPath, notices);
    if (values.has(item.codedValue)) {
      notices.problem('import.duplicate', placeOf(child, childPath), 'a coded value occurs twice');
    }
    values.add(item.codedValue);
    items.push(item);
  };
  const readDescription: ReadChild = (child, childPath) => {
    description = readTranslations(child, childPath, notices);
  };
  const readers = { Description: readDescription, CodeListItem: readOne, EnumeratedItem: readOne };
  consume(element, path, readers, notices);
  return { ...identity, dataType, description, items };
};
