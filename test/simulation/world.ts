/**
 * Devices, a server and the network between them, driven by short traces:
 *
 *   Aa     device A records a value of item a in the visit that all share (what is refused or in conflict is let be)
 *   A*     A locks the visit, or unlocks it
 *   A!     A settles the conflicts that it sees
 *   A~     A syncs now
 *   A~d    A syncs now, and its next messages meet the disturbances named, one letter each: see DISTURBANCES
 *   A|     A is cut off until its next A~; A reopens its database, as a page that was killed
 */
import fc from 'fast-check';
import { type Conflict, memoryStorage, type StorageAdapter, type Store, type Sync } from '../../src/index.ts';
import type { Transport } from '../../src/sync/transport.ts';
import {
  type Disturbance,
  type SimulatedServer,
  seededEntropy,
  simulatedNetwork,
  simulatedServer,
  UNDISTURBED,
} from '../../src/testing/index.ts';
import { MESSAGE_TROUBLE } from '../../src/testing/world/messages.ts';
import { casebook, item, LOCK, openDevice, UNLOCK, Visit } from '../unit/store/trial.ts';

export const NAMES = ['A', 'B', 'C'] as const;
const SHARED = 'subject-17';

const flip =
  (seed: number) =>
  (text: string): string => {
    const { below } = seededEntropy(seed);
    const at = below(text.length);
    return text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 + below(6))) + text.slice(at + 1);
  };
/** What a letter of a trace does to one message. Those of `FORGED` may leave findings; the others never do. */
export const DISTURBANCES: Readonly<Record<string, (seed: number) => Disturbance>> = {
  ...Object.fromEntries(
    Object.entries(MESSAGE_TROUBLE).map(([letter, met]) => [letter, (seed: number) => met(seededEntropy(seed).below)]),
  ),
  f: (seed) => ({ kind: 'alter-answer', alter: flip(seed) }),
};
export const HARMLESS = ['n', 'q', 'd', 'r', 'l', 's', 'u', 'i', 't'] as const;
export const FORGED = [...HARMLESS, 'f'] as const;

type Node = {
  readonly name: string;
  readonly storage: StorageAdapter;
  readonly planned: Disturbance[];
  readonly transport: Transport;
  store: Store;
  sync: Sync;
};

export type World = {
  readonly number: number;
  readonly server: SimulatedServer;
  readonly nodes: readonly Node[];
  readonly sent: Map<string, number>;
};

let worlds = 0;

const start = async (node: Omit<Node, 'store' | 'sync'>, name: string): Promise<Node> => {
  const { store } = await openDevice({ storage: node.storage, name });
  const sync = store.sync({ url: 'https://server.invalid', transport: node.transport, network: 'online' });
  return { ...node, store, sync };
};

const nameOf = (world: number, node: string) => `world-${world}-${node}`;

export const openWorld = async (names: readonly string[] = NAMES): Promise<World> => {
  worlds += 1;
  const server = await simulatedServer({ tenant: 'acme-042' });
  const nodes: Node[] = [];
  for (const name of names) {
    const planned: Disturbance[] = [];
    const transport = simulatedNetwork(server, () => planned.shift() ?? UNDISTURBED);
    nodes.push(await start({ name, storage: memoryStorage(), planned, transport }, nameOf(worlds, name)));
  }
  return { server, nodes, sent: new Map(), number: worlds };
};

const nodeOf = (world: World, name: string): Node => {
  const node = world.nodes.find((each) => each.name === name);
  if (node === undefined) throw new RangeError(name);
  return node;
};

const settle = async (node: Node, conflicts: readonly Conflict[]): Promise<string | undefined> => {
  const visit = node.store.aggregate(Visit, SHARED);
  const [conflict] = conflicts;
  if (conflict === undefined) return undefined;
  const everything = conflicts.some(({ key }) => key === '*') || !visit.can(item('a', 0));
  const named = everything ? conflicts : [conflict];
  const resolves = [...new Set(named.flatMap(({ heads }) => heads.map(({ body }) => body.id)))];
  const event = !everything ? item(conflict.key, 999) : visit.state().value === 'open' ? LOCK : UNLOCK;
  return (await visit.send(event, { reason: 'agreed', resolves })).kind;
};

