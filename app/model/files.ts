/** Which of the given files is what, by content: one file may hold metadata, clinical data, or both. */
import { StoreError } from '../../src/index.ts';

export type GivenFile = { readonly name: string; readonly text: string };

export type Sorted = { readonly metadata: GivenFile | undefined; readonly clinicalData: GivenFile | undefined };

const METADATA = /<(?:[\w.-]+:)?MetaDataVersion[\s>]/;
const CLINICAL_DATA = /<(?:[\w.-]+:)?ClinicalData[\s>]/;

/** Sorts the files. Where a file shows neither kind, the metadata reader says what is wrong with it. */
export const sortFiles = (files: readonly GivenFile[]): Sorted => {
  const holdsMetadata = files.filter(({ text }) => METADATA.test(text));
  const holdsData = files.filter(({ text }) => CLINICAL_DATA.test(text));
  const neither = files.find((file) => !holdsMetadata.includes(file) && !holdsData.includes(file));
  if (holdsMetadata.length > 1 || holdsData.length > 1)
    throw new StoreError('import.not-odm', { expected: 'one metadata file and one clinical data file' });
  return { metadata: holdsMetadata[0] ?? neither, clinicalData: holdsData[0] };
};

/** The whole text of each file. The names stay in the page. */
export const readFiles = (files: Iterable<File>): Promise<readonly GivenFile[]> =>
  Promise.all([...files].map(async (file) => ({ name: file.name, text: await file.text() })));

const SAMPLES = [
  new URL('../sample/demo-metadata.xml', import.meta.url).href,
  new URL('../sample/demo-clinicaldata.xml', import.meta.url).href,
];

/** The generated study that ships with the app. @throws StoreError `sync.offline` when it cannot be fetched */
export const readSample = (): Promise<readonly GivenFile[]> =>
  Promise.all(
    SAMPLES.map(async (address) => {
      const response = await fetch(address).catch((cause: unknown) => {
        throw new StoreError('sync.offline', {}, { cause });
      });
      if (!response.ok) throw new StoreError('server.not-found', { status: response.status });
      return { name: address.slice(address.lastIndexOf('/') + 1), text: await response.text() };
    }),
  );
