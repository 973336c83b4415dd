/**
 * A server that is dishonest towards one device for one exchange, and honest again. What the exchange can show is found in it, by
 * name and place; what only a later one can show is noted, and looked for at the end. Nothing false is ever shown.
 */
import { fromBase64, toBase64 } from '../../crypto/bytes.ts';
import { readStoredCommit } from '../../crypto/readCommit.ts';
import { type Disturbance, UNDISTURBED } from '../network.ts';
import { type SimulatedRequest, type SimulatedServer, simulatedServer } from '../server.ts';
import { type Device, setOnline, settled, syncNow, TENANT, tabOf } from './device.ts';
import { logOf } from './logs.ts';
import type { Draw } from './model.ts';
import { drawn, otherBit, otherValue } from './tampering.ts';

/** One commit of a page, and where it belongs. */
type Paged = { readonly text: string; readonly replica: string; readonly first: number; readonly isHeld: boolean };

/** What was done to a page, and what has to be found of it: in this exchange, or whenever the author's next commit comes. */
type Lie = {
  readonly commits: readonly string[];
  readonly code?: string;
  readonly about?: Pick<Paged, 'replica' | 'first'>;
  readonly isLater?: true;
};

/** Makes another page of one that an honest server gives; undefined where it has nothing for that. */
type Alter = (page: readonly Paged[], draw: Draw) => Lie | undefined;

const textsOf = (page: readonly Paged[]): readonly string[] => page.map(({ text }) => text);

/** Puts other bytes in the place of a commit. */
const rewriting =
  (code: string, alter: (draw: Draw, bytes: Uint8Array) => Uint8Array | undefined): Alter =>
  (page, draw) => {
    const about = drawn(draw, page);
    const bytes = about && alter(draw, fromBase64(about.text));
    if (about === undefined || bytes === undefined) return undefined;
    return { commits: page.map((each) => (each === about ? toBase64(bytes) : each.text)), code, about };
  };

const SIGNATURE = [112, 176] as const;

/** Two commits of one author that the device does not hold, the earlier one first. */
const pairOf = (page: readonly Paged[], draw: Draw): readonly [Paged, Paged] | undefined => {
  const fresh = page.filter(({ isHeld }) => !isHeld);
  const nextOf = (one: Paged) => fresh.find(({ replica, first }) => replica === one.replica && first > one.first);
  const first = drawn(
    draw,
    fresh.filter((one) => nextOf(one) !== undefined),
  );
  const next = first && nextOf(first);
  return first && next && [first, next];
};

const leaveOut: Alter = (page, draw) => {
  const [about] = pairOf(page, draw) ?? [];
  if (about === undefined) return undefined;
  return { commits: textsOf(page.filter((each) => each !== about)), code: 'chain.gap', about };
};

const reorder: Alter = (page, draw) => {
  const [about, next] = pairOf(page, draw) ?? [];
  if (about === undefined || next === undefined) return undefined;
  const swapped = page.map((each) => (each === about ? next : each === next ? about : each));
  return { commits: textsOf(swapped), code: 'chain.gap', about };
};

/** The newest commits of an author are not there, and the page says that it is whole: another history than others are shown. */
const hide: Alter = (page, draw) => {
  const about = drawn(
    draw,
    page.filter(({ isHeld }) => !isHeld),
  );
  if (about === undefined) return undefined;
  const isHidden = ({ replica, first }: Paged) => replica === about.replica && first >= about.first;
  return { commits: textsOf(page.filter((each) => !isHidden(each))), code: 'chain.gap', about, isLater: true };
};

const repeat: Alter = (page) => (page.length === 0 ? undefined : { commits: [...textsOf(page), ...textsOf(page)] });

const PAGES: Readonly<Record<string, { readonly what: string; readonly alter: Alter }>> = {
  w: { what: 'an event rewritten', alter: rewriting('chain.leaf-mismatch', otherValue) },
  m: { what: 'a commit cut', alter: rewriting('commit.malformed', (_, bytes) => bytes.slice(0, -1)) },
  f: {
    what: 'a signature forged',
    alter: rewriting('signature.invalid', (draw, bytes) => otherBit(draw, bytes, SIGNATURE)),
  },
  l: { what: 'a commit left out', alter: leaveOut },
  r: { what: 'commits reordered', alter: reorder },
  h: { what: 'the newest of an author hidden', alter: hide },
  t: { what: 'everything given twice', alter: repeat },
};

