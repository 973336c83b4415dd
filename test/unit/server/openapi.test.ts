import { readFile, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { openApi } from './openapi.ts';

const DOCUMENT = new URL('../../../docs/openapi.json', import.meta.url);
const ABOUT = new URL('../../../package.json', import.meta.url);

/** `UPDATE=1 npx vitest run --project=node test/unit/server/openapi.test.ts` writes the document anew. */
it('says in its document what the schemas check [SYN-08]', async () => {
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(await readFile(ABOUT, 'utf8')));
  const made = openApi(version);
  if (process.env['UPDATE'] === '1') await writeFile(DOCUMENT, `${JSON.stringify(made, null, 2)}\n`);
  expect(JSON.parse(await readFile(DOCUMENT, 'utf8'))).toEqual(JSON.parse(JSON.stringify(made)));
});
