/** Erasures as a person is shown them: who asked for what and why, what was decided, and which devices have not confirmed it yet. */
import { distinctUntilChanged, filter, map, merge, type Observable, switchMap } from 'rxjs';
import { type ErasureCourse, type ErasureFold, type ErasureState, REFUSED_MEANWHILE } from '../core/erasure.ts';
import { type ReplicaId, streamParts } from '../core/ids.ts';
import { Erasure } from '../machines/clinical/index.ts';
import { defineView } from '../projections/view.ts';
import { Replica } from '../store/replica.ts';
import type { Store } from '../store/types.ts';
import { foldOf } from './erasure.ts';

/** The view by which erasures are found: register it and `Erasure` with the store. */
export const ErasureIndex = defineView({
  name: 'erasures',
  of: Erasure,
  row: ({ id, value, context, version }) => ({
    id: String(id),
    state: String(value),
    /** Whose data, where a subject is to be erased. */
    subject: context.target?.kind === 'subject' ? context.target.subject : null,
    requestedBy: context.requestedBy,
    version,
  }),
});

/** A device that has written into the log. `closed`: it was lost, copied or restored, and another replica goes on in its place. */
export type ErasureDevice = {
  readonly replica: ReplicaId;
  readonly state: 'confirmed' | 'waiting' | 'closed';
  /** When it confirmed, by its own clock, RFC 3339 UTC. */
  readonly at: string | undefined;
};

export type ErasureShown = Omit<ErasureCourse, 'done' | 'state'> & {
  readonly id: string;
  readonly state: Exclude<ErasureState, 'unknown'>;
  /** True if people have decided without knowing of each other: it is settled by refusing. */
  readonly contested: boolean;
  /** The devices known from the log, once it was approved; those that never wrote anything are not known. */
  readonly devices: readonly ErasureDevice[];
  /** Devices on which it was approved and destroyed before they knew that somebody else refuses it: there it is gone. */
  readonly destroyedMeanwhile: readonly ReplicaId[];
};

const destroyedMeanwhile = ({ ineffective }: ErasureFold): readonly ReplicaId[] => [
  ...new Set(ineffective.flatMap(({ event, what }) => (what === REFUSED_MEANWHILE ? [event.context.replica] : []))),
];

const devicesOf = (store: Store, { state, done }: ErasureCourse): readonly ErasureDevice[] => {
  if (state !== 'approved' && state !== 'carriedOut') return [];
  return store.replicas().map(({ replica, closed }) => {
    const at = done.find((each) => each.replica === replica)?.at;
    return { replica, state: at !== undefined ? 'confirmed' : closed ? 'closed' : 'waiting', at };
  });
};

/** Every erasure that was asked for, oldest first. @throws StoreError `aggregate.unknown-type` if `ErasureIndex` or `Erasure` is not registered; `storage.*` */
export const erasuresOf = async (store: Store): Promise<readonly ErasureShown[]> => {
  const shown: ErasureShown[] = [];
  for (const { id } of store.view(ErasureIndex).rows()) {
    const fold = await foldOf(store, id);
    const { course, contested } = fold;
    const { state, target, requested, refused, approved } = course;
    if (state === 'unknown') continue;
    shown.push({
      ...{ id, state, target, requested, refused, approved, contested },
      devices: devicesOf(store, course),
      destroyedMeanwhile: destroyedMeanwhile(fold),
    });
  }
  return shown.sort((a, b) => ((a.requested?.at ?? '') < (b.requested?.at ?? '') ? -1 : 1));
};

/** As `erasuresOf`, now and again whenever it may have changed. */
export const watchErasures = (store: Store): Observable<readonly ErasureShown[]> => {
  const replicas = () => store.replicas().length;
  const devices$ = store.committed$.pipe(map(replicas), distinctUntilChanged());
  const closings$ = store.committed$.pipe(
    filter(({ events }) => events.some(({ body }) => streamParts(body.stream).type === Replica.type)),
  );
  return merge(store.view(ErasureIndex).rows$, devices$, closings$).pipe(switchMap(() => erasuresOf(store)));
};