export type Lied = {
  readonly what: string;
  readonly violations: readonly string[];
  /** A code that the device has now found, or has to have found at the end. */
  readonly code: string | undefined;
  readonly isLater: boolean;
};

/** The world as a dishonest server knows it. */
export type Liar = {
  readonly server: SimulatedServer;
  readonly draw: Draw;
  /** Stands between a device and the server, until it is taken away again. */
  readonly stand: (device: Device, meet: ((request: SimulatedRequest) => Disturbance) | undefined) => void;
  /** What the server has said to replicas that greeted it, oldest first. */
  readonly greetings: Map<string, string>;
  /** Codes of earlier lies to this device, which may come to light in any exchange. */
  readonly owed: ReadonlySet<string>;
};

const pageIn = (text: string, held: ReadonlySet<string>): readonly Paged[] => {
  const { commits }: { readonly commits: readonly string[] } = JSON.parse(text);
  return commits.map((each) => {
    const { replica, first } = readStoredCommit(fromBase64(each));
    return { text: each, replica, first, isHeld: held.has(`${replica}/${first}`) };
  });
};

export const foundOn = async (device: Device): Promise<readonly string[]> => {
  const { store, sync } = tabOf(device, 0);
  const { lastError = '' } = sync.status();
  const told = (await store.findings()).map(({ code, replica = '', sequence }) => `${code} ${replica}/${sequence}`);
  return [...told, lastError];
};

const UNREADABLE: readonly string[] = ['commit.malformed', 'commit.unsupported-format'];

/** True if what was found names the lie: bytes that cannot be read do not say whose they are, and a gap may have begun before. */
export const namesIt = (
  found: readonly string[],
  { code = '', about }: { readonly code?: string; readonly about?: Pick<Paged, 'replica' | 'first'> },
): boolean => {
  if (UNREADABLE.includes(code) || about === undefined) return found.some((each) => each.startsWith(code));
  const place = new RegExp(`^${code} ${about.replica}/(\\d+)$`);
  const from = code === 'chain.gap' ? 1 : about.first;
  return found.some((each) => Number(place.exec(each)?.[1] ?? 0) >= from);
};

const lieInPage = async (device: Device, letter: string, { draw, stand, owed }: Liar): Promise<Lied | undefined> => {
  const found = PAGES[letter];
  if (found === undefined) throw new RangeError(`no lie: ${letter}`);
  const held = new Set((await logOf(device)).map(({ place }) => place));
  const before = new Set(await foundOn(device));
  const lies: Lie[] = [];
  const alter = (text: string): string => {
    const lie = found.alter(pageIn(text, held), draw);
    if (lie === undefined) return text;
    lies.push(lie);
    return JSON.stringify({ ...JSON.parse(text), commits: lie.commits });
  };
  stand(device, ({ kind }) => (kind === 'pull' && lies.length === 0 ? { kind: 'alter-answer', alter } : UNDISTURBED));
  await syncNow(device, 0);
  stand(device, undefined);
  const [told] = lies;
  if (told === undefined) return undefined;
  const { code, isLater = false } = told;
  const after = await foundOn(device);
  const violations: string[] = [];
  const tell = (what: string) =>
    violations.push(
      `(g) ${device.name} is given ${found.what} (${told.about?.replica}/${told.about?.first}), and ${what}`,
    );
  const isOwed = (each: string) => owed.has(each.split(' ')[0] ?? '');
  const isFalse = (each: string) => each !== '' && !before.has(each) && !isOwed(each);
  if (code === undefined && after.some(isFalse)) tell(`finds ${after}`);
  if (code !== undefined && !isLater && !namesIt(after, told)) tell(`finds ${after}`);
  return { what: found.what, violations, code, isLater };
};

/** A greeting that is not the server's of this moment, and what has to be found of it. */
type Greeting = { readonly what: string; readonly text: string; readonly code: string };

