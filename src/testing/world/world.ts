/** A world of simulated devices, people, a network and a server: lives a history, one operation after the other. */
import { isStoreError } from '../../core/errors.ts';
import { seededEntropy } from '../entropy.ts';
import { simulatedNetwork, UNDISTURBED } from '../network.ts';
import { type SimulatedServer, simulatedServer } from '../server.ts';
import { changeAccess } from './accessActs.ts';
import { attempted, record, settle } from './acts.ts';
import {
  cloneDevice,
  type Device,
  makeDevice,
  restart,
  START_MS,
  type Surroundings,
  setOnline,
  settled,
  syncNow,
  TENANT,
  tabOf,
} from './device.ts';
import { lieTo } from './dishonest.ts';
import { copyOf } from './disk.ts';
import { checkReadOnly, update } from './fleet.ts';
import { idsOn } from './logs.ts';
import { FLIPPED_IN_COMMITS, MESSAGE_TROUBLE, troubleName } from './messages.ts';
import type { WorldModel } from './model.ts';
import { LETTERS, readWord, type Word } from './notation.ts';
import { alterRows } from './serverRows.ts';
import { tamperWith } from './tampering.ts';
import { count, type Meet, type World } from './worldState.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** The server, with what it says to each replica kept when it first has something of it. */
const listening = ({ answer }: SimulatedServer, greetings: Map<string, string>): Pick<SimulatedServer, 'answer'> => ({
  answer: async (request) => {
    const text = await answer(request);
    if (request.kind === 'hello' && !greetings.has(request.replica)) greetings.set(request.replica, text);
    return text;
  },
});

const reasonsOf = (expected: Map<string, Set<string>>, device: string, codes: readonly string[]): Set<string> =>
  new Set([...(expected.get(device) ?? []), ...codes]);

let worlds = 0;

export const openWorld = async (parts: {
  readonly model: WorldModel;
  readonly devices: number;
  readonly seed: number;
}): Promise<World> => {
  const { model, seed } = parts;
  const { below: draw } = seededEntropy(seed);
  const elapsed = { ms: 0 };
  const server = await simulatedServer({ tenant: TENANT, nowMs: () => START_MS + elapsed.ms });
  const planned = new Map<string, string[]>();
  const expected = new Map<string, Set<string>>();
  const injected = new Map<string, number>();
  const [between, greetings] = [new Map<string, Meet>(), new Map<string, string>()];
  const transport = (name: string) =>
    simulatedNetwork(listening(server, greetings), (request) => {
      const letter = planned.get(name)?.shift();
      const met = letter === undefined ? between.get(name)?.(request) : MESSAGE_TROUBLE[letter]?.(draw);
      if (between.has(name)) return met ?? UNDISTURBED; // counted as what it is
      const what = met && troubleName(letter, met, request);
      if (what !== undefined) count({ injected }, what);
      if (letter === 'a' && request.kind === 'pull') expected.set(name, reasonsOf(expected, name, FLIPPED_IN_COMMITS));
      return met ?? UNDISTURBED;
    });
  const around: Surroundings = { model, transport, seed };
  const number = ++worlds;
  const devices: Device[] = [];
  for (const name of LETTERS.slice(0, parts.devices))
    devices.push(await makeDevice(name, `world-${number}-${name}`, around));
  return {
    ...{ model, server, devices, draw, injected },
    ...{ acknowledged: new Map(), unanswered: [], putBack: new Set(), violations: [] },
    life: {
      ...{
        around,
        elapsed,
        number,
        planned,
        between,
        greetings,
        serverBackup: undefined,
        seen: new Map(),
        isRough: false,
      },
      ...{ expected, due: [], outOfOrder: new Set() },
    },
  };
};

/** Looks at a device: what it has shown once it goes on showing. */
const look = async (world: World, device: Device, tab: number): Promise<void> => {
  const now = tabOf(device, tab).store.size();
  const { seen } = world.life;
  const key = `${device.name}${tab}`;
  if (now < (seen.get(key) ?? 0)) world.violations.push(`${key} showed ${seen.get(key)} events, and then ${now}`);
  seen.set(key, now);
  world.violations.push(...(await checkReadOnly(world, device)));
};

const sync = async (world: World, device: Device, { tab, rest }: Word): Promise<void> => {
  world.life.planned.set(device.name, [...rest]);
  if (device.isOnline) await syncNow(device, tab);
  world.life.planned.delete(device.name);
};

