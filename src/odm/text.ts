/** Texts by language. */
import type { Notices } from './notices.ts';
import type { OdmElement } from './tree.ts';
import { consume, placeOf, take, takeText } from './tree.ts';

/** One text in several languages, in the order of the file. `lang` is `''` for a text without one. */
export type Translations = readonly { readonly lang: string; readonly text: string }[];

/** Reads an element that holds TranslatedText elements. */
export const readTranslations = (element: OdmElement, path: string, notices: Notices): Translations => {
  const texts: { lang: string; text: string }[] = [];
  const one = (child: OdmElement, childPath: string): void => {
    const lang = take(child, 'xml:lang') ?? '';
    if (texts.some((known) => known.lang === lang)) {
      notices.problem('import.duplicate', placeOf(child, childPath), 'a second text in the same language');
    }
    texts.push({ lang, text: takeText(child) });
    consume(child, childPath, {}, notices);
  };
  consume(element, path, { TranslatedText: one }, notices);
  return texts;
};

const primary = (lang: string): string => lang.toLowerCase().split('-', 1)[0] ?? '';

/**
 * The text in `lang`, or else in the same language of another region, or without a language, or in English, or the first.
 * Empty when there is no text at all; outer white space is dropped.
 */
export const translated = (texts: Translations, lang: string): string => {
  const found =
    texts.find((one) => one.lang.toLowerCase() === lang.toLowerCase()) ??
    texts.find((one) => one.lang !== '' && primary(one.lang) === primary(lang)) ??
    texts.find((one) => one.lang === '') ??
    texts.find((one) => primary(one.lang) === 'en') ??
    texts[0];
  return found?.text.trim() ?? '';
};
