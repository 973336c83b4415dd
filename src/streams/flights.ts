/**
 * Batches of writes on their way to the disk: planned on what the ones before them will have made, sealed while those
 * are being stored (`storing`).
 *
 * Invariant: when one does not make it, none after it is stored as it was planned: they are given back, to be decided
 * and sealed again, so bytes that were not committed never existed. Laws: `writer.laws`, `pipeline.laws`.
 */
import { size } from '../core/position.ts';
import type { QueuedWrite, WriterParts } from './job.ts';
import { type BatchPlan, forgetPublished, planBatch, startTentative, type Tentative } from './plan.ts';
import { type Flight, type Landed, type Landing, storer } from './storing.ts';

/** The promise of what becomes of a flight, and the way to say it. */
const landingPlace = (): Pick<Flight, 'landed' | 'land'> => {
  let land: Flight['land'] = () => undefined;
  const landed = new Promise<Landed>((resolve) => {
    land = resolve;
  });
  return { landed, land };
};

/** Plans a batch and begins to seal it: commits go to be sealed as they are decided. `tell` is called when they are. */
const planned = (
  parts: WriterParts,
  batch: readonly QueuedWrite[],
  place: { readonly tentative: Tentative; readonly before: Flight | undefined; readonly tell: () => void },
): Flight => {
  const { log, sealer, identity } = parts;
  const { tentative, before, tell } = place;
  const first = before === undefined ? log.size() : size(before.first + before.events);
  const run = before?.run?.next() ?? sealer.begin(identity.key, log.head(identity.replica).link);
  let events = 0;
  const plan = planBatch(batch, tentative, parts, (draft) => {
    events += draft.events.bodies.length;
    run.add(draft);
  });
  const flight: Flight = { batch, plan, run, first, events, sealed: undefined, ...landingPlace() };
  const done = (sealed: Flight['sealed']) => {
    flight.sealed = sealed;
    tell();
  };
  run.end().then(
    (sealed) => done({ run: sealed }),
    (error: unknown) => done({ error }),
  );
  return flight;
};

const NOTHING: BatchPlan = { jobs: [], failed: [], left: [], ends: [], steps: new Map() };

/** A batch that could not be planned: what was planned after it would rest on half of it. */
const broken = (batch: readonly QueuedWrite[], error: unknown): Flight => ({
  ...{ batch, plan: NOTHING, run: undefined, first: size(0), events: 0, sealed: { error } },
  ...landingPlace(),
});

/** True if nothing may be decided on top of what is planned: a job waits for it, or failed in it. */
const isHeld = ({ plan: { left, failed }, run }: Flight): boolean =>
  left.length > 0 || failed.length > 0 || run === undefined;

/** Batches that may be under way at once: while some are decided, some are sealed and some are stored. */
const UNDER_WAY_MAX = 16;
/** Drafts that have to wait before they are planned ahead: fewer do better in one transaction with those that come. */
const AHEAD_DRAFTS_MIN = 48;

/** `batch`: the writes that this is about. `again`: writes to be planned, anew or for the first time, in order. */
export type LandedBatch = {
  readonly landing: Landing;
  readonly batch: readonly QueuedWrite[];
  readonly again: readonly QueuedWrite[];
};

export type Flights = {
  readonly isUnderWay: () => boolean;
  /** True if a batch may be launched now, with so many drafts waiting. */
  readonly mayLaunch: (drafts: number) => boolean;
  /** Plans a batch and sends it on its way. */
  readonly launch: (batch: readonly QueuedWrite[]) => void;
  /** Waits for the oldest batch; if it does not make it, nothing is under way after it. */
  readonly land: () => Promise<LandedBatch>;
};

/** The batches under way of one writer. */
export const openFlights = (parts: WriterParts): Flights => {
  const { add, run, restart } = storer(parts);
  const tell = () => void run();
  const flights: Flight[] = [];
  let tentative: Tentative | undefined;

  const plan = (batch: readonly QueuedWrite[]): Flight => {
    try {
      tentative ??= startTentative(parts);
      return planned(parts, batch, { tentative, before: flights.at(-1), tell });
    } catch (error) {
      return broken(batch, error);
    }
  };
  const launch = (batch: readonly QueuedWrite[]): void => {
    const flight = plan(batch);
    flights.push(flight);
    add(flight);
    tell();
  };

  const land = async (): Promise<LandedBatch> => {
    const [oldest] = flights;
    if (oldest === undefined) return { landing: { kind: 'stored' }, batch: [], again: [] };
    const { landing, together } = await oldest.landed;
    const landed = flights.splice(0, together);
    const batch = landed.flatMap((each) => each.batch.slice(0, each.batch.length - each.plan.left.length));
    const left = landed.flatMap((each) => each.plan.left);
    if (landing.kind === 'stored' && tentative !== undefined && flights.length > 0) {
      for (const { plan: ended } of landed) forgetPublished(tentative, ended.ends);
      return { landing, batch, again: left };
    }
    const later = flights.splice(0).flatMap((each) => each.batch);
    tentative = undefined;
    restart();
    return { landing, batch, again: [...left, ...later] };
  };

  return {
    isUnderWay: () => flights.length > 0,
    mayLaunch: (drafts) => {
      const last = flights.at(-1);
      return last === undefined || (flights.length < UNDER_WAY_MAX && drafts >= AHEAD_DRAFTS_MIN && !isHeld(last));
    },
    launch,
    land,
  };
};
