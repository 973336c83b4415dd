/**
 * Random lives of devices whose databases are put back to older copies, or copied and both used: whatever happens, sync ends
 * live with nothing pending, every chain verifies, and every event is where it is said to be.
 */
import fc from 'fast-check';
import { firstValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { position } from '../../src/core/position.ts';
import { readStoredCommit } from '../../src/crypto/readCommit.ts';
import { memoryStorage, type StorageAdapter, type Store, type Sync } from '../../src/index.ts';
import { type SimulatedServer, simulatedNetwork, simulatedServer, UNDISTURBED } from '../../src/testing/index.ts';
import { copyOf } from '../../src/testing/world/disk.ts';
import { item, openDevice, Visit } from '../unit/store/trial.ts';

type Node = { storage: StorageAdapter; copy: StorageAdapter | undefined; store: Store; sync: Sync };

let lives = 0;

const start = async (server: SimulatedServer, storage: StorageAdapter, name: string): Promise<Node> => {
  const { store } = await openDevice({ storage, name });
  const transport = simulatedNetwork(server, () => UNDISTURBED);
  const sync = store.sync({ url: 'https://server.invalid', transport, network: 'online' });
  sync.setOnline(false);
  return { storage, copy: undefined, store, sync };
};

/** Ids of the events that a device holds. */
const idsOf = async (storage: StorageAdapter, name: string): Promise<ReadonlySet<string>> => {
  const records = await (await storage.open(name)).read(position(0), Number.MAX_SAFE_INTEGER);
  return new Set(
    records.flatMap(({ commits }) =>
      commits.flatMap(({ bytes }) => readStoredCommit(bytes).events.map(({ id }) => id)),
    ),
  );
};

const STEPS = ['record', 'record', 'sync', 'sync', 'copy', 'restore', 'clone', 'reopen'] as const;
type Step = { readonly what: (typeof STEPS)[number]; readonly who: number; readonly key: string };
const steps = fc.array(
  fc.record({ what: fc.constantFrom(...STEPS), who: fc.nat(3), key: fc.constantFrom('a', 'b', 'c') }),
  { minLength: 1, maxLength: 18 },
);

let values = 0;
const DEVICES_MAX = 4;

const act = async (nodes: Node[], server: SimulatedServer, name: string, { what, who, key }: Step): Promise<void> => {
  const node = nodes[who % nodes.length];
  if (node === undefined) return;
  const replace = async (storage: StorageAdapter) => {
    const { copy } = node;
    await node.store.close();
    Object.assign(node, await start(server, storage, name), { copy });
  };
  if (what === 'record') await node.store.aggregate(Visit, 'v').send(item(key, values++), { reason: 'r' });
  if (what === 'sync') {
    node.sync.setOnline(true);
    await node.sync.now();
    node.sync.setOnline(false);
  }
  if (what === 'copy') node.copy = await copyOf(node.storage, name);
  if (what === 'restore' && node.copy !== undefined) await replace(await copyOf(node.copy, name));
  if (what === 'reopen') await replace(node.storage);
  if (what === 'clone' && nodes.length < DEVICES_MAX)
    nodes.push(await start(server, await copyOf(node.storage, name), name));
};

const settleAll = async (nodes: readonly Node[]): Promise<void> => {
  for (let round = 0; round < 6; round++)
    for (const { sync } of nodes) {
      sync.setOnline(false); // a device greets when it comes online, and learns then what the server holds of it
      sync.setOnline(true);
      await sync.now();
    }
};

it(
  'databases that are put back or copied lose nothing that is told to be there, and end in sync [REC-16, SYN-09, REC-09]',
  () =>
    fc.assert(
      fc.asyncProperty(steps, async (life) => {
        lives += 1;
        const name = `copies-${lives}`;
        const server = await simulatedServer({ tenant: 'acme-042' });
        const nodes: Node[] = [await start(server, memoryStorage(), name), await start(server, memoryStorage(), name)];
        for (const step of life) await act(nodes, server, name, step);
        const before = await Promise.all(nodes.map(({ storage }) => idsOf(storage, name)));
        await settleAll(nodes);
        const sent = new Set(
          server.commits().flatMap((bytes) => readStoredCommit(bytes).events.map(({ id }) => id as string)),
        );
        for (const [at, { store, sync, storage }] of nodes.entries()) {
          expect(sync.status()).toMatchObject({ state: 'live', pending: 0, lastError: undefined });
          const held = await idsOf(storage, name);
          for (const id of before[at] ?? []) expect(held.has(id)).toBe(true);
          const { heldHereOnly } = await firstValueFrom(store.health$);
          const unsent = [...held].filter((id) => !sent.has(id));
          expect(unsent.length).toBe(heldHereOnly);
          const report = await store.verify();
          expect(report.findings).toEqual([]);
        }
        // where nothing is held apart, everybody holds everything and sees the same
        const whole: string[] = [];
        for (const { store, storage } of nodes) {
          if ((await firstValueFrom(store.health$)).heldHereOnly > 0) continue;
          expect((await idsOf(storage, name)).size).toBe(sent.size);
          const { value, context, conflicts } = store.aggregate(Visit, 'v').state();
          whole.push(JSON.stringify([value, context, conflicts.map(({ key }) => key)]));
        }
        expect(new Set(whole).size).toBeLessThanOrEqual(1);
        for (const { store } of nodes) await store.close();
      }),
      { numRuns: 60 },
    ),
  120_000,
);
