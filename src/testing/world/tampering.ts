/**
 * Somebody has a device's disk in hand, below the program and past its encryption, and changes what was recorded. It has to be
 * found by name and place: by the program that runs, at its next verification, and by one that is started on that disk. Then the
 * disk is put right again, to the byte, and the history goes on.
 *
 * What is derived or said again by the server is no record: altered, it must change nothing of what is shown.
 */
import { isStoreError } from '../../core/errors.ts';
import { isRecord } from '../../core/json.ts';
import { replicaIdOf } from '../../crypto/chain.ts';
import { decodeFrame } from '../../crypto/commitBytes.ts';
import { readStoredCommit } from '../../crypto/readCommit.ts';
import type { MemoryDatabase } from '../../storage/memory.ts';
import type { StoredRecord } from '../../storage/port.ts';
import type { VerifyFinding } from '../../verify/index.ts';
import { type Device, killProgram, modelOn, restart, type Surroundings, tabOf } from './device.ts';
import { logOf, pictureOf, subjectsIn } from './logs.ts';
import type { Draw } from './model.ts';

/** Where something was done: positions of the log, from and below, and sequences of replicas, both ends included. */
type Place = {
  readonly positions: readonly (readonly [from: number, below: number])[];
  readonly sequences: ReadonlyMap<string, readonly [from: number, to: number]>;
};

/** What was done. `due`: what has to come of it. */
type Done =
  | { readonly due: 'place'; readonly place: Place }
  | { readonly due: 'receipt' }
  | { readonly due: 'the same picture' };

/** Does something to a database; undefined where there is nothing that it could be done to. */
type Tamper = (database: MemoryDatabase, draw: Draw) => Done | undefined;

const endOf = ({ position, commits }: StoredRecord): number =>
  commits.reduce<number>((end, { events }) => end + events, position);

/** Whose these bytes are and where they belong, by what they say themselves: nothing where they can no longer be read. */
export const claimOf = (bytes: Uint8Array): readonly (readonly [replica: string, first: number])[] => {
  try {
    const { publicKey, first } = decodeFrame(bytes);
    return [[replicaIdOf(publicKey), first]];
  } catch {
    return [];
  }
};

/** The place of records, by the names of what was there, and of what is there instead: after a flipped bit of its key a commit calls itself another's. */
const placeOf = (records: readonly StoredRecord[], instead: readonly Uint8Array[] = []): Done => {
  const sequences = new Map<string, readonly [number, number]>();
  const add = (replica: string, first: number, events: number): void => {
    const [from, to] = sequences.get(replica) ?? [first, first];
    sequences.set(replica, [Math.min(from, first), Math.max(to, first + events - 1)]);
  };
  const commits = records.flatMap((record) => record.commits);
  for (const { bytes, events } of commits) for (const [replica, first] of claimOf(bytes)) add(replica, first, events);
  for (const [replica, first] of instead.flatMap(claimOf)) add(replica, first, 1);
  return { due: 'place', place: { positions: records.map((record) => [record.position, endOf(record)]), sequences } };
};

const put = (database: MemoryDatabase, ...changed: readonly StoredRecord[]): void => {
  database.records = database.records.map(
    (record) => changed.find(({ position }) => position === record.position) ?? record,
  );
};

export const drawn = <T>(draw: Draw, all: readonly T[]): T | undefined =>
  all.length === 0 ? undefined : all[draw(all.length)];

/** The bytes with one bit of another value, between two places. */
export const otherBit = (
  draw: Draw,
  bytes: Uint8Array,
  [from, below]: readonly [number, number] = [0, bytes.length],
): Uint8Array => {
  const at = from + draw(below - from);
  return bytes.map((byte, index) => (index === at ? byte ^ (1 << draw(8)) : byte));
};

/** Alters one commit, where there is something in it to alter. */
const alterCommit =
  (alter: (draw: Draw, bytes: Uint8Array) => Uint8Array | undefined): Tamper =>
  (database, draw) => {
    const record = drawn(draw, database.records);
    const commit = drawn(draw, record?.commits ?? []);
    const bytes = commit && alter(draw, commit.bytes);
    if (record === undefined || commit === undefined || bytes === undefined) return undefined;
    const done = placeOf([{ ...record, commits: [commit] }], [bytes]);
    put(database, { ...record, commits: record.commits.map((each) => (each === commit ? { ...each, bytes } : each)) });
    return done;
  };

