/**
 * How a history is written: one word for each operation, so that it can be printed, read and lived again.
 *
 *   A0+3    in tab 0 of device A somebody tries to record something of subject 3
 *   A*3     somebody does so in every tab of A at once
 *   A0!3    somebody settles what is in conflict there
 *   A0?     somebody looks
 *   A0~qd   A syncs; its next messages meet what the letters say, see `MESSAGE_TROUBLE`
 *   A-  A=  A loses the network, and has it again · A=nnb and its first messages meet what the letters say
 *   A#      A's program is killed and started again · A#o4 killed at the 4th call to the disk while it starts, and started again
 *   A#7.    A's program will be killed before the 7th call to its disk from now takes effect · A#7! right after it did
 *   A%      A's next call to its disk finds the connection dead
 *   A_  A^  A's disk is full, and has room again
 *   A@-90   A's clock is set back by 90 minutes · A@x1.02 it runs at 1.02 times the pace of time from now on, until the program ends
 *   A>  A<  a copy of A's disk is put aside, and put back
 *   A&      a clone of A begins to live
 *   A/+ A/- A's application is updated to its next version, and rolled back
 *   A:      A packs its records and keeps its states
 *   A$b     somebody has A's disk in hand, does to it what the letter says, see `TAMPERINGS`, and puts it right again
 *   A|w     A syncs with a server that does what the letter says, see `dishonest.ts`, and is honest again after that
 *   A(B1    who administers on A lets in the user of B's tab 1 on that device, and takes back whoever was taken off
 *   A)B1    revokes the device for that user · A}B1 takes that user off
 *   .30     30 hours pass
 *   S>  S<  the server's data is backed up, and put back
 *   S$b     somebody alters the server's rows as the letter says, see `ROWS` in `serverRows.ts`, and they are put back
 */
import type { Draw } from './model.ts';

export const LETTERS = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'] as const;

export type Word = {
  readonly who: string;
  readonly tab: number;
  readonly verb: string;
  readonly rest: string;
};