const network = async (world: World, device: Device, { verb, rest }: Word): Promise<void> => {
  world.life.planned.set(device.name, [...rest]);
  setOnline(device, verb === '=');
  await settled(device);
  world.life.planned.delete(device.name);
};

const forget = (world: World, { name }: Device): void => {
  for (const key of [...world.life.seen.keys()]) if (key.startsWith(name)) world.life.seen.delete(key);
};

/** Kills the program and starts it again; while it starts it may be killed once more, at a call to its disk. */
const kill = async (world: World, device: Device, { rest }: Word): Promise<void> => {
  const { around } = world.life;
  if (/^\d+[.!]$/.test(rest)) {
    device.life.trouble.crash = { left: Number.parseInt(rest, 10), takesEffect: rest.endsWith('!') };
    return;
  }
  count(world, 'program killed');
  const crash = rest.startsWith('o') ? { left: Number(rest.slice(1)), takesEffect: world.draw(2) === 0 } : undefined;
  await restart(device, around, crash);
};

const putBack = async (world: World, device: Device): Promise<void> => {
  if (device.backup === undefined) return;
  count(world, 'disk put back');
  world.life.isRough = true;
  for (const id of await idsOn(device)) world.putBack.add(id);
  device.disk = await copyOf(device.backup, device.database);
  forget(world, device);
  await restart(device, world.life.around);
};

const tamper = async (world: World, device: Device, { rest: letter }: Word): Promise<void> => {
  const { draw, life } = world;
  const tampered = await tamperWith(device, { letter, draw, around: life.around });
  if (tampered !== undefined) count(world, tampered.what);
  world.violations.push(...(tampered?.violations ?? []));
};

const lie = async (world: World, device: Device, { rest: letter }: Word): Promise<void> => {
  const { server, draw, life } = world;
  const { between, greetings, expected, due } = life;
  const stand = ({ name }: Device, meet: Meet | undefined): void => {
    if (meet === undefined) between.delete(name);
    else between.set(name, meet);
  };
  const owed = expected.get(device.name) ?? new Set<string>();
  const lied = await lieTo(device, letter, { server, draw, stand, greetings, owed });
  if (lied === undefined) return;
  count(world, `server: ${lied.what}`);
  world.violations.push(...lied.violations);
  if (lied.code === undefined) return;
  expected.set(device.name, reasonsOf(expected, device.name, [lied.code]));
  if (lied.code === 'chain.gap') life.outOfOrder.add(device.name);
  if (lied.code !== 'chain.gap' || !lied.isLater) due.push({ device: device.name, code: lied.code });
};

const pack = async (world: World, device: Device): Promise<void> => {
  const packed = await attempted(tabOf(device, 0).store.compact());
  if (!isStoreError(packed)) count(world, 'records packed');
};

const DEVICES_MAX = LETTERS.length;

const clone = async (world: World, device: Device): Promise<void> => {
  const name = LETTERS[world.devices.length];
  if (name === undefined || world.devices.length >= DEVICES_MAX) return;
  count(world, 'device cloned');
  world.life.isRough = true;
  world.devices.push(
    await cloneDevice(device, { name, database: `world-${world.life.number}-${name}` }, world.life.around),
  );
};

/** Somebody alters the server's rows, and what was there is put back. */
const intrude = async (world: World, letter: string): Promise<void> => {
  const { server, devices, draw, life } = world;
  const { around, expected, outOfOrder } = life;
  const altered = await alterRows(letter, { server, devices, draw, around, behind: outOfOrder });
  if (altered === undefined) return;
  count(world, `server's rows: ${altered.what}`);
  world.violations.push(...altered.violations);
  if (altered.met === undefined) return;
  const { device, codes } = altered.met;
  expected.set(device.name, reasonsOf(expected, device.name, codes));
  if (codes.includes('chain.gap')) outOfOrder.add(device.name);
};

const server = async (world: World, { verb, rest }: Word): Promise<void> => {
  if (verb === '$') return intrude(world, rest);
  if (verb === '>') {
    world.life.serverBackup = world.server.backup();
    return;
  }
  if (world.life.serverBackup === undefined) return;
  count(world, 'server put back');
  world.life.isRough = true;
  world.life.serverBackup();
};

