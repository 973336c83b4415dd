import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { expect, it } from 'vitest';
import { durableFiles } from '../../../src/server/postgres/durableFiles.ts';
import { openPglite, START } from '../../../src/server/postgres/pglite.ts';

it('syncs the embedded database at every commit, where PGlite alone would not [SRV-07]', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'indelible-sync-'));
  let synced = 0;
  const files = durableFiles(join(folder, 'postgres'), () => {
    synced += 1;
  });
  const pglite = await PGlite.create({ fs: files.system, startParams: START });
  expect((await pglite.query('SHOW fsync')).rows).toEqual([{ fsync: 'on' }]);
  await pglite.exec('CREATE TABLE kept (n integer)');
  for (let at = 0; at < 10; at++) {
    const before = synced;
    await pglite.query('INSERT INTO kept VALUES ($1)', [at]);
    expect(synced).toBeGreaterThan(before);
  }
  await pglite.close();
  await rm(folder, { recursive: true });
});

it('finds what an earlier run of the embedded database has stored [SRV-07]', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'indelible-run-'));
  const insert = `INSERT INTO indelible.logs (tenant, size, commits, peaks, root) VALUES ('a', 0, 0, '', sha256('a'))`;
  const first = await openPglite(folder);
  await first.query(insert);
  await first.close();
  const second = await openPglite(folder);
  expect(await second.query('SELECT tenant FROM indelible.logs')).toEqual([{ tenant: 'a' }]);
  await second.close();
  await rm(folder, { recursive: true });
});
