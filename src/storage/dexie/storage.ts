/** One open database as `EventStorage`. */
import { StoreError } from '../../core/errors.ts';
import { loadPart } from '../../core/part.ts';
import type { Clock, Scheduler } from '../../core/ports.ts';
import type { Size } from '../../core/position.ts';
import type { AppendOutcome, AppendRequest, Durability, EventStorage } from '../port.ts';
import type { Mending } from '../tornLog.ts';
import { type Appending, appendAgain, appendingOf, appendOnce, endOf } from './appending.ts';
import type { Cipher } from './cipher.ts';
import type { Connection } from './connection.ts';
import { keepDamage } from './damage.ts';
import type { Hints } from './hints.ts';
import { knownSize } from './knownSize.ts';
import { LAYOUT } from './layout.ts';
import { type Link, linkOver, type Opened } from './link.ts';
import { findPacked, logSize, readLog, readLogAt, readPackedTo } from './log.ts';
import { startLookout } from './lookout.ts';
import { type Page, untilAwake } from './page.ts';
import { watchPauses } from './pauses.ts';
import type { Presence } from './presence.ts';
import { type Memory, rememberDatabase } from './remembered.ts';
import { readAllIdentities } from './sideReads.ts';
import { sideTablesOf, type Use } from './sideTables.ts';
import type { Turns } from './turns.ts';
import { isSameDatabase } from './unlock.ts';
import type { Watch } from './watchdog.ts';

/** Which appends are read back before they are reported. */
export type ReadBack = 'always' | 'after a pause';

export type Parts = {
  readonly connection: Connection;
  /** What names the database, and what opens its rows. */
  readonly id: Uint8Array;
  readonly cipher: Cipher;
  readonly mending: Mending;
  /** Opens the database again, if it is there. */
  readonly reopen: () => Promise<Connection>;
  readonly watch: Watch;
  readonly hints: Hints;
  readonly turns: Turns;
  readonly presence: Presence;
  readonly page: Page | undefined;
  readonly scheduler: Scheduler;
  readonly clock: Pick<Clock, 'uptimeMs' | 'nowMs'>;
  readonly durability: Exclude<Durability, 'memory'>;
  readonly readBack: ReadBack;
};

type Wired = Parts & { readonly link: Link; readonly use: Use; readonly memory: Memory };

/** Sweeping is a courtesy to the disk: what hinders it is met again by the next packing. */
const sweep = async ({ use, presence, durability }: Wired): Promise<void> => {
  try {
    const { sweepSome } = await import('./sweep.ts');
    await presence.alone(async () => {
      while (await use((connection) => sweepSome(connection, durability)));
    });
  } catch {
    // Nothing is wrong with the log: the stubs are there still.
  }
};

/** The size of the log, which never shrinks under a live connection. */
const sizeOf = async (opened: Opened, memory: Memory): Promise<Size> => {
  const least = memory.size();
  const now = await logSize(opened);
  if (now < least) throw new StoreError('storage.connection-lost', { size: least, found: now });
  memory.sawSize(now);
  return now;
};

const appenderOf = (wired: Wired) => {
  const { link, mending, cipher, hints, turns, presence, page, clock, durability, memory, readBack } = wired;
  const known = knownSize(presence);
  const pauses = watchPauses(page, clock);
  const once = async (connection: Opened, appending: Appending, isLate: boolean): Promise<AppendOutcome> => {
    // Whoever had its turn before this one has most likely appended: looking costs less than a failed append.
    if (isLate && (await logSize(connection)) !== appending.expectedSize) return { kind: 'conflict' };
    const learn = known.learner(connection);
    const wasSize = known.is(connection, appending.expectedSize);
    const isDoubtful = pauses.hasPassed() || readBack === 'always';
    const outcome = await appendOnce(connection, appending, { wasSize, isDoubtful });
    if (outcome.kind === 'appended') learn(outcome.size);
    return outcome;
  };
  const append = async (request: AppendRequest): Promise<AppendOutcome> => {
    const mended = mending.done();
    const appending = await appendingOf(request, cipher, durability);
    await mended;
    const isLate = turns.isWanted();
    if (isLate) await turns.begin();
    try {
      const outcome = await link.use({
        once: (connection) => once(connection, appending, isLate),
        again: (connection) => appendAgain(connection, appending),
      });
      if (outcome.kind === 'appended') {
        memory.sawSize(outcome.size);
        if (endOf(appending) > appending.expectedSize) hints.announce();
        turns.end();
      } else await turns.overtaken();
      return outcome;
    } catch (error) {
      turns.end();
      throw error;
    }
  };
  const size = () =>
    link.use(
      twice(async (connection) => {
        const learn = known.learner(connection);
        return learn(await sizeOf(connection, memory));
      }),
    );
  return { append, size, close: pauses.close };
};

/** A call that may be made twice. */
const twice = <T>(work: (opened: Opened) => Promise<T>) => ({ once: work, again: work });

/** A link to the database whose keys were opened, and to no other one. */
const linkOf = (parts: Parts, memory: Memory): Link => {
  const { id, cipher, watch, page } = parts;
  const opened = (connection: Connection): Opened => ({ ...connection, cipher });
  return linkOver(opened(parts.connection), {
    reopen: async () => opened(await parts.reopen()),
    watch,
    ready: () => untilAwake(page),
    checkSame: async (connection) => {
      if (!(await isSameDatabase(connection.native, id))) {
        throw new StoreError('storage.lost', { what: 'identity', size: memory.size() });
      }
      memory.check({ size: await logSize(connection), identities: await readAllIdentities(connection) });
    },
  });
};

/** The port over an open connection. */
export const eventStorage = (parts: Parts): EventStorage => {
  const { mending, cipher, clock, hints, turns, presence, page, scheduler, durability } = parts;
  const { discarded } = parts.connection;
  const memory = rememberDatabase();
  const link = linkOf(parts, memory);
  const plainUse: Use = (work) => link.use(twice(work));
  const toWrite =
    (way: Use): Use =>
    async (work) => {
      await mending.done();
      return way(work);
    };
  const tables = sideTablesOf({ read: plainUse, write: toWrite(plainUse) }, memory.sawIdentities);
  const use: Use = async (work) => {
    try {
      return await plainUse(work);
    } catch (error) {
      await keepDamage({ cipher, clock, keepFinding: tables.keepFinding });
      throw error;
    }
  };
  const wired: Wired = { ...parts, link, use, memory };
  const appender = appenderOf(wired);
  const stopLooking = startLookout({ hints, page, scheduler, size: appender.size });
  return {
    durability,
    layout: LAYOUT,
    ...(discarded === undefined ? {} : { discarded }),
    append: appender.append,
    size: appender.size,
    read: (from, bytesMax) => use((opened) => readLog(opened, from, bytesMax)),
    readAt: (positions) => use((opened) => readLogAt(opened, positions)),
    pack: async (request) => {
      const { packLog } = await loadPart('packing', () => import('./pack.ts'));
      const outcome = await toWrite(use)((opened) => packLog(opened, request, durability));
      if (outcome.packedTo > 0) await sweep(wired);
      return outcome;
    },
    packedTo: () => use(readPackedTo),
    find: (key) => use((opened) => findPacked(opened, key)),
    ...sideTablesOf({ read: use, write: toWrite(use) }, memory.sawIdentities),
    onForeignCommit: hints.listen,
    close: async () => {
      mending.stop();
      stopLooking();
      link.close();
      cipher.end();
      appender.close();
      turns.close();
      presence.end();
      hints.close();
    },
  };
};
