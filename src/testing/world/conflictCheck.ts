/**
 * Conflicts are those that the events themselves tell of, none missed and none made up; they are open or settled as the policy of the
 * aggregate has it, by the head that has to count; and what that one has overruled has no effect.
 */
import type { ConflictRule } from '../../core/conflict.ts';
import type { OpenedEvent } from '../../core/fold.ts';
import { sameJson } from '../../core/json.ts';
import type { Store } from '../../store/types.ts';
import { conflictsBy, toldBy } from './conflictOracle.ts';
import type { Device } from './device.ts';
import type { Logged, LoggedCommit } from './logs.ts';
import { newestOf, type WorldModel } from './model.ts';
import { type Told, type Verdict, verdictsOf } from './policyOracle.ts';
import type { World } from './worldState.ts';

type Looked = { readonly device: Device; readonly store: Store; readonly log: readonly LoggedCommit[] };
type Shown = { readonly key: string; readonly heads: readonly OpenedEvent[]; readonly winner?: string };

const streamsOf = ({ aggregate }: WorldModel, log: readonly LoggedCommit[]): ReadonlyMap<string, readonly Logged[]> => {
  const streams = new Map<string, Logged[]>();
  for (const event of log.flatMap(({ events }) => events)) {
    const { stream } = event.body;
    if (stream.startsWith(`${aggregate.type}/`)) streams.set(stream, [...(streams.get(stream) ?? []), event]);
  }
  return streams;
};

/** Asks a rule of the application what it says of heads in this order; one that stumbles leaves it to a person. */
const askOf =
  (shown: readonly Shown[]) =>
  (rule: ConflictRule, key: string, ids: readonly string[]): string | undefined => {
    const known = shown.flatMap(({ heads }) => heads);
    const heads = ids.flatMap((id) => known.find(({ body }) => body.id === id) ?? []);
    try {
      return rule({ key, heads });
    } catch {
      return undefined;
    }
  };

const textOf = (key: string, ids: readonly string[]): string => `${key}: ${[...ids].sort()}`;

const endOf = (key: string, winner: string | undefined): string => `${key}: ${winner ?? 'a person decides'}`;

/** What one stream shows, against what its events tell: in words, what differs. */
const differencesIn = async (
  { aggregate }: WorldModel,
  told: readonly Told[],
  handle: Pick<ReturnType<Store['aggregate']>, 'state' | 'history'>,
): Promise<readonly string[]> => {
  const due = conflictsBy(told);
  const { conflicts, settled } = handle.state();
  const shown: readonly Shown[] = [...conflicts, ...settled];
  const isSame = sameJson(
    shown
      .map(({ key, heads }) =>
        textOf(
          key,
          heads.map(({ body }) => body.id),
        ),
      )
      .sort(),
    [...due].map(([key, ids]) => textOf(key, [...ids])).sort(),
  );
  if (!isSame) return [`shows ${shown.length} conflicts, its events make ${due.size}`];
  const verdictOf = verdictsOf(aggregate.conflicts ?? 'manual', told, askOf(shown));
  const verdicts = new Map<string, Verdict>([...due].map(([key, ids]) => [key, verdictOf(key, ids)]));
  const ends = shown.flatMap(({ key, winner }) => {
    const [is, has] = [endOf(key, winner), endOf(key, verdicts.get(key)?.winner)];
    return is === has ? [] : [`ends a conflict so: ${is}; and not so: ${has}`];
  });
  const overruled = new Set([...verdicts.values()].flatMap((verdict) => verdict?.overruled ?? []));
  const trail = overruled.size === 0 ? [] : await handle.history();
  const counting = trail.filter(({ eventId, applied }) => applied && overruled.has(eventId));
  return [...ends, ...counting.map(({ eventId }) => `gives an effect to ${eventId}, which is overruled`)];
};

/** @returns what does not hold, in words */
export const conflictsAreRight = async (world: World, { device, store, log }: Looked): Promise<readonly string[]> => {
  const model = newestOf(world.model);
  const found: string[] = [];
  for (const [stream, events] of streamsOf(model, log)) {
    const handle = store.aggregate(model.aggregate, stream.slice(model.aggregate.type.length + 1));
    const differences = await differencesIn(model, toldBy(model, events), handle);
    found.push(...differences.map((what) => `(d) ${device.name}, of ${stream}, ${what}`));
  }
  return found;
};
