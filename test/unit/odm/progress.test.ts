import { describe, expect, it } from 'vitest';
import { readClinicalData, readMetadata } from '../../../src/odm/index.ts';
import { clinical, odm, readWhole, studyXml } from './fixtures.ts';

const SUBJECTS = 1_000;
const ITEMS = 100;
const subjectXml = (at: number): string => {
  const items = Array.from({ length: ITEMS }, (_, item) => `<ItemData ItemOID="I${item}" Value="${at * item}"/>`).join(
    '',
  );
  return `<SubjectData SubjectKey="${at}"><StudyEventData StudyEventOID="E"><FormData FormOID="F"><ItemGroupData ItemGroupOID="G">${items}</ItemGroupData></FormData></StudyEventData></SubjectData>\n`;
};
const [head = '', tail = ''] = clinical('|').split('|');

describe('reading a large file', () => {
  it('gives forms while the file is still arriving, holding no more than it must [IMP-04]', async () => {
    let sent = 0;
    const source = async function* (): AsyncGenerator<string> {
      yield head;
      for (let at = 0; at < SUBJECTS; at++) {
        sent = at + 1;
        yield subjectXml(at);
      }
      yield tail;
    };
    const reading = readClinicalData(source());
    let forms = 0;
    let values = 0;
    for await (const form of reading.forms) {
      forms += 1;
      values += form.items.length;
      expect(sent - forms).toBeLessThanOrEqual(1);
    }
    expect([forms, values, reading.report().counts.itemValues]).toEqual([SUBJECTS, SUBJECTS * ITEMS, SUBJECTS * ITEMS]);
  });

  it('tells how far it is, to the end [IMP-04]', async () => {
    const text = head + Array.from({ length: 60 }, (_, at) => subjectXml(at)).join('') + tail;
    const seen: number[] = [];
    await readWhole(text, {
      onProgress: ({ readChars, totalChars }) => {
        expect(totalChars).toBe(text.length);
        seen.push(readChars);
      },
    });
    expect(seen.length).toBeGreaterThan(2);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(text.length);
  });

  it('stops at the first piece after a cancellation [IMP-04]', async () => {
    const text = head + Array.from({ length: 60 }, (_, at) => subjectXml(at)).join('') + tail;
    const abort = new AbortController();
    let pieces = 0;
    const onProgress = (): void => {
      pieces += 1;
      abort.abort();
    };
    await expect(readWhole(text, { signal: abort.signal, onProgress })).rejects.toMatchObject({
      code: 'import.cancelled',
    });
    expect(pieces).toBe(1);
    await expect(readMetadata(odm(studyXml()), { signal: abort.signal })).rejects.toMatchObject({
      code: 'import.cancelled',
    });
  });

  it('stops on a cancellation while the source is silent [IMP-04]', async () => {
    const abort = new AbortController();
    const silent = async function* (): AsyncGenerator<string> {
      yield head;
      await new Promise(() => undefined);
    };
    const reading = readWhole(silent(), { signal: abort.signal });
    setTimeout(() => abort.abort(), 5);
    await expect(reading).rejects.toMatchObject({ code: 'import.cancelled' });
  });

  it('closes the source when its reader stops early [IMP-04]', async () => {
    let closed = false;
    const source = async function* (): AsyncGenerator<string> {
      try {
        yield head;
        for (let at = 0; at < SUBJECTS; at++) yield subjectXml(at);
      } finally {
        closed = true;
      }
    };
    for await (const _ of readClinicalData(source()).forms) break;
    expect(closed).toBe(true);
  });
});
