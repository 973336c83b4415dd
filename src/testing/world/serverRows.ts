/**
 * Somebody has the server's database in hand, below the server, and alters its rows. It has to be found by name and place: by the check of
 * the server's rows at once; by a device that is set up on that day, where a device can see it at all; and by a device of the world in
 * the exchange that brings it. Then the operator puts the copy of before back, and what was sent meanwhile is sent again.
 */
import type { Head } from '../../core/commit.ts';
import { hash32 } from '../../core/ids.ts';
import { sequence } from '../../core/position.ts';
import { readStoredCommit } from '../../crypto/readCommit.ts';
import { type ServerRow, type VerifyFinding, verifyRows } from '../../verify/index.ts';
import type { ServerTables, SimulatedServer } from '../server.ts';
import { type Device, killProgram, makeDevice, type Surroundings, settled, syncNow, tabOf } from './device.ts';
import { acknowledgedBy, foundOn, isWell, namesIt, withOneTab } from './dishonest.ts';
import { logOf } from './logs.ts';
import { FLIPPED_IN_COMMITS } from './messages.ts';
import type { Draw } from './model.ts';
import { claimOf, drawn, otherBit, otherValue } from './tampering.ts';

/** A commit by the name that its bytes have. */
type Named = { readonly replica: string; readonly first: number; readonly last: number };

/**
 * What was done. `places`: one of them has to be named. `codes`: what a device finds that is given it; `shown`: to a device that has nothing of that
 * author from the first of `places` on, it has to be.
 */
type Done = {
  readonly tables: ServerTables;
  readonly places: readonly Named[];
  readonly codes: readonly string[];
  readonly shown: boolean;
  /** Whose exchange it is that shows it, where it is not that of anybody. */
  readonly author?: { readonly replica: string; readonly sequence: number };
};

type Alter = (tables: ServerTables, draw: Draw) => Done | undefined;

const nameOf = ({ bytes }: ServerRow): Named => {
  const { replica, first, events } = readStoredCommit(bytes);
  return { replica, first, last: first + events.length - 1 };
};

const alterBytes =
  (codes: readonly string[], alter: (draw: Draw, bytes: Uint8Array) => Uint8Array | undefined): Alter =>
  (tables, draw) => {
    const row = drawn(draw, tables.commits);
    const bytes = row && alter(draw, row.bytes);
    if (row === undefined || bytes === undefined) return undefined;
    const commits = tables.commits.map((each) => (each === row ? { ...row, bytes } : each));
    const claims = claimOf(bytes).map(([replica, first]) => ({ replica, first, last: first + row.events - 1 }));
    return { tables: { ...tables, commits }, places: [nameOf(row), ...claims], codes, shown: true };
  };

const laterOf = (
  { commits }: ServerTables,
  { replica, first }: Pick<Named, 'replica' | 'first'>,
): readonly ServerRow[] => commits.filter((each) => each.replica === replica && each.first > first);

const removeRow: Alter = (tables, draw) => {
  const row = drawn(draw, tables.commits);
  if (row === undefined) return undefined;
  const commits = tables.commits.filter((each) => each !== row);
  const shown = laterOf(tables, row).length > 0;
  return { tables: { ...tables, commits }, places: [nameOf(row)], codes: ['chain.gap'], shown };
};

/** Two commits of one author stand in each other's place. */
const swapRows: Alter = (tables, draw) => {
  const row = drawn(draw, tables.commits);
  const other = row && drawn(draw, laterOf(tables, row));
  if (row === undefined || other === undefined) return undefined;
  const { position, ...rest } = row;
  const { position: otherPosition, ...otherRest } = other;
  const commits = tables.commits.map((each) => {
    if (each === row) return { ...otherRest, position };
    return each === other ? { ...rest, position: otherPosition } : each;
  });
  return { tables: { ...tables, commits }, places: [row, other].map(nameOf), codes: ['chain.gap'], shown: true };
};

/** A row says that its commit is of somebody else: who asks for all but their own is not given it, or given what is their own. */
const alterSender: Alter = (tables, draw) => {
  const row = drawn(draw, tables.commits);
  const isFree = (replica: string) =>
    !tables.commits.some((each) => each.replica === replica && each.first === row?.first);
  const replica = drawn(draw, [...tables.heads.keys()].filter(isFree));
  if (row === undefined || replica === undefined) return undefined;
  const commits = tables.commits.map((each) => (each === row ? { ...row, replica } : each));
  return { tables: { ...tables, commits }, places: [nameOf(row)], codes: ['chain.gap'], shown: false };
};

/** The end of an author's chain is what it was earlier; or another chain's. */
const alterHead: Alter = (tables, draw) => {
  const [replica, head] = drawn(draw, [...tables.heads]) ?? [];
  if (replica === undefined || head === undefined) return undefined;
  const earlier = drawn(
    draw,
    tables.commits.filter((each) => each.replica === replica && each.first + each.events - 1 < head.sequence),
  );
  const other: Head =
    earlier === undefined
      ? { ...head, link: hash32(otherBit(draw, head.link)) }
      : { sequence: sequence(earlier.first + earlier.events - 1), link: hash32(earlier.link) };
  const heads = new Map(tables.heads).set(replica, other);
  const ends = { replica, first: other.sequence, last: other.sequence + 1 };
  const done = { tables: { ...tables, heads }, places: [ends], shown: false };
  if (earlier === undefined) return { ...done, codes: ['receipt.mismatch'] };
  return { ...done, codes: ['server.rolled-back'], author: { replica, sequence: other.sequence } };
};