const WORD = /^(?:(?<who>[A-HS])(?<tab>\d)?)?(?<verb>[+*!?~=#%_^@><&:$|/()}.-])(?<rest>.*)$/;

/** A word of a history. @throws RangeError */
export const readWord = (text: string): Word => {
  const found = WORD.exec(text)?.groups;
  if (found === undefined) throw new RangeError(`no operation: ${text}`);
  return {
    who: found['who'] ?? '',
    tab: Number(found['tab'] ?? 0),
    verb: found['verb'] ?? '',
    rest: found['rest'] ?? '',
  };
};

/** Which kinds of operation a history has, with their weights: how often each is drawn. */
export type Weights = Readonly<Record<Kind, number>>;

export const KINDS = [
  'record',
  'crowd',
  'settle',
  'look',
  'sync',
  'network',
  'kill',
  'crash',
  'connection',
  'room',
  'clock',
  'time',
  'restore',
  'clone',
  'server',
  'pack',
  'tamper',
  'lie',
  'update',
  'access',
  'corrupt',
  'drift',
  'intrude',
] as const;
export type Kind = (typeof KINDS)[number];

/** Everything that a careful operator and an honest world may do: nothing of it may leave a finding. */
export const HONEST: Weights = {
  ...{
    record: 46,
    crowd: 4,
    settle: 4,
    look: 8,
    sync: 20,
    network: 6,
    kill: 2,
    crash: 3,
    connection: 2,
    room: 2,
    clock: 1,
    time: 2,
  },
  ...{
    restore: 0,
    clone: 0,
    server: 0,
    pack: 0.5,
    tamper: 0,
    lie: 0,
    update: 0,
    access: 0,
    corrupt: 0,
    drift: 0,
    intrude: 0,
  },
};

/** With tablets that are set up from a copy of another one's disk, and go on beside it. */
export const CLONES: Weights = { ...HONEST, clone: 1 };

/** With copies of disks put back, and a server restored from an older backup. */
export const ROUGH: Weights = { ...CLONES, restore: 4, server: 2 };

/** With disks that somebody tampers with, and the rows of the server. */
export const TAMPERED: Weights = { ...HONEST, tamper: 6, intrude: 2, pack: 2 };

/** With a server that is dishonest now and then. */
export const DISHONEST: Weights = { ...HONEST, lie: 24 };

/** With an application that is updated, and rolled back, half-way through a fleet. */
export const FLEET: Weights = { ...HONEST, update: 5, pack: 2 };

/** With users and devices that are let in, and taken off while they go on. */
export const REVOKED: Weights = { ...HONEST, access: 16, drift: 1 };

/** With messages in which bits are flipped on their way, either way, and clocks that run too fast or too slow. */
export const NOISY: Weights = { ...HONEST, corrupt: 12, drift: 2 };

const SUBJECTS = 12;
const TABS = 2;
/** Letters of `MESSAGE_TROUBLE` that a network may do by itself. */
const NETWORK = 'nnnnqdrlsuit';
/** Bits flipped in answers and in requests. */
const CORRUPT = 'nab';
/** What is done to a disk, see `tampering.ts`: most often to what was recorded. */
const TAMPERING = 'bvvrrxxoomsp';
/** What is done to the server's rows, see `serverRows.ts`. */
const INTRUSIONS = 'bbvrrxxaahht';
/** What a server does, see `dishonest.ts`. */
const LIES = 'wmflllrrrhhtnoyk';
/** Who is let in, and what is revoked: a device for a user, or the user. */
const ACCESS = '(()})}';
const CLOCK_STEP_MIN = 3 * 24 * 60;
/** Far more than any clock is off, so that it tells within days. */
const [DRIFT_LEAST, DRIFT_STEP, DRIFT_STEPS] = [0.8, 0.05, 9];

const some = (draw: Draw, from: string, most: number): string =>
  Array.from({ length: draw(most + 1) }, () => from.charAt(draw(from.length))).join('');

/** States that are to be altered have to be kept first. */
const tampering = (who: string, letter: string): readonly string[] =>
  letter === 's' ? [`${who}:`, `${who}$s`] : [`${who}$${letter}`];

/** What is to be acknowledged and lost has to be recorded first, without the server. */
const lying = (tab: string, letter: string): readonly string[] => {
  const who = tab.charAt(0);
  return letter === 'k' ? [`${who}-`, `${tab}+0`, `${who}|k`] : [`${who}|${letter}`];
};

/** Half of the time all who use a device are let in at one go, as far as the network lets them; each is taken off alone. */
const changingAccess = (draw: Draw, device: string): readonly string[] => {
  const verb = ACCESS.charAt(draw(ACCESS.length));
  if (verb !== '(' || draw(2) === 0) return [`A${verb}${device}${draw(TABS)}`];
  const all = [`A(${device}0`, `A(${device}1`];
  return [...all, `${device}~`, 'A~', ...all];
};

const wordsOf = (draw: Draw, kind: Kind, devices: number): readonly string[] => {
  const who = LETTERS[draw(devices)] ?? 'A';
  const tab = `${who}${draw(TABS)}`;
  switch (kind) {
    case 'record':
      return [`${tab}+${draw(SUBJECTS)}`];
    case 'crowd':
      return [`${who}*${draw(SUBJECTS)}`];
    case 'settle':
      return [`${tab}!${draw(SUBJECTS)}`];
    case 'look':
      return [`${tab}?`];
    case 'sync':
      return [`${tab}~${draw(2) === 0 ? '' : some(draw, NETWORK, 4)}`];
    case 'network':
      return [`${who}${draw(2) === 0 ? '-' : '='}`];
    case 'kill':
      return [draw(3) === 0 ? `${who}#o${1 + draw(20)}` : `${who}#`];
    case 'crash':
      return [`${who}#${1 + draw(24)}${draw(2) === 0 ? '.' : '!'}`];
    case 'connection':
      return [`${who}%`];
    case 'room':
      return [`${who}${draw(4) === 0 ? '_' : '^'}`];
    case 'clock':
      return [`${who}@${draw(2 * CLOCK_STEP_MIN) - CLOCK_STEP_MIN}`];
    case 'time':
      return [`.${1 + draw(72)}`];
    case 'restore':
      return [`${who}${draw(2) === 0 ? '>' : '<'}`];
    case 'clone':
      return [`${who}&`];
    case 'server':
      return [`S${draw(2) === 0 ? '>' : '<'}`];
    case 'pack':
      return [`${who}:`];
    case 'update':
      return [`${who}/${draw(2) === 0 ? '+' : '-'}`];
    case 'corrupt':
      if (draw(2) === 0) return [`${tab}~${some(draw, CORRUPT, 4)}`];
      return [`${who}-`, `${tab}+${draw(SUBJECTS)}`, `${who}=nn${some(draw, CORRUPT, 3)}`]; // greeting, pull, push
    case 'drift':
      return [`${who}@x${(DRIFT_LEAST + draw(DRIFT_STEPS) * DRIFT_STEP).toFixed(2)}`];
    case 'access':
      return changingAccess(draw, LETTERS[1 + draw(devices - 1)] ?? 'B');
    case 'lie':
      return lying(tab, LIES.charAt(draw(LIES.length)));
    case 'intrude':
      return [`S$${INTRUSIONS.charAt(draw(INTRUSIONS.length))}`];
    case 'tamper':
      return tampering(who, TAMPERING.charAt(draw(TAMPERING.length)));
  }
};

/** A history of so many operations, drawn by chance. */
export const drawHistory = (
  draw: Draw,
  {
    operations,
    devices,
    weights,
  }: { readonly operations: number; readonly devices: number; readonly weights: Weights },
): readonly string[] => {
  const wheel = KINDS.flatMap((kind) => Array.from({ length: Math.round(weights[kind] * 20) }, () => kind));
  const words: string[] = [];
  while (words.length < operations) words.push(...wordsOf(draw, wheel[draw(wheel.length)] ?? 'record', devices));
  return words;
};
