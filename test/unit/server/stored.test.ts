/** What `indelible audit` reads: a server's own rows, as it wrote them and as somebody altered them below it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { audit } from '../../../src/cli/audit.ts';
import { toBase64 } from '../../../src/crypto/bytes.ts';
import { createServer } from '../../../src/server/index.ts';
import { embeddedIn } from '../../../src/server/postgres/open.ts';
import { openPglite } from '../../../src/server/postgres/pglite.ts';
import { makeDevice, TENANT } from './device.ts';

const Report = z.object({ tenants: z.array(z.object({ findings: z.array(z.unknown()) })) });

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'indelible-stored-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** How the command ends, and what it prints. */
const audited = async (data: string, ...words: readonly string[]) => {
  const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  try {
    const exit = await audit(['--data', data, ...words]);
    return { exit, text: printed.mock.calls.flat().join('\n') };
  } finally {
    printed.mockRestore();
  }
};

/** Runs statements as the owner of the database may, past what keeps rows as they are. */
const below = async (data: string, statements: readonly string[]): Promise<void> => {
  const database = await openPglite(embeddedIn(data));
  for (const statement of statements) await database.query(statement);
  await database.close();
};

it('finds nothing in what a server has written, and names what somebody altered below it [CLI-07, VER-06]', async () => {
  const data = join(folder, 'data');
  await expect(audited(data)).rejects.toMatchObject({ details: { what: 'no-data' } });
  const device = await makeDevice();
  const server = await createServer({ port: 0, data });
  const commits = (await device.sealMany(4)).map(({ bytes }) => toBase64(bytes));
  const pushed = await fetch(`${server.url}/v1/tenants/${TENANT}/commits`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
    body: JSON.stringify({ protocol: 1, commits }),
  });
  expect(pushed.status).toBe(200);
  await expect(audited(data)).rejects.toMatchObject({ details: { what: 'data-locked' } });
  await server.close();
  expect(await audited(data)).toEqual({
    exit: 0,
    text: `${TENANT}: sound; 4 events in 4 commits of 1 replicas`,
  });
  await below(data, [
    'RESET ROLE',
    'ALTER TABLE indelible.commits DISABLE TRIGGER append_only',
    'UPDATE indelible.commits SET bytes = set_byte(bytes, octet_length(bytes) - 9, 33) WHERE first = 2',
    'DELETE FROM indelible.commits WHERE first = 4',
  ]);
  const { exit, text } = await audited(data, '--json');
  const [{ findings = [] } = {}] = Report.parse(JSON.parse(text)).tenants;
  expect(exit).toBe(1);
  const { replica } = device;
  expect(findings).toContainEqual(expect.objectContaining({ code: 'chain.leaf-mismatch', replica, sequence: 2 }));
  expect(findings).toContainEqual(expect.objectContaining({ code: 'chain.gap', replica, sequence: 4 }));
});
