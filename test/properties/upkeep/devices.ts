/** Two devices and a second tab of one, over databases that stay when a store closes, and what people do on them. */
import fc from 'fast-check';
import { isStoreError, memoryStorage, type StoreOptions } from '../../../src/index.ts';
import { simulatedNetwork, simulatedServer, UNDISTURBED } from '../../../src/testing/index.ts';
import { item, LOCK, openDevice, UNLOCK, Visit } from '../../unit/store/trial.ts';
import { LaterVisit, MeasuredVisit, RECORD_BYTES } from './kept.ts';

export const IDS = ['s-1', 's-2', 's-3'];
let values = 0;

export type Act =
  | { readonly kind: 'send'; readonly device: number; readonly id: string; readonly item: string }
  | { readonly kind: 'lock' | 'settle'; readonly device: number; readonly id: string }
  | { readonly kind: 'sync' | 'compact' | 'reopen'; readonly device: number };

const device = fc.nat(2);
const id = fc.constantFrom(...IDS);
/** What happens to one of three devices. */
export const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('send' as const), device, id, item: fc.constantFrom('a', 'b') }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('lock' as const, 'settle' as const), device, id }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('sync' as const, 'compact' as const, 'reopen' as const), device }),
  },
);
export const acts: fc.Arbitrary<readonly Act[]> = fc.array(act, { minLength: 10, maxLength: 70 });

let worlds = 0;

/** Two devices, and a second tab of the first. */
export const openWorld = async (options: Partial<StoreOptions> = { upkeep: 'manual' }) => {
  worlds += 1;
  const server = await simulatedServer({ tenant: 'acme-042' });
  const make = async (name: string, storage = memoryStorage({ recordBytesMax: RECORD_BYTES })) => {
    const open = async (more: Partial<StoreOptions> = {}) => {
      const { store } = await openDevice({ storage, name: `${name}-${worlds}`, ...options, ...more });
      const transport = simulatedNetwork(server, () => UNDISTURBED);
      return { store, sync: store.sync({ url: 'https://server.invalid', transport, network: 'offline' }) };
    };
    return { storage, name: `${name}-${worlds}`, open, ...(await open()) };
  };
  const left = await make('left');
  return [left, await make('right'), await make('left', left.storage)];
};

export type Node = Awaited<ReturnType<typeof openWorld>>[number];

/** A visit, as this version of the application sees visits. */
const visitOf = ({ store }: Pick<Node, 'store'>, of: string) => {
  const versions = [
    () => store.aggregate(Visit, of),
    () => store.aggregate(LaterVisit, of),
    () => store.aggregate(MeasuredVisit, of),
  ];
  for (const version of versions) {
    try {
      return version();
    } catch (error) {
      if (!isStoreError(error, 'aggregate.unknown-type')) throw error;
    }
  }
  throw new Error('a store without visits');
};

const settle = async (visit: ReturnType<typeof visitOf>): Promise<void> => {
  const { conflicts, value } = visit.state();
  const resolves = [...new Set(conflicts.flatMap(({ heads }) => heads.map(({ body }) => body.id)))];
  if (resolves.length > 0) await visit.send(isOpen(value) ? LOCK : UNLOCK, { reason: 'agreed', resolves });
};

const isOpen = (value: unknown): boolean => value === 'open' || value === 'capture';

export const perform = async (node: Node, act: Act): Promise<void> => {
  const { store } = node;
  switch (act.kind) {
    case 'send':
      await visitOf(node, act.id).send(item(act.item, values++), { reason: 'r' });
      return;
    case 'lock': {
      const visit = visitOf(node, act.id);
      await visit.send(isOpen(visit.state().value) ? LOCK : UNLOCK, { reason: 'r' });
      return;
    }
    case 'settle':
      return settle(visitOf(node, act.id));
    case 'sync':
      node.sync.setOnline(true);
      await node.sync.now();
      node.sync.setOnline(false);
      return;
    case 'compact':
      await store.compact();
      return;
    case 'reopen':
      await store.close();
      Object.assign(node, await node.open());
  }
};