let values = 0;

const act = async (world: World, step: string, seed: number): Promise<void> => {
  const node = nodeOf(world, step.slice(0, 1));
  const rest = step.slice(1);
  const visit = node.store.aggregate(Visit, SHARED);
  const count = (kind: string | undefined) => {
    if (kind === 'committed') world.sent.set(node.name, (world.sent.get(node.name) ?? 0) + 1);
  };
  if (rest === '|') {
    node.sync.setOnline(false);
    await node.store.close();
    Object.assign(node, await start(node, nameOf(world.number, node.name)));
    node.sync.setOnline(false);
    return;
  }
  if (rest === '!') return count(await settle(node, visit.state().conflicts));
  if (rest === '*')
    return count((await visit.send(visit.state().value === 'open' ? LOCK : UNLOCK, { reason: 'r' })).kind);
  if (!rest.startsWith('~')) return count((await visit.send(item(rest, values++), { reason: 'r' })).kind);
  node.planned.splice(0);
  for (const [at, letter] of [...rest.slice(1)].entries())
    node.planned.push(DISTURBANCES[letter]?.(seed + at) ?? UNDISTURBED);
  node.sync.setOnline(true);
  await node.sync.now();
};

/** Lives a trace, then lets every device sync undisturbed until nothing is left to exchange. */
export const liveTrace = async (trace: readonly string[], seed = 1): Promise<World> => {
  const world = await openWorld();
  for (const [at, step] of trace.entries()) await act(world, step, seed + 17 * at);
  await settleAll(world);
  return world;
};

/** Two rounds after the last message got through, everybody has everything. */
export const settleAll = async (world: World): Promise<void> => {
  for (const { planned } of world.nodes) planned.splice(0);
  for (let round = 0; round < 3; round++) {
    for (const { sync } of world.nodes) {
      sync.setOnline(true);
      await sync.now();
    }
  }
};

/** The same device after its page was closed and opened again: everything is folded anew from what is stored. */
export const reopened = async (world: World, name: string): Promise<Node> => {
  const node = nodeOf(world, name);
  await node.store.close();
  return Object.assign(node, await start(node, nameOf(world.number, name)));
};

export const stopAll = async (world: World): Promise<void> => {
  for (const { store } of world.nodes) await store.close();
};

/** What a device holds of the shared visit, in a form that two devices can be compared by. */
export const pictureOf = async ({ store, sync }: Node) => {
  const visit = store.aggregate(Visit, SHARED);
  const { value, context, version, conflicts, inapplicable, pending, readOnly } = visit.state();
  const history = await visit.history();
  return {
    value,
    context,
    version,
    inapplicable,
    readOnly,
    pending,
    conflicts: conflicts.map(({ key, heads }) => [key, heads.map(({ body }) => body.id)]),
    history: history.map(({ eventId, applied, after }) => [eventId, applied, after]),
    rows: store.view(casebook).rows(),
    size: store.size(),
    waiting: sync.status().pending,
  };
};

/** Histories of three devices, some of whose messages meet what `letters` allow. */
export const traces = (letters: readonly string[], steps = 14): fc.Arbitrary<readonly string[]> => {
  const name = fc.constantFrom(...NAMES);
  const disturbed = fc.array(fc.constantFrom(...letters), { maxLength: 4 }).map((chosen) => chosen.join(''));
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(name, fc.constantFrom('a', 'b', 'c')).map((parts) => parts.join('')) },
    { weight: 5, arbitrary: fc.tuple(name, disturbed).map(([one, how]) => `${one}~${how}`) },
    { weight: 1, arbitrary: fc.tuple(name, fc.constantFrom('*', '!', '|')).map((parts) => parts.join('')) },
  );
  return fc.array(step, { minLength: 1, maxLength: steps });
};
