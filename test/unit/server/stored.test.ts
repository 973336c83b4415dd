/** What `indelible audit` reads: a server's own rows, as it wrote them and as somebody altered them below it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { audit } from '../../../src/cli/audit.ts';
import { toBase64 } from '../../../src/crypto/bytes.ts';
import { createServer } from '../../../src/server/index.ts';
import { openDatabase } from '../../../src/server/postgres/open.ts';
import { makeDevice, TENANT } from './device.ts';
import { startCluster } from './postgresql.ts';

const Report = z.object({ tenants: z.array(z.object({ findings: z.array(z.unknown()) })) });

afterEach(() => vi.unstubAllEnvs());

/** A data folder of its own; with a PostgreSQL, what names it. */
type Place = { readonly data: string; readonly databaseUrl: string | undefined };

const makePlace = async (databaseUrl?: string): Promise<Place> => {
  const folder = await mkdtemp(join(tmpdir(), 'indelible-stored-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  vi.stubEnv('DATABASE_URL', databaseUrl ?? '');
  return { data: join(folder, 'data'), databaseUrl };
};

/** How the command ends, and what it prints. */
const audited = async ({ data }: Place, ...words: readonly string[]) => {
  const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  try {
    const exit = await audit(['--data', data, ...words]);
    return { exit, text: printed.mock.calls.flat().join('\n') };
  } finally {
    printed.mockRestore();
  }
};

/** Runs statements as the owner of the database may, past what keeps rows as they are. */
const below = async ({ data, databaseUrl }: Place, statements: readonly string[]): Promise<void> => {
  const database = await openDatabase(data, databaseUrl);
  await database.transaction(async (query) => {
    for (const statement of statements) await query(statement);
  });
  await database.close();
};

const PUSHED = { exit: 0, text: `${TENANT}: sound; 4 events in 4 commits of 1 replicas` };

/** A server at this place, and a device that has sent it four commits. */
const pushFour = async (place: Place) => {
  const device = await makeDevice();
  const server = await createServer({ port: 0, ...place });
  const commits = (await device.sealMany(4)).map(({ bytes }) => toBase64(bytes));
  const pushed = await fetch(`${server.url}/v1/tenants/${TENANT}/commits`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
    body: JSON.stringify({ protocol: 1, commits }),
  });
  expect(pushed.status).toBe(200);
  return { server, replica: device.replica };
};

/** Alters what lies there, and holds that the command names it. */
const alterAndName = async (place: Place, replica: string): Promise<void> => {
  await below(place, [
    'RESET ROLE',
    'ALTER TABLE indelible.commits DISABLE TRIGGER append_only',
    'UPDATE indelible.commits SET bytes = set_byte(bytes, octet_length(bytes) - 9, 33) WHERE first = 2',
    'DELETE FROM indelible.commits WHERE first = 4',
  ]);
  const { exit, text } = await audited(place, '--json');
  const [{ findings = [] } = {}] = Report.parse(JSON.parse(text)).tenants;
  expect(exit).toBe(1);
  expect(findings).toContainEqual(expect.objectContaining({ code: 'chain.leaf-mismatch', replica, sequence: 2 }));
  expect(findings).toContainEqual(expect.objectContaining({ code: 'chain.gap', replica, sequence: 4 }));
};

it('finds nothing in what a server has written, and names what somebody altered below it [CLI-07, VER-06]', async () => {
  const place = await makePlace();
  await expect(audited(place)).rejects.toMatchObject({ details: { what: 'no-data' } });
  const { server, replica } = await pushFour(place);
  await expect(audited(place)).rejects.toMatchObject({ details: { what: 'data-locked' } });
  await server.close();
  expect(await audited(place)).toEqual(PUSHED);
  await alterAndName(place, replica);
});

it('a PostgreSQL is checked while a server goes on beside it, and so is what somebody altered there [CLI-07, VER-06]', async () => {
  const cluster = await startCluster();
  if (cluster === undefined) return;
  onTestFinished(() => cluster.stop());
  const place = await makePlace(await cluster.database());
  const { server, replica } = await pushFour(place);
  expect(await audited(place)).toEqual(PUSHED);
  await server.close();
  await alterAndName(place, replica);
});