const greetingFor = async (
  device: Device,
  letter: string,
  { server, draw, greetings }: Liar,
): Promise<Greeting | undefined> => {
  const { replica } = tabOf(device, 0).store;
  if (letter === 'n') {
    const other = await simulatedServer({ tenant: TENANT });
    const text = await other.answer({ kind: 'hello', replica });
    return { what: 'a greeting under another key', text, code: 'server.key-changed' };
  }
  if (letter === 'o') {
    const text = greetings.get(replica);
    return text === undefined ? undefined : { what: 'an old checkpoint', text, code: 'server.rolled-back' };
  }
  const authors = new Set(server.commits().map((bytes): string => readStoredCommit(bytes).replica));
  authors.delete(replica);
  const author = drawn(draw, [...authors]);
  if (author === undefined) return undefined;
  const text = await server.answer({ kind: 'hello', replica: author });
  return { what: 'the receipt of another device', text, code: 'receipt.mismatch' };
};

export const acknowledgedBy = async (device: Device): Promise<number> => {
  const storage = await device.disk.open(device.database);
  const { sync } = await storage.readMarks();
  await storage.close();
  return Number(Object(sync)['acknowledged'] ?? 0);
};

const lieInGreeting = async (device: Device, letter: string, liar: Liar): Promise<Lied | undefined> => {
  await syncNow(device, 0);
  const greeting = await greetingFor(device, letter, liar);
  // before the first receipt there is nothing that a server could take back, and before the first greeting no key to change
  if (greeting === undefined || (await acknowledgedBy(device)) === 0) return undefined;
  const { what, text, code } = greeting;
  const { sync } = tabOf(device, 0);
  sync.setOnline(false);
  let isGiven = false;
  liar.stand(device, ({ kind }) => {
    if (kind !== 'hello' || isGiven) return UNDISTURBED;
    isGiven = true;
    return { kind: 'alter-answer', alter: () => text };
  });
  sync.setOnline(true);
  await settled(device);
  liar.stand(device, undefined);
  const found = await foundOn(device);
  const violations = found.some((each) => each.startsWith(code))
    ? []
    : [`(g) ${device.name} is given ${what}, and finds ${found}`];
  return { what, violations, code, isLater: false };
};

/** Takes what is pushed, gives a receipt, and loses it. */
const acknowledgeAndLose = async (device: Device, { server, stand }: Liar): Promise<Lied | undefined> => {
  const backups: (() => void)[] = [];
  stand(device, ({ kind }) => {
    if (kind === 'push') backups.push(server.backup());
    return UNDISTURBED;
  });
  const before = await acknowledgedBy(device);
  tabOf(device, 0).sync.setOnline(true);
  await syncNow(device, 0);
  stand(device, undefined);
  const [lose] = backups;
  if (lose === undefined || (await acknowledgedBy(device)) === before) return undefined;
  lose();
  return { what: 'what was acknowledged lost', violations: [], code: 'server.rolled-back', isLater: true };
};

const lieBy = (letter: string): ((device: Device, letter: string, liar: Liar) => Promise<Lied | undefined>) => {
  if (letter === 'k') return (device, _, liar) => acknowledgeAndLose(device, liar);
  return 'noy'.includes(letter) ? lieInGreeting : lieInPage;
};

/** True if nothing else goes wrong on a device: one thing at a time. */
export const isWell = ({ life: { trouble } }: Device): boolean =>
  !trouble.isDead && !trouble.isFull && !trouble.isCut && trouble.crash === undefined;

/** Only one tab goes on exchanging: another has not met what this one is to meet. */
export const withOneTab = async (device: Device): Promise<void> => {
  for (const { sync } of device.life.tabs.slice(1)) sync.setOnline(false);
  await settled(device);
};

/** One dishonest exchange. @returns what was done, with what did not hold; undefined if there was nothing to lie about */
export const lieTo = async (device: Device, letter: string, liar: Liar): Promise<Lied | undefined> => {
  if (!isWell(device) || (!device.isOnline && letter !== 'k')) return undefined;
  await withOneTab(device);
  const lied = await lieBy(letter)(device, letter, liar);
  setOnline(device, true);
  await settled(device);
  return lied;
};
