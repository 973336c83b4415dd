/**
 * Room on the device: how much is used and allowed, how much an event takes, how long the rest will do; and whether the
 * platform promises to keep the data. Measured in idle moments, never on the append's path.
 *
 * The forecast rests on samples that this database took of itself, kept as one mark. Law: `space.laws`.
 */
import { BehaviorSubject } from 'rxjs';
import * as z from 'zod';
import { LIMITS } from '../core/limits.ts';
import type { Clock, Scheduler, StorageFacts } from '../core/ports.ts';
import type { EventStorage, Marks } from '../storage/port.ts';

const NAME = 'space';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Samples are an hour apart, a fortnight back at most. */
const SAMPLE_EVERY_MS = HOUR_MS;
const SAMPLE_AGE_MS_MAX = 14 * DAY_MS;
const SAMPLES_MAX = 336;
/** A rate is told once it rests on this much time and this many events. */
const RATE_OVER_MS_MIN = HOUR_MS;
const RATE_EVENTS_MIN = 10;
/** How long after a change the room is looked at. */
const LOOK_AFTER_MS = 2_000;

const whole = z.int().min(0).max(LIMITS.integerMax);
const Sample = z.strictObject({ atMs: whole, events: whole, usageBytes: whole, pending: whole });
/** What was measured at one time: events in the log, bytes in use by the whole origin, events that no receipt covered. */
export type Sample = z.infer<typeof Sample>;

export const readSamples = async (storage: Pick<EventStorage, 'readMarks'>): Promise<readonly Sample[]> => {
  const read = z.array(Sample).safeParse((await storage.readMarks())[NAME]);
  return read.success ? read.data : [];
};
const sampleMarks = (samples: readonly Sample[]): Marks => ({ [NAME]: samples.map((sample) => ({ ...sample })) });

/** The samples with one more, if the last one is old enough; those that are too old, or of a log that shrank, are left out. */
export const withSample = (samples: readonly Sample[], sample: Sample): readonly Sample[] => {
  const last = samples.at(-1);
  if (last !== undefined && sample.atMs >= last.atMs && sample.atMs - last.atMs < SAMPLE_EVERY_MS) return samples;
  const usable = samples.filter(
    ({ atMs, events }) => atMs <= sample.atMs && sample.atMs - atMs <= SAMPLE_AGE_MS_MAX && events <= sample.events,
  );
  return [...usable, sample].slice(-SAMPLES_MAX);
};

export type SpaceForecast = {
  readonly usageBytes: number;
  readonly quotaBytes: number;
  /** Bytes that one event takes on this device, measured; undefined until there are events enough. */
  readonly bytesPerEvent: number | undefined;
  /** Events that came in a day, measured over up to a fortnight; undefined until there is time enough. */
  readonly eventsPerDay: number | undefined;
  /** Days until the quota is full at that rate; undefined while it is not known. */
  readonly daysLeft: number | undefined;
};

const bytesPerEventOf = (first: Sample, now: Sample): number | undefined => {
  const events = now.events - first.events;
  const grown = now.usageBytes - first.usageBytes;
  // databases give room back in their own time: a log that grew without taking room is measured as a whole
  if (events >= RATE_EVENTS_MIN && grown > 0) return grown / events;
  return now.events >= RATE_EVENTS_MIN ? now.usageBytes / now.events : undefined;
};

/** What the samples up to now say. Pure. */
export const forecastOf = (samples: readonly Sample[], now: Sample, quotaBytes: number): SpaceForecast => {
  const first = samples.find(({ atMs, events }) => now.atMs - atMs <= SAMPLE_AGE_MS_MAX && events <= now.events) ?? now;
  const overMs = now.atMs - first.atMs;
  const bytesPerEvent = bytesPerEventOf(first, now);
  const isLong = overMs >= RATE_OVER_MS_MIN && now.events > first.events;
  const eventsPerDay = isLong ? ((now.events - first.events) / overMs) * DAY_MS : undefined;
  const freeBytes = Math.max(0, quotaBytes - now.usageBytes);
  const isKnown = bytesPerEvent !== undefined && eventsPerDay !== undefined && bytesPerEvent > 0;
  const daysLeft = isKnown ? freeBytes / (bytesPerEvent * eventsPerDay) : undefined;
  return { usageBytes: now.usageBytes, quotaBytes, bytesPerEvent, eventsPerDay, daysLeft };
};

/** `unasked`: nothing was recorded here yet. `unknown`: the platform does not say. */
export type Persistence = 'granted' | 'denied' | 'unasked' | 'unknown';

export type Room = { readonly persistence: Persistence; readonly forecast: SpaceForecast | undefined };

export type SpaceParts = {
  readonly facts: StorageFacts;
  readonly storage: EventStorage;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Events in the log, and events that no receipt covers. */
  readonly counts: () => { readonly events: number; readonly pending: number };
};

export type Space = {
  readonly room$: BehaviorSubject<Room>;
  readonly samples: () => readonly Sample[];
  /** Looks at the room now. @throws what the platform throws */
  readonly look: () => Promise<Room>;
  /** Something became durable: looks at the room in a while, and asks for persistence if that has not been done. */
  readonly noteCommit: (isOwnAct: boolean) => void;
  readonly stop: () => void;
};

const answerOf = (answer: boolean | undefined, no: Persistence): Persistence =>
  answer === undefined ? 'unknown' : answer ? 'granted' : no;

/** Follows the room of one open database. */
export const openSpace = (parts: SpaceParts): Space => {
  const { facts, storage, clock, scheduler, counts } = parts;
  const room$ = new BehaviorSubject<Room>({ persistence: 'unasked', forecast: undefined });
  let samples: readonly Sample[] | undefined;
  let hasAsked = false;
  let isAnswered = false;
  let cancel: (() => void) | undefined;

  const persistence = async (): Promise<Persistence> =>
    answerOf(await facts.persisted(), isAnswered ? 'denied' : 'unasked');

  const look = async (): Promise<Room> => {
    const estimate = await facts.estimate();
    const known = await persistence();
    if (estimate === undefined) {
      room$.next({ persistence: known, forecast: undefined });
      return room$.value;
    }
    const { usageBytes, quotaBytes } = estimate;
    const now: Sample = { atMs: clock.nowMs(), usageBytes: Math.round(usageBytes), ...counts() };
    samples ??= await readSamples(storage);
    room$.next({ persistence: known, forecast: forecastOf(samples, now, Math.round(quotaBytes)) });
    const next = withSample(samples, now);
    if (next !== samples) {
      samples = next;
      await storage.writeMarks(sampleMarks(next));
    }
    return room$.value;
  };
  const lookLater = (): void => {
    cancel ??= scheduler.after(LOOK_AFTER_MS, () => {
      cancel = undefined;
      look().catch(() => undefined); // a full or closed database says so where something is asked of it
    });
  };
  const ask = async (): Promise<void> => {
    const answer = (await facts.persisted()) === true ? true : await facts.persist();
    isAnswered = true; // a browser may have put the question to the person, who may take their time
    room$.next({ ...room$.value, persistence: answerOf(answer, 'denied') });
  };
  return {
    room$,
    samples: () => samples ?? [],
    look,
    noteCommit: (isOwnAct) => {
      lookLater();
      if (!isOwnAct || hasAsked || !facts.hasActed()) return;
      hasAsked = true;
      ask().catch(() => room$.next({ ...room$.value, persistence: 'unknown' }));
    },
    stop: () => cancel?.(),
  };
};