const FIRST_DIGIT = /"payload":\{[^}\d]*(?=\d)/g;

/** Another digit in a value that somebody recorded: the bytes stay well-formed. */
export const otherValue = (draw: Draw, bytes: Uint8Array): Uint8Array | undefined => {
  const text = String.fromCharCode(...bytes);
  const found = drawn(draw, [...text.matchAll(FIRST_DIGIT)]);
  if (found === undefined) return undefined;
  const at = found.index + found[0].length;
  return bytes.map((byte, index) => (index === at ? 0x31 + ((byte - 0x30 + draw(8)) % 9) : byte));
};

const removeRow: Tamper = (database, draw) => {
  const record = drawn(draw, database.records);
  if (record === undefined) return undefined;
  database.records = database.records.filter((each) => each !== record);
  database.packed = database.packed.filter(({ at }) => at !== record.position);
  return placeOf([record]);
};

const replicasIn = ({ commits }: StoredRecord): ReadonlySet<string> =>
  new Set(commits.map(({ bytes }): string => readStoredCommit(bytes).replica));

/** Two rows with commits of one replica, the earlier one first. The order of commits of which none knew the other is nobody's. */
const twoRows = (database: MemoryDatabase, draw: Draw): readonly [StoredRecord, StoredRecord] | undefined => {
  const later = drawn(draw, database.records);
  if (later === undefined) return undefined;
  const authors = replicasIn(later);
  const shares = (each: StoredRecord) => [...replicasIn(each)].some((replica) => authors.has(replica));
  const earlier = drawn(
    draw,
    database.records.filter((each) => each.position < later.position && shares(each)),
  );
  return earlier && [earlier, later];
};

const swapRows: Tamper = (database, draw) => {
  const rows = twoRows(database, draw);
  if (rows === undefined) return undefined;
  const [first, second] = rows;
  put(database, { ...first, commits: second.commits }, { ...second, commits: first.commits });
  return placeOf(rows);
};

const putOlderRow: Tamper = (database, draw) => {
  const rows = twoRows(database, draw);
  if (rows === undefined) return undefined;
  const [first, second] = rows;
  put(database, { ...second, commits: first.commits });
  return placeOf(rows);
};

const alterReceipt: Tamper = (database, draw) => {
  const { sync } = database.marks;
  if (!isRecord(sync) || !isRecord(sync['receipt']) || typeof sync['receipt']['note'] !== 'string') return undefined;
  const { note } = sync['receipt'];
  const at = draw(note.length);
  const other = note.charAt(at) === 'x' ? 'y' : 'x';
  const receipt = { ...sync['receipt'], note: note.slice(0, at) + other + note.slice(at + 1) };
  database.marks = { ...database.marks, sync: { ...sync, receipt } };
  return { due: 'receipt' };
};

const putOlderMarks: Tamper = (database) => {
  const { sync: _, ...rest } = database.marks;
  database.marks = rest;
  return { due: 'the same picture' };
};

const alterStates: Tamper = ({ snapshots }, draw) => {
  const [name, bytes] = drawn(draw, [...snapshots]) ?? [];
  if (name === undefined || bytes === undefined) return undefined;
  snapshots.set(name, otherBit(draw, bytes));
  return { due: 'the same picture' };
};

/** What a letter does to a disk, and what it is called. */
export const TAMPERINGS: Readonly<Record<string, { readonly what: string; readonly tamper: Tamper }>> = {
  b: { what: 'a bit of a commit flipped', tamper: alterCommit((draw, bytes) => otherBit(draw, bytes)) },
  v: { what: 'a value altered', tamper: alterCommit(otherValue) },
  r: { what: 'a row removed', tamper: removeRow },
  x: { what: 'two rows swapped', tamper: swapRows },
  o: { what: 'a row put in the place of a later one', tamper: putOlderRow },
  m: { what: 'the receipt altered', tamper: alterReceipt },
  p: { what: 'the marks of sync put back', tamper: putOlderMarks },
  s: { what: 'kept states altered', tamper: alterStates },
};

const POSITIONS = /^positions (?<from>\d+) to (?<to>\d+)$/;

