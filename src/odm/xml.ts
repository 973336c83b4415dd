/**
 * Strict, streaming XML: a file goes in by pieces, elements come out.
 *
 * Invariants: a DOCTYPE is refused, so there are no entities but the five of XML (law: “refuses a DOCTYPE”); whatever the
 * bytes, the only error is a StoreError with a line (law: “ends in a StoreError wherever it is cut”); no text of the file
 * reaches an error.
 */
import { SaxesParser } from 'saxes';
import { StoreError } from '../core/errors.ts';
import { ODM_LIMITS } from './limits.ts';
import type { Notices, Place } from './notices.ts';
import type { OdmElement } from './tree.ts';

export const ODM_NAMESPACE = 'http://www.cdisc.org/ns/odm/v1.3';
const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';
const XMLNS_NAMESPACE = 'http://www.w3.org/2000/xmlns/';

/** What to do with an element: go into it, hold it with all it contains, or pass over it. */
export type Choice = 'enter' | 'collect' | 'skip';

/** What a reader does at each element. `path` is that of the element itself, such as `/ODM/Study`. */
export type Visitor = {
  choose(name: string, parentPath: string): Choice;
  entered(element: OdmElement, path: string): void;
  collected(element: OdmElement, path: string): void;
  skipped(place: Place): void;
  left(path: string): void;
};

/** A parser fed by pieces. After `end` it accepts nothing more. */
export type XmlFeed = {
  write(chunk: string): void;
  end(): void;
};

const parserOf = () => new SaxesParser({ xmlns: true, position: true });
type Parser = ReturnType<typeof parserOf>;

const elementName = (uri: string, local: string): string => (uri === ODM_NAMESPACE ? local : `{${uri}}${local}`);

const attributeName = (uri: string, local: string): string => {
  if (uri === '') return local;
  return uri === XML_NAMESPACE ? `xml:${local}` : `{${uri}}${local}`;
};

/** The fixed part of a parser message; the rest may quote the file. */
const reasonOf = (error: Error): string => {
  const message = error.message.replace(/^(?:undefined:)?\d+:\d+:\s*/, '');
  return message.split(/[:{"]/, 1)[0]?.slice(0, 80).trim() ?? '';
};

const malformed = (parser: Parser, reason: string): StoreError =>
  new StoreError('import.malformed-xml', { reason, line: parser.line, column: parser.column });

const tooLarge = (what: string, max: number, line: number): StoreError =>
  new StoreError('import.too-large', { what, max, line });

type State = {
  /** Elements entered, outermost first. */
  readonly paths: string[];
  /** Elements being held, outermost first. */
  readonly held: OdmElement[];
  heldCount: number;
  skipDepth: number;
  line: number;
};

const pathOf = (state: State): string => {
  const base = state.paths.at(-1) ?? '';
  return state.held.reduce((path, element) => `${path}/${element.name}`, base);
};

const openElement = (state: State, visitor: Visitor, name: string, attributes: Map<string, string>): void => {
  const depth = state.paths.length + state.held.length + state.skipDepth + 1;
  if (depth > ODM_LIMITS.depthMax) throw tooLarge('depth', ODM_LIMITS.depthMax, state.line);
  if (state.skipDepth > 0) {
    state.skipDepth += 1;
    return;
  }
  const element: OdmElement = { name, line: state.line, attributes, children: [], text: '' };
  const parent = state.held.at(-1);
  if (parent !== undefined) {
    state.heldCount += 1;
    if (state.heldCount > ODM_LIMITS.elementsMax) throw tooLarge('elements', ODM_LIMITS.elementsMax, state.line);
    parent.children.push(element);
    state.held.push(element);
    return;
  }
  const parentPath = state.paths.at(-1) ?? '';
  const path = `${parentPath}/${name}`;
  const choice = visitor.choose(name, parentPath);
  if (choice === 'collect') {
    state.heldCount = 1;
    state.held.push(element);
  } else if (choice === 'enter') {
    state.paths.push(path);
    visitor.entered(element, path);
  } else {
    state.skipDepth = 1;
    visitor.skipped({ path, line: state.line });
  }
};

const closeElement = (state: State, visitor: Visitor): void => {
  if (state.skipDepth > 0) {
    state.skipDepth -= 1;
    return;
  }
  const element = state.held.pop();
  if (element === undefined) {
    const path = state.paths.pop();
    if (path !== undefined) visitor.left(path);
  } else if (state.held.length === 0) {
    visitor.collected(element, `${state.paths.at(-1) ?? ''}/${element.name}`);
  }
};

const addText = (state: State, text: string, notices: Notices): void => {
  if (state.skipDepth > 0) return;
  const element = state.held.at(-1);
  if (element !== undefined) element.text += text;
  else if (text.trim() !== '') notices.unrepresented({ path: `${pathOf(state)}/text()`, line: state.line }, 'text');
};

const listAside = (state: State, notices: Notices, kind: 'comment()' | 'processing-instruction()'): void => {
  if (state.skipDepth === 0)
    notices.unrepresented({ path: `${pathOf(state)}/${kind}`, line: state.line }, kind.slice(0, -2));
};

/** Wires the parser to the visitor; `alive` is called at each event, so that one endless token is noticed. */
const wire = (parser: Parser, state: State, visitor: Visitor, notices: Notices, alive: () => void): void => {
  parser.on('error', (error) => {
    throw malformed(parser, reasonOf(error));
  });
  parser.on('doctype', () => {
    throw malformed(parser, 'doctype');
  });
  parser.on('xmldecl', (declaration) => {
    if (declaration.version !== '1.0') throw malformed(parser, 'XML version other than 1.0');
  });
  parser.on('opentagstart', () => {
    alive();
    state.line = parser.line;
  });
  parser.on('opentag', (tag) => {
    const attributes = new Map<string, string>();
    for (const { uri, local, value } of Object.values(tag.attributes)) {
      if (uri !== XMLNS_NAMESPACE) attributes.set(attributeName(uri, local), value);
    }
    openElement(state, visitor, elementName(tag.uri, tag.local), attributes);
  });
  parser.on('closetag', () => {
    alive();
    closeElement(state, visitor);
  });
  const text = (piece: string): void => {
    alive();
    state.line = parser.line;
    addText(state, piece, notices);
  };
  parser.on('text', text);
  parser.on('cdata', text);
  parser.on('comment', () => {
    alive();
    state.line = parser.line;
    listAside(state, notices, 'comment()');
  });
  parser.on('processinginstruction', () => {
    alive();
    state.line = parser.line;
    listAside(state, notices, 'processing-instruction()');
  });
};

/**
 * A parser that drives `visitor`.
 * @throws StoreError `import.malformed-xml` (reason, line, column), `import.too-large`, and what the visitor throws
 */
export const createXmlFeed = (visitor: Visitor, notices: Notices): XmlFeed => {
  const parser = parserOf();
  const state: State = { paths: [], held: [], heldCount: 0, skipDepth: 0, line: 1 };
  let quietChars = 0;
  wire(parser, state, visitor, notices, () => {
    quietChars = 0;
  });
  return {
    write: (chunk) => {
      quietChars += chunk.length;
      if (quietChars > ODM_LIMITS.tokenCharsMax) throw tooLarge('token', ODM_LIMITS.tokenCharsMax, parser.line);
      parser.write(chunk);
    },
    end: () => {
      parser.close();
    },
  };
};