/** What the server signs is not the tree of what it holds. */
const alterTree: Alter = (tables, draw) => {
  const { frontier, ...log } = tables.log;
  const at = draw(Math.max(1, frontier.peaks.length));
  if (frontier.peaks.length === 0) return undefined;
  const peaks = frontier.peaks.map((peak, index) => (index === at ? hash32(otherBit(draw, peak)) : peak));
  return {
    tables: { ...tables, log: { ...log, frontier: { ...frontier, peaks } } },
    places: [],
    codes: [],
    shown: false,
  };
};

/** What a letter does to the server's rows, and what it is called. */
export const ROWS: Readonly<Record<string, { readonly what: string; readonly alter: Alter }>> = {
  b: {
    what: 'a bit of a commit flipped',
    alter: alterBytes(FLIPPED_IN_COMMITS, (draw, bytes) => otherBit(draw, bytes)),
  },
  v: { what: 'a value altered', alter: alterBytes(['chain.leaf-mismatch'], otherValue) },
  r: { what: 'a commit removed', alter: removeRow },
  x: { what: 'two commits swapped', alter: swapRows },
  a: { what: 'the sender of a commit changed', alter: alterSender },
  h: { what: "an author's head changed", alter: alterHead },
  t: { what: 'the tree changed', alter: alterTree },
};

/** The world as somebody knows it who has the server's database. */
export type Intruder = {
  readonly server: SimulatedServer;
  readonly devices: readonly Device[];
  readonly draw: Draw;
  readonly around: Surroundings;
  /** Devices that something was kept from before: they may not be given what others are. */
  readonly behind: ReadonlySet<string>;
};

async function* each<T>(all: readonly T[]): AsyncGenerator<T> {
  yield* all;
}

/** What the check of the server's rows finds. */
const checkedRows = async (server: SimulatedServer): Promise<readonly VerifyFinding[]> => {
  const { commits, heads, log } = server.tables();
  const options = { tenant: server.tenant, heads: Object.fromEntries(heads), log };
  return (await verifyRows(each(commits), options)).findings;
};

const isNamed = ({ places }: Done, { replica, sequence: at = 0, what = '' }: VerifyFinding): boolean =>
  places.length === 0
    ? what.startsWith('log: ')
    : places.some((place) => place.replica === replica && at >= place.first && at <= place.last);

const isFoundBy = ({ codes, places }: Done, found: readonly string[]): boolean =>
  codes.some((code) => places.some((about) => namesIt(found, { code, about })));

let newcomers = 0;

/** What a device finds that is set up on that day, and has nothing yet. */
const newcomerFinds = async (around: Surroundings): Promise<readonly string[]> => {
  const device = await makeDevice('Z', `newcomer-${++newcomers}`, around);
  await syncNow(device, 0);
  await settled(device);
  const found = await foundOn(device);
  killProgram(device);
  return found.filter((each) => each !== '');
};

/** True if this device has to find it in its next exchange. */
const isDueOn = async (device: Device, { places: [about], shown, author }: Done): Promise<boolean> => {
  const { replica } = tabOf(device, 0).store;
  if (author !== undefined) return replica === author.replica && (await acknowledgedBy(device)) > author.sequence;
  if (!shown || about === undefined || about.replica === replica) return false;
  return !(await logOf(device)).some((each) => each.replica === about.replica && each.first >= about.first);
};

/** A device greets, pulls and sends. */
const exchange = async (device: Device): Promise<readonly string[]> => {
  const { sync } = tabOf(device, 0);
  sync.setOnline(false);
  sync.setOnline(true);
  await settled(device);
  await syncNow(device, 0);
  return foundOn(device);
};

export type AlteredRows = {
  readonly what: string;
  readonly violations: readonly string[];
  /** The device of the world that has exchanged with the altered rows, and what it may find of that. */
  readonly met: { readonly device: Device; readonly codes: readonly string[] } | undefined;
};

/** Alters rows of the server, has them looked at, and puts the copy of before back. @returns undefined if there was nothing to alter */
export const alterRows = async (letter: string, intruder: Intruder): Promise<AlteredRows | undefined> => {
  const { server, devices, draw, around, behind } = intruder;
  const found = ROWS[letter];
  if (found === undefined) throw new RangeError(`nothing is done to the server's rows by: ${letter}`);
  const done = found.alter(server.tables(), draw);
  if (done === undefined) return undefined;
  const ready = devices.filter((each) => each.isOnline && isWell(each));
  const author = ready.find((each) => tabOf(each, 0).store.replica === done.author?.replica);
  const device = author ?? drawn(draw, ready);
  if (device !== undefined) await withOneTab(device);
  for (const each of devices) await settled(each); // what another one sends meanwhile would be lost too
  const putBack = server.backup();
  server.putTables(done.tables);
  const violations: string[] = [];
  const tell = (who: string, what: readonly string[]) =>
    violations.push(`(g) server: ${found.what}, and ${who} finds ${what.length === 0 ? 'nothing' : what}`);
  const checked = await checkedRows(server);
  if (!checked.some((each) => isNamed(done, each)))
    tell(
      'the check of its rows',
      checked.map(({ code, replica, sequence: at }) => `${code} ${replica}/${at}`),
    );
  const newcomer = await newcomerFinds(around);
  if (done.shown !== isFoundBy(done, newcomer)) tell('a device that is set up', newcomer);
  if (device !== undefined) {
    const isDue = !behind.has(device.name) && (await isDueOn(device, done));
    const told = await exchange(device);
    if (isDue && !isFoundBy(done, told)) tell(device.name, told);
  }
  putBack();
  if (device !== undefined) for (const { sync } of device.life.tabs) sync.setOnline(true);
  const met = device && { device, codes: [...done.codes, 'server.rolled-back'] };
  return { what: found.what, violations, met };
};
