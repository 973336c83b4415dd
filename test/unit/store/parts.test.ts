/** Parts of the program that come late: sync before its code is here, and files that cannot be had. */
import { firstValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { readStreamId } from '../../../src/core/ids.ts';
import { loadPart } from '../../../src/core/part.ts';
import { loadParts, memoryStorage } from '../../../src/index.ts';
import { openSync } from '../../../src/store/openSync.ts';
import { openSession } from '../../../src/store/session.ts';
import { startSyncing } from '../../../src/store/syncing.ts';
import {
  type SimulatedServer,
  seededEntropy,
  simulatedNetwork,
  simulatedServer,
  simulatedTime,
} from '../../../src/testing/index.ts';
import { codeOfAsync } from '../support.ts';
import { item, Visit } from './trial.ts';

const part = { startSyncing };

const openTrial = async (server: SimulatedServer) => {
  const time = simulatedTime();
  const session = await openSession({
    ...{ name: 'parts', tenant: 'acme-042', aggregates: [Visit], storage: memoryStorage() },
    ...{ clock: time.clock, scheduler: time.scheduler, entropy: seededEntropy(4) },
    actor: () => ({ userId: 'nurse-1', role: 'site' }),
  });
  const { type, ...payload } = item('A', 1);
  const stream = readStreamId('visit/v');
  await session.writer.write({
    drafts: [{ stream, definition: Visit, type, payload }],
    actor: session.actor(),
    atomic: true,
  });
  const options = { url: 'https://server.invalid', transport: simulatedNetwork(server), network: 'offline' } as const;
  return { time, session, options };
};

describe('sync before its code is here', () => {
  it('is offline and counts what waits; what was asked of it meanwhile is done then [BEN-04, SYN-05]', async () => {
    const { session, options } = await openTrial(await simulatedServer({ tenant: 'acme-042' }));
    let arrive: () => void = () => undefined;
    const here = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const sync = openSync(session, 'parts', options, () => here.then(() => part));
    expect(sync.status()).toMatchObject({ state: 'offline', pending: 1, lastError: undefined, attempts: 0 });
    sync.setOnline(true);
    const synced = sync.now();
    arrive();
    expect(await synced).toMatchObject({ pending: 0, lastError: undefined });
    expect(await firstValueFrom(sync.status$)).toEqual(sync.status());
    sync.stop();
  });

  it('tells that a file cannot be had, and asks for it again after a while [BEN-04, SYN-05]', async () => {
    const { session, options, time } = await openTrial(await simulatedServer({ tenant: 'acme-042' }));
    let isThere = false;
    const load = () => (isThere ? Promise.resolve(part) : Promise.reject(new TypeError('Failed to fetch')));
    const sync = openSync(session, 'parts', options, load);
    expect(await sync.now()).toMatchObject({
      state: 'offline',
      pending: 1,
      lastError: 'store.part-missing',
      attempts: 1,
    });
    sync.setOnline(true);
    isThere = true;
    time.advance(5_000);
    await expect
      .poll(() => sync.status())
      .toMatchObject({ state: 'live', pending: 0, lastError: undefined, attempts: 0 });
    sync.stop();
  });

  it('begins nothing after it was stopped [BEN-04, SYN-05]', async () => {
    const server = await simulatedServer({ tenant: 'acme-042' });
    const { session, options, time } = await openTrial(server);
    let begun = 0;
    let arrive: () => void = () => undefined;
    const here = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const counted: typeof startSyncing = (...words) => {
      begun += 1;
      return startSyncing(...words);
    };
    const sync = openSync(session, 'parts', options, () => here.then(() => ({ startSyncing: counted })));
    const told = firstValueFrom(sync.status$.pipe(toArray()));
    sync.stop();
    arrive();
    await sync.now();
    time.advance(60_000);
    expect(begun).toBe(0);
    expect((await told).map(({ state }) => state)).toEqual(['offline']);
  });
});

it('a part that cannot be had is named, and asked for again the next time [BEN-04]', async () => {
  const failing = () => Promise.reject(new TypeError('Failed to fetch'));
  expect(await codeOfAsync(() => loadPart('health', failing))).toBe('store.part-missing');
  await expect(loadPart('health', failing)).rejects.toMatchObject({ details: { part: 'health' } });
  expect(await loadPart('health', () => Promise.resolve({ is: 'here' }))).toEqual({ is: 'here' });
});

it('all parts can be loaded ahead [BEN-04]', async () => {
  await expect(loadParts()).resolves.toBeUndefined();
});
