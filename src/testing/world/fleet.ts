/**
 * An application that is updated half-way through a fleet: some devices run its next version, some the one before, and any of them
 * may be rolled back. A device that does not know what was recorded keeps it, passes it on, and does not write to its stream.
 */
import { type Device, modelOn, restart, tabOf } from './device.ts';
import { type Logged, logOf, subjectsIn } from './logs.ts';
import { newestOf, type WorldModel } from './model.ts';
import type { World } from './worldState.ts';

/** Starts another version of the application on a device. */
export const update = async (world: World, device: Device, isUpdated: boolean): Promise<string | undefined> => {
  if (world.model.next === undefined || device.isUpdated === isUpdated) return undefined;
  device.isUpdated = isUpdated;
  await restart(device, world.life.around);
  return isUpdated ? 'application updated' : 'application rolled back';
};

const isKnown = ({ aggregate }: WorldModel, { body }: Logged): boolean =>
  body.schema <= (aggregate.events.get(body.type)?.version ?? 0);

/** What is read-only on a device is what holds something newer than its application, and nothing else. */
export const checkReadOnly = async (world: World, device: Device): Promise<readonly string[]> => {
  if (world.model.next === undefined || device.life.trouble.isDead) return [];
  const model = modelOn(device, world.model);
  const log = await logOf(device);
  const events = log.flatMap((commit) => commit.events);
  const { store } = tabOf(device, 0);
  if (store.size() !== events.length) return []; // it has not read yet what its other tab wrote
  const newer = new Set(events.filter((event) => !isKnown(model, event)).map(({ body }): string => body.stream));
  return subjectsIn(newestOf(model), log).flatMap((id) => {
    const { readOnly, stale } = store.aggregate(model.aggregate, id).state();
    const isDue = newer.has(`${model.aggregate.type}/${id}`);
    if (stale || readOnly === isDue) return [];
    return [`(i) ${device.name} ${isDue ? 'writes' : 'does not write'} to ${id}`];
  });
};
