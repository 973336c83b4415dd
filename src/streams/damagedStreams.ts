/**
 * Streams of which an event lies in a record that cannot be read. What is shown of them misses it, so nothing is decided on them.
 *
 * The directory of packed records tells, by what stayed clear beside the damaged bytes. A record that was not packed yet has no
 * directory: what a mark does not name is not thereby whole. Law: `damaged.laws` (exactly the streams of a damaged segment).
 */
import { type Observable, Subject } from 'rxjs';
import type { StreamId } from '../core/ids.ts';
import type { AggregateStates } from './aggregateState.ts';
import { streamKey } from './directory.ts';
import type { DraftOutcome, WriteJob } from './job.ts';
import type { PastDamage } from './pastDamage.ts';
import type { Writer } from './writer.ts';

export type DamagedStreams = {
  /** As far as was looked. */
  readonly has: (stream: StreamId) => boolean;
  /** Looks, once for each stream and damage; false at once where nothing is damaged. @throws StoreError `storage.*` */
  readonly look: (stream: StreamId) => Promise<boolean>;
  /** Streams that were just found to be damaged. */
  readonly changed$: Observable<ReadonlySet<StreamId>>;
};

export const damagedStreams = (storage: Pick<PastDamage, 'damage' | 'find'>): DamagedStreams => {
  const hit = new Set<StreamId>();
  const changes = new Subject<ReadonlySet<StreamId>>();
  let looked = new Map<StreamId, Promise<boolean>>();
  let places: ReadonlySet<number> = new Set();
  const lookNow = async (stream: StreamId): Promise<boolean> => {
    const at = places;
    const starts = await storage.find(streamKey(stream));
    if (starts.some((start) => at.has(start)) && !hit.has(stream)) {
      hit.add(stream);
      changes.next(new Set([stream]));
    }
    return hit.has(stream);
  };
  return {
    has: (stream) => hit.has(stream),
    look: async (stream) => {
      const damage = storage.damage();
      if (damage.length === 0) return false;
      if (damage.length !== places.size) {
        places = new Set(damage.map(({ position }) => position));
        looked = new Map();
      }
      const known = looked.get(stream) ?? lookNow(stream);
      looked.set(stream, known);
      known.catch(() => looked.delete(stream)); // asked again
      return known;
    },
    changed$: changes.asObservable(),
  };
};

/** What becomes of a job of which some drafts may not be stored: `inner` writes the others, unless it is all or none. */
const writeRest = async (
  job: WriteJob,
  isHit: readonly boolean[],
  inner: Writer['write'],
): Promise<readonly DraftOutcome[]> => {
  const rest = job.atomic ? [] : job.drafts.filter((_, at) => isHit[at] !== true);
  const written = rest.length === 0 ? [] : await inner({ ...job, drafts: rest });
  let next = 0;
  return isHit.map((hit): DraftOutcome => {
    const outcome = hit ? undefined : written[next++];
    return outcome ?? { kind: 'refused', why: hit ? 'damaged' : 'with-others', state: '' };
  });
};

/**
 * Refuses what is written to a damaged stream, jobs in their order. Where nothing is damaged, the writer is as it was; a stale stream is
 * folded first, which may be what meets the damage.
 */
export const sparingDamaged = (
  writer: Writer,
  storage: Pick<PastDamage, 'damage'>,
  streams: Pick<DamagedStreams, 'look'>,
  states: Pick<AggregateStates, 'isStale' | 'want' | 'settled'>,
): Writer => {
  let turn: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  const look = async (wanted: readonly StreamId[]): Promise<readonly boolean[]> => {
    if (wanted.some(states.isStale)) {
      states.want(wanted);
      await states.settled();
    }
    return Promise.all(wanted.map(streams.look));
  };
  const writeInTurn = async (job: WriteJob, looked: Promise<readonly boolean[]>): Promise<readonly DraftOutcome[]> => {
    try {
      const isHit = await looked;
      return isHit.includes(true) ? writeRest(job, isHit, writer.write) : writer.write(job);
    } finally {
      waiting -= 1;
    }
  };
  return {
    ...writer,
    write: (job) => {
      const wanted = job.drafts.map(({ stream }) => stream);
      if (waiting === 0 && storage.damage().length === 0 && !wanted.some(states.isStale)) return writer.write(job);
      waiting += 1;
      const looked = turn.then(() => look(wanted));
      turn = looked.catch(() => undefined); // told to whoever wrote the job
      return writeInTurn(job, looked);
    },
  };
};
