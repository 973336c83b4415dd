/** A small XML writer: values in, text out, two spaces per level. */

/** An element with its attributes; absent ones are left out. The content is text or elements. */
export type XmlNode = {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | undefined>>;
  readonly content: string | readonly XmlNode[];
};

/** Makes an element. */
export const node = (
  name: string,
  attributes: XmlNode['attributes'] = {},
  content: XmlNode['content'] = [],
): XmlNode => ({ name, attributes, content });

const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const escapeAttribute = (text: string): string => escapeText(text).replaceAll('"', '&quot;');

const attributesOf = (attributes: XmlNode['attributes']): string =>
  Object.entries(attributes)
    .map(([name, value]) => (value === undefined ? '' : ` ${name}="${escapeAttribute(value)}"`))
    .join('');

const lines = (element: XmlNode, indent: string): string[] => {
  const start = `${indent}<${element.name}${attributesOf(element.attributes)}`;
  if (typeof element.content === 'string') return [`${start}>${escapeText(element.content)}</${element.name}>`];
  if (element.content.length === 0) return [`${start}/>`];
  const inner = element.content.flatMap((child) => lines(child, `${indent}  `));
  return [`${start}>`, ...inner, `${indent}</${element.name}>`];
};

/** The whole document, UTF-8 declared, ending in a line feed. */
export const xmlDocument = (root: XmlNode): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${lines(root, '').join('\n')}\n`;
