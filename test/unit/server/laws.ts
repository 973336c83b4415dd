/** What the sequencer's laws share. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Commit } from '../../../src/core/commit.ts';
import { toBase64 } from '../../../src/crypto/bytes.ts';
import { pull } from '../../../src/server/answers.ts';
import { push, type World } from '../../../src/server/sequencer.ts';
import { type Bed, makeBeds } from './bed.ts';
import { bytesOf, type Device } from './device.ts';

let tenants = 0;
export const newTenant = () => `tenant-${tenants++}`;
/** Opens the databases for a file of laws; what it gives holds a law on every one, each time in a tenant of its own. */
export const onEveryDatabase = () => {
  const beds: Bed[] = [];
  beforeAll(async () => void beds.push(...(await makeBeds())), 120_000);
  afterAll(async () => {
    for (const bed of beds) await bed.close();
  });
  return (law: string, hold: (world: World, tenant: string) => Promise<void>) =>
    it(law, async () => {
      expect(beds.length).toBeGreaterThan(0);
      for (const bed of beds) await hold(bed.world, newTenant());
    });
};

export const send = (world: World, device: Device, commits: readonly Commit[]) =>
  push(world, device.tenant, bytesOf(commits));
export const kinds = ({ verdicts }: { verdicts: readonly { kind: string; code?: unknown }[] }) =>
  verdicts.map(({ kind, code }) => (code === undefined ? kind : `${kind} ${code}`));

export const pullAll = async (world: World, device: Device, except = ''): Promise<readonly string[]> => {
  const commits: string[] = [];
  let after = '';
  for (let pages = 0; pages < 1_000; pages++) {
    const page = await pull(world, device.tenant, { after, except });
    commits.push(...page.commits);
    after = page.cursor;
    if (!page.more) return commits;
  }
  throw new Error('the pages do not end');
};
export const inBase64 = (commits: readonly Commit[]) => commits.map(({ bytes }) => toBase64(bytes));

export const textOf = (bytes: unknown, form: 'hex' | 'base64') => {
  if (!(bytes instanceof Uint8Array)) throw new Error('bytes');
  return Buffer.from(bytes).toString(form);
};

/** The log as the database holds it. */
export const logOf = async (world: World, tenant: string) => ({
  events: await world.database.query(
    'SELECT position, leaf_hash, replica, sequence FROM indelible.events WHERE tenant = $1 ORDER BY position',
    [tenant],
  ),
  commits: await world.database.query(
    'SELECT position, events, first FROM indelible.commits WHERE tenant = $1 ORDER BY position',
    [tenant],
  ),
});
export const expectGapless = async (world: World, tenant: string, events: number) => {
  const log = await logOf(world, tenant);
  expect(log.events.map(({ position }) => Number(position))).toEqual(Array.from({ length: events }, (_, at) => at));
  let next = 0;
  for (const commit of log.commits) {
    expect(Number(commit['position'])).toBe(next);
    next += Number(commit['events']);
  }
  expect(next).toBe(events);
};
export const evidence = (world: World, tenant: string) =>
  world.database.query('SELECT code, bytes FROM indelible.refused WHERE tenant = $1', [tenant]);
