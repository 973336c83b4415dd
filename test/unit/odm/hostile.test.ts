import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generateSample, SAMPLE_SEED } from '../../../app/sample/generate.ts';
import { isStoreError } from '../../../src/core/errors.ts';
import { planClinicalData, readMetadata, textOfBlob } from '../../../src/odm/index.ts';
import { clinical, group, inPieces, NAMESPACE, odm, oneForm, readWhole, studyXml } from './fixtures.ts';

const outcome = async (run: () => Promise<unknown>): Promise<string> => {
  try {
    await run();
    return 'read';
  } catch (error) {
    return isStoreError(error) ? error.code : `not a StoreError: ${String(error)}`;
  }
};
const DATA = oneForm(group('<ItemData ItemOID="I" Value="secret"/>'));

describe('a hostile file', () => {
  it('ends in a StoreError wherever it is cut [IMP-03]', async () => {
    const sample = generateSample(SAMPLE_SEED);
    for (let end = 0; end < sample.clinicalData.length - 10; end += 500) {
      expect(await outcome(() => readWhole(sample.clinicalData.slice(0, end)))).toBe('import.malformed-xml');
    }
    for (let end = 0; end < sample.metadata.length - 10; end += 500) {
      expect(await outcome(() => readMetadata(sample.metadata.slice(0, end)))).toBe('import.malformed-xml');
    }
  });

  it('never ends in anything but a result or a StoreError, whatever is changed in it [IMP-03]', async () => {
    const texts = [DATA, odm(studyXml())];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...texts),
        fc.nat(4000),
        fc.nat(40),
        fc.string(),
        async (text, at, drop, insert) => {
          const from = at % text.length;
          const changed = text.slice(0, from) + insert + text.slice(from + drop);
          for (const run of [() => planClinicalData(changed), () => readMetadata(changed)]) {
            expect(await outcome(run)).toMatch(/^(read$|import\.)/);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each([
    ['nothing', ''],
    ['no XML', 'PK\u0003\u0004 zip'],
    ['an unclosed element', DATA.replace('</ODM>', '')],
    ['a second root', `${DATA}<ODM/>`],
    ['an undeclared entity', DATA.replace('secret', '&secret;')],
    ['an attribute twice', DATA.replace('ItemOID="I"', 'ItemOID="I" ItemOID="J"')],
    ['a forbidden character', DATA.replace('secret', '\u0000')],
    ['XML 1.1', DATA.replace('version="1.0"', 'version="1.1"')],
  ])('is refused with a line when it holds %s [IMP-03]', async (_, text) => {
    const error: unknown = await readWhole(text).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'import.malformed-xml', details: { line: expect.any(Number) } });
    expect(String(error)).not.toContain('secret');
  });

  it('is refused when it has a DOCTYPE [IMP-03]', async () => {
    const bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>';
    const error: unknown = await readWhole(DATA.replace('<ODM', `${bomb}<ODM`)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'import.malformed-xml', details: { reason: 'doctype' } });
  });

  it('is refused when it is not ODM 1.3 [IMP-03]', async () => {
    expect(await outcome(() => readWhole('<html/>'))).toBe('import.not-odm');
    expect(await outcome(() => readWhole(DATA.replaceAll(NAMESPACE, 'http://www.cdisc.org/ns/odm/v2.0')))).toBe(
      'import.unsupported-version',
    );
    expect(await outcome(() => readWhole(DATA.replace('"1.3.2"', '"1.2"')))).toBe('import.unsupported-version');
    expect(await outcome(() => readWhole(odm(studyXml())))).toBe('import.not-odm');
    expect(await outcome(() => readMetadata(DATA))).toBe('import.not-odm');
  });

  it.each(['SubjectKey', 'StudyEventOID', 'FormOID', 'ItemGroupOID', 'ItemOID', 'StudyOID', 'MetaDataVersionOID'])(
    'is refused without %s, naming the place [IMP-03]',
    async (attribute) => {
      const error: unknown = await readWhole(DATA.replace(new RegExp(` ${attribute}="[^"]*"`), '')).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({
        code: 'import.missing-attribute',
        details: { attribute, line: expect.any(Number) },
      });
    },
  );

  it('is refused when it nests without end [IMP-03]', async () => {
    const deep = '<a>'.repeat(100_000);
    expect(await outcome(() => readWhole(clinical(deep)))).toBe('import.too-large');
    expect(await outcome(() => readWhole(oneForm(deep)))).toBe('import.too-large');
  });

  it('is refused when one text never ends [IMP-03]', async () => {
    const endless = async function* (): AsyncGenerator<string> {
      yield '<?xml version="1.0"?><!--';
      for (;;) yield 'x'.repeat(1_000_000);
    };
    expect(await outcome(() => readWhole(endless()))).toBe('import.too-large');
  });

  it('cannot fill the report with notices [IMP-03]', async () => {
    const attributes = Array.from({ length: 3_000 }, (_, at) => `a${at}="x"`).join(' ');
    const { report } = await readWhole(
      oneForm(group(`<ItemData ItemOID="I" Value="1" ${attributes} ${'n'.repeat(9_000)}=""/>`)),
    );
    expect(report.unrepresented).toHaveLength(1_001);
    expect(report.unrepresented.at(-1)).toMatchObject({ path: '(more)', count: 2_001 });
    expect(Math.max(...report.unrepresented.map(({ path }) => path.length))).toBeLessThan(400);
  });

  it('leaves the prototype alone whatever its names are [IMP-03]', async () => {
    const names = '<__proto__ constructor="1"/><constructor/><toString/>';
    const { report } = await readWhole(
      oneForm(group(`${names}<ItemData ItemOID="__proto__" Value="1" __proto__="x"/>`)),
    );
    expect(report.unrepresented.length).toBe(4);
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false);
  });
});

describe('bytes of a file', () => {
  const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
  const utf16 = (text: string): Uint8Array<ArrayBuffer> => {
    const units = Uint16Array.from(`\ufeff${text}`, (unit) => unit.charCodeAt(0));
    return new Uint8Array(units.buffer);
  };
  const latin = DATA.replace('UTF-8', 'ISO-8859-1').replace('secret', 'é');

  it.each([
    ['UTF-8', bytes(DATA.replace('secret', 'é')), 'é'],
    ['UTF-8 with a byte order mark', bytes(`\ufeff${DATA.replace('secret', '😀')}`), '😀'],
    ['UTF-16', utf16(DATA.replace('UTF-8', 'UTF-16').replace('secret', 'é')), 'é'],
    ['a declared encoding', Uint8Array.from(latin, (unit) => unit.charCodeAt(0)), 'é'],
  ])('are read as %s [IMP-01]', async (_, data, value) => {
    const { items } = await readWhole(textOfBlob(new Blob([data])));
    expect(items.map((item) => item.value)).toEqual([value]);
  });

  it('are refused when they are not text in their encoding [IMP-03]', async () => {
    const broken = Uint8Array.from([...bytes(DATA), 0xff]);
    expect(await outcome(() => readWhole(textOfBlob(new Blob([broken]))))).toBe('import.malformed-xml');
    expect(await outcome(() => readWhole(textOfBlob(new Blob([bytes(DATA.replace('UTF-8', 'x-none'))]))))).toBe(
      'import.malformed-xml',
    );
  });

  it('may be cut anywhere, also inside a character [IMP-01]', async () => {
    const text = DATA.replace('secret', '😀é'.repeat(20));
    const whole = await readWhole(text);
    for (const size of [1, 2, 3, 5]) expect(await readWhole(inPieces(text, size))).toEqual(whole);
  });
});
