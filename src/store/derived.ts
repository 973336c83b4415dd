/** What keeps derived state, and makes it anew: upkeep, folding anew, and a look at the streams that damage hits. */
import type { Clock, Scheduler } from '../core/ports.ts';
import { size } from '../core/position.ts';
import type { AggregateStates } from '../streams/aggregateState.ts';
import { damagedStreams } from '../streams/damagedStreams.ts';
import type { Log } from '../streams/log.ts';
import type { PastDamage } from '../streams/pastDamage.ts';
import type { Pending } from '../streams/pending.ts';
import { type Rebuilding, startRebuilding } from '../streams/rebuilding.ts';
import type { SnapshotNames } from '../streams/snapshot.ts';
import { startUpkeep } from '../streams/upkeep.ts';
import type { Exclusive } from './exclusive.ts';
import type { Findings } from './findings.ts';
import { keptStates, type Opening, type Withheld } from './opening.ts';
import { breathe, breatheBriefly } from './platform.ts';

/** Looks which streams the records hold that were met when the store opened and cannot be read. */
const followDamage = (storage: PastDamage, states: AggregateStates) => {
  const damaged = damagedStreams(storage);
  const lookAtAll = async (): Promise<void> => {
    if (storage.damage().length === 0) return;
    for (const stream of [...states.streams()]) await damaged.look(stream);
  };
  lookAtAll().catch(() => undefined); // asked again when somebody wants a stream
  return { damaged, lookAtAll };
};

export type DerivedParts = {
  readonly storage: PastDamage;
  readonly log: Log;
  readonly states: AggregateStates;
  readonly pending: Pending;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly names: SnapshotNames;
  readonly opening: Opening;
  /** Types whose states show opened values of protected fields. */
  readonly withheld: Withheld;
  readonly keepFinding: Findings['keep'];
  /** Runs work while no other tab runs any. */
  readonly alone: Exclusive;
  readonly isAutomatic: boolean;
};

/** Upkeep begins at once; folding anew when it is asked to. */
export const openDerived = (parts: DerivedParts) => {
  const { storage, log, states, scheduler, opening, isAutomatic } = parts;
  const { snapshot } = opening;
  let rebuilding: Rebuilding | undefined;
  const areCurrent = (): boolean => opening.rebuild === undefined || rebuilding?.status().state === 'current';
  const upkeep = startUpkeep(
    {
      ...parts,
      ...{ breathe, snapshotSize: snapshot?.isOfOtherRules === false ? snapshot.size : size(0) },
      keepsStates: areCurrent,
      withheld: parts.withheld.size === 0 ? undefined : () => keptStates(storage, parts.names),
    },
    isAutomatic,
  );
  const { damaged, lookAtAll } = followDamage(storage, states);
  const onDone = async (): Promise<void> => {
    await lookAtAll();
    if (isAutomatic && snapshot?.isOfOtherRules === true) await upkeep.now();
  };
  return {
    upkeep,
    damaged,
    isTypeStale: (type: string): boolean => !areCurrent() && snapshot?.isStale(type) === true,
    startRebuilding: (): Rebuilding => {
      const { clock } = parts;
      const pacing = { clock, scheduler, breathe: breatheBriefly, keeps: isAutomatic };
      rebuilding = startRebuilding({ storage, log, states, ...pacing, onDone }, opening.rebuild);
      return rebuilding;
    },
  };
};
