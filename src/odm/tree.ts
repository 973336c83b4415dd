/**
 * A small part of a file as a tree, and the way to read it so that nothing is lost: whatever is understood is *taken*, and
 * what is left over afterwards is reported as unrepresented (law: “lists whatever is added to a file”).
 */
import { StoreError } from '../core/errors.ts';
import type { Notices, Place } from './notices.ts';
import { shown } from './notices.ts';

/** An element with what it holds. Names of ODM are plain, names of other namespaces are `{uri}name`. */
export type OdmElement = {
  readonly name: string;
  /** 1-based line of the tag's name. */
  readonly line: number;
  readonly attributes: Map<string, string>;
  readonly children: OdmElement[];
  text: string;
};

/** Reads one child. `path` ends in the child's name. */
export type ReadChild = (child: OdmElement, path: string) => void;

export const placeOf = (element: OdmElement, path: string): Place => ({ path, line: element.line });

/** The attribute's value, which counts as understood from now on. */
export const take = (element: OdmElement, name: string): string | undefined => {
  const value = element.attributes.get(name);
  if (value !== undefined) element.attributes.delete(name);
  return value;
};

/** An identifying attribute. @throws StoreError `import.missing-attribute` when absent or empty */
export const takeKey = (element: OdmElement, name: string, path: string): string => {
  const value = take(element, name);
  if (value !== undefined && value !== '') return value;
  throw new StoreError('import.missing-attribute', { path: shown(path), attribute: name, line: element.line });
};

/** A required attribute that identifies nothing: its absence is a problem, and `fallback` stands in. */
export const takeOr = (element: OdmElement, name: string, fallback: string, path: string, notices: Notices): string => {
  const value = take(element, name);
  if (value !== undefined) return value;
  notices.problem('import.missing-attribute', placeOf(element, path), `${name} is missing`);
  return fallback;
};

/** OID, Name and line of a definition. @throws StoreError `import.missing-attribute` (no OID) */
export const takeIdentity = (element: OdmElement, path: string, notices: Notices) => {
  const oid = takeKey(element, 'OID', path);
  return { oid, name: takeOr(element, 'Name', oid, path, notices), line: element.line };
};

/** An attribute with a closed list of values; another value is a problem and counts as absent. */
export const takeOneOf = <T extends string>(
  element: OdmElement,
  name: string,
  known: readonly T[],
  path: string,
  notices: Notices,
): T | undefined => {
  const value = take(element, name);
  if (value === undefined) return undefined;
  const found = known.find((one) => one === value);
  if (found === undefined)
    notices.problem('import.invalid-attribute', placeOf(element, path), `${name} has an unknown value`);
  return found;
};

/** An attribute that holds a whole number; anything else is a problem and counts as absent. */
export const takeWhole = (element: OdmElement, name: string, path: string, notices: Notices): number | undefined => {
  const value = take(element, name);
  if (value === undefined) return undefined;
  const number = Number(value);
  if (/^\s*[+-]?\d+\s*$/.test(value) && Number.isSafeInteger(number)) return number;
  notices.problem('import.invalid-attribute', placeOf(element, path), `${name} is not a whole number`);
  return undefined;
};

/** The text as it stands, which counts as understood from now on. */
export const takeText = (element: OdmElement): string => {
  const { text } = element;
  element.text = '';
  return text;
};

/** Lists the attributes and the text that nobody took. */
export const leftovers = (element: OdmElement, path: string, notices: Notices): void => {
  for (const name of element.attributes.keys()) {
    notices.unrepresented({ path: `${path}/@${name}`, line: element.line }, 'attribute');
  }
  if (element.text !== '' && element.text.trim() !== '') {
    notices.unrepresented({ path: `${path}/text()`, line: element.line }, 'text');
  }
};

/** Hands each child to the reader of its name; lists the children without a reader, and the leftovers. */
export const consume = (
  element: OdmElement,
  path: string,
  readers: Readonly<Record<string, ReadChild>>,
  notices: Notices,
): void => {
  for (const child of element.children) {
    const childPath = `${path}/${child.name}`;
    const reader = Object.hasOwn(readers, child.name) ? readers[child.name] : undefined;
    if (reader === undefined) notices.unrepresented(placeOf(child, childPath), 'element with everything in it');
    else reader(child, childPath);
  }
  leftovers(element, path, notices);
};

/** Reads an element that holds text only. */
export const readText = (element: OdmElement, path: string, notices: Notices): string => {
  const text = takeText(element).trim();
  consume(element, path, {}, notices);
  return text;
};