/** True if the finding names what was done and where. */
const names = ({ positions, sequences }: Place, { code, replica, sequence = 0, what = '' }: VerifyFinding): boolean => {
  if (code === 'storage.corrupt') {
    const { from, to } = POSITIONS.exec(what)?.groups ?? {};
    return positions.some(([start, below]) => Number(from) < below && Number(to) >= start);
  }
  const [from, to] = sequences.get(replica ?? '') ?? [];
  return from !== undefined && to !== undefined && sequence >= from && sequence <= to;
};

const isMet = (done: Done, findings: readonly VerifyFinding[]): boolean => {
  if (done.due === 'the same picture') return findings.length === 0;
  if (done.due === 'receipt') return findings.some(({ what }) => what === 'receipt');
  return findings.some((finding) => names(done.place, finding));
};

const imageOf = (database: MemoryDatabase): (() => void) => {
  const { records, packed, marks, size, findings, snapshots, identities } = database;
  const image = { records: [...records], packed: [...packed], marks, size, identities: [...identities] };
  const maps = { findings: new Map(findings), snapshots: new Map(snapshots) };
  return () => void Object.assign(database, image, maps);
};

/** `refused`: the program did not start on this disk, with this code. */
type Started = { readonly findings: readonly VerifyFinding[] } | { readonly refused: string };

/** A program that is started on the disk as it is, and looks. */
const startOn = async (device: Device, around: Surroundings): Promise<Started> => {
  try {
    await restart(device, around);
    return await tabOf(device, 0).store.verify();
  } catch (error) {
    return { refused: isStoreError(error) ? error.code : String(error) };
  }
};

/** What is shown, but for what is not confirmed: without its marks a device asks the server for everything anew. */
const withoutPending = (shown: unknown): string =>
  JSON.stringify(shown, (name, value: unknown) => (name === 'pending' ? undefined : value));

const codesOf = (findings: readonly VerifyFinding[]): string =>
  findings.length === 0
    ? 'nothing'
    : findings
        .map(({ code, replica = '', sequence = '', what = '' }) => [code, replica, sequence, what].join(' '))
        .join();

export type Tampered = { readonly what: string; readonly violations: readonly string[] };

/**
 * Tampers with a disk, has the device look, and puts the disk right again.
 * @returns what was done, with what did not hold; undefined if there was nothing to do it to
 */
export const tamperWith = async (
  device: Device,
  { letter, draw, around }: { readonly letter: string; readonly draw: Draw; readonly around: Surroundings },
): Promise<Tampered | undefined> => {
  const found = TAMPERINGS[letter];
  if (found === undefined) throw new RangeError(`no tampering: ${letter}`);
  if (device.life.trouble.isDead) return undefined; // killed while time passed: it is started again after this
  const database = device.disk.below(device.database);
  const { isOnline, marker } = device;
  const [putRight, kept] = [imageOf(database), marker.text];
  const model = modelOn(device, around.model);
  const subjects = subjectsIn(model, await logOf(device));
  const picture = (): string => withoutPending(pictureOf(model, tabOf(device, 0).store, subjects));
  const shown = picture();
  Object.assign(device.life.trouble, { isFull: false, isCut: false, crash: undefined });
  const done = found.tamper(database, draw);
  if (done === undefined) return undefined;
  const violations: string[] = [];
  const tell = (who: string, what: string) => violations.push(`(g) ${device.name}: ${found.what}, and ${who} ${what}`);
  const { findings } = await tabOf(device, 0).store.verify();
  if (done.due === 'place' && !isMet(done, findings)) tell('the program that runs', `finds ${codesOf(findings)}`);
  device.isOnline = false;
  const started = await startOn(device, around);
  if ('refused' in started) {
    // a commit that cannot even be read: where rows are sealed, the row does not open and is passed
    if (letter !== 'b') tell('a program', `does not start: ${started.refused}`);
  } else {
    if (!isMet(done, started.findings)) tell('a program started on it', `finds ${codesOf(started.findings)}`);
    if (done.due === 'the same picture' && picture() !== shown) tell('a program', 'shows something else');
  }
  killProgram(device);
  putRight();
  marker.text = kept;
  device.isOnline = isOnline;
  await restart(device, around);
  return { what: `disk: ${found.what}`, violations };
};
