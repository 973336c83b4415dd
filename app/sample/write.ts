/** Writes the sample study beside this file: `node app/sample/write.ts` (Node 22.18 or newer, which strips types). */
import { writeFile } from 'node:fs/promises';
import { generateSample, SAMPLE_SEED } from './generate.ts';

const { metadata, clinicalData } = generateSample(SAMPLE_SEED);
await writeFile(new URL('demo-metadata.xml', import.meta.url), metadata);
await writeFile(new URL('demo-clinicaldata.xml', import.meta.url), clinicalData);
