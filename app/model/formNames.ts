/** What a form is called, and of whom and when it is. */
import { parseFormId } from '../../src/clinical.ts';
import type { Catalog } from './catalog.ts';

/** What repeats has its key beside its name. */
export const withRepeat = (name: string, repeat = ''): string => (repeat === '' ? name : `${name} · ${repeat}`);

export const formNames = (form: string, catalog: Catalog) => {
  const key = parseFormId(form);
  if (key === null) return { name: form, place: '', subject: '' };
  const visit = withRepeat(catalog.nameOf('visit', key.studyEventOid), key.studyEventRepeatKey);
  return {
    name: withRepeat(catalog.nameOf('form', key.formOid), key.formRepeatKey),
    place: `Subject ${key.subjectKey}, ${visit}`,
    subject: key.subjectKey,
  };
};