/** Time passes on every device, and what was to happen meanwhile happens. */
const pass = async (world: World, hours: number): Promise<void> => {
  count(world, 'time passed');
  world.life.elapsed.ms += hours * HOUR_MS;
  for (const device of world.devices) {
    device.life.time.advance(hours * HOUR_MS);
    await settled(device);
  }
};

const setClock = (world: World, { life: { time } }: Device, { rest }: Word): void => {
  if (rest.startsWith('x')) time.driftClock(Number(rest.slice(1)));
  else time.stepClock(Number(rest) * MINUTE_MS);
  count(world, rest.startsWith('x') ? 'clock runs fast or slow' : 'clock set');
};

const onDevice = async (world: World, device: Device, word: Word): Promise<void> => {
  const { trouble } = device.life;
  switch (word.verb) {
    case '+':
      return record(world, device, word);
    case '*':
      await Promise.all(device.life.tabs.map((_, tab) => record(world, device, { ...word, tab })));
      return undefined;
    case '!':
      return settle(world, device, word);
    case '?':
      return look(world, device, word.tab);
    case '~':
      return sync(world, device, word);
    case '-':
    case '=':
      return network(world, device, word);
    case '#':
      return kill(world, device, word);
    case '%':
      trouble.isCut = true;
      return count(world, 'connection lost');
    case '_':
    case '^':
      trouble.isFull = word.verb === '_';
      return trouble.isFull ? count(world, 'disk full') : undefined;
    case '@':
      return setClock(world, device, word);
    case '>':
      device.backup = await copyOf(device.disk, device.database);
      return undefined;
    case '<':
      return putBack(world, device);
    case '&':
      return clone(world, device);
    case ':':
      return pack(world, device);
    case '|':
      return lie(world, device, word);
    case '/': {
      const what = await update(world, device, word.rest === '+');
      return what === undefined ? undefined : count(world, what);
    }
    case '(':
    case ')':
    case '}':
      return changeAccess(world, device, word);
    case '$':
      return tamper(world, device, word);
    default:
      throw new RangeError(`no operation: ${word.verb}`);
  }
};

/** People are slower than machines: what follows an act by itself within a second has happened when the next one comes. */
const PACE_MS = 1_500;

/** Lives one word of a history. */
export const live = async (world: World, text: string): Promise<void> => {
  const word = readWord(text);
  if (word.verb === '.') return pass(world, Number(word.rest));
  if (word.who === 'S') return server(world, word);
  const device = world.devices.find(({ name }) => name === word.who);
  if (device === undefined) return; // a clone that was not made, in a history that was cut down
  await onDevice(world, device, word);
  world.life.elapsed.ms += PACE_MS;
  device.life.time.advance(PACE_MS);
  await settled(device);
  if (device.life.trouble.isDead) {
    count(world, 'program killed at a call to its disk');
    await restart(device, world.life.around);
  }
};

const HEALING_ROUNDS = 8;

/** Something of a device that everybody has not seen yet: what was hidden of it before shows when this comes. */
const recordSomething = async (world: World, device: Device): Promise<void> => {
  const { store } = tabOf(device, 0);
  const before = store.size();
  for (let at = 0; store.size() === before; at++)
    await record(world, device, { who: device.name, tab: 0, verb: '+', rest: `of-${device.name}-${at}` });
};

/** Everything works again: every device has room and a network, and syncs until nothing is left to exchange. */
export const heal = async (world: World): Promise<void> => {
  world.life.planned.clear();
  for (const device of world.devices) {
    device.isUpdated = true;
    await restart(device, world.life.around);
    setOnline(device, true);
    await settled(device);
  }
  if (world.life.outOfOrder.size > 0) for (const device of world.devices) await recordSomething(world, device);
  for (let round = 0; round < HEALING_ROUNDS; round++) {
    const before = [world.server.size(), ...world.devices.map((device) => tabOf(device, 0).store.size())].join();
    for (const device of world.devices) {
      setOnline(device, false); // a device greets when it comes online, and learns then what the server holds of it
      setOnline(device, true);
      await syncNow(device, 0);
    }
    const after = [world.server.size(), ...world.devices.map((device) => tabOf(device, 0).store.size())].join();
    if (before === after && round > 1) return;
  }
};

export const endWorld = async (world: World): Promise<void> => {
  for (const { life } of world.devices) for (const { store } of life.tabs) await store.close();
};
