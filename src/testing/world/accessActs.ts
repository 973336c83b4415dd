/**
 * Devices that are let in, and taken off again while they are away: what they record goes on, what they send is judged by the server
 * and by every other device. Somebody on the first tab of the device that acts founds the access list, and administers it.
 */
import { toBase64 } from '../../crypto/bytes.ts';
import { holderFingerprint } from '../../crypto/holder.ts';
import { Access } from '../../machines/clinical/index.ts';
import { tell } from './acts.ts';
import { type Device, tabOf } from './device.ts';
import type { World } from './worldState.ts';

const SHARING_KEY_BYTES = 65;
/** What a point of an elliptic curve begins with that is not compressed. */
const UNCOMPRESSED = 4;

const userOf = ({ name }: Device): string => `user-${name}0`;

/** A key that nobody has the other half of: no key is granted here. */
const sharingKeyOf = ({ name }: Device): string => {
  const bytes = new Uint8Array(SHARING_KEY_BYTES).fill(name.charCodeAt(0));
  bytes[0] = UNCOMPRESSED;
  return toBase64(bytes);
};

const holderOf = (device: Device): string => holderFingerprint(sharingKeyOf(device));

type Sent = Parameters<ReturnType<typeof accessOn>['send']>[0];

const accessOn = (device: Device) => {
  const { store } = tabOf(device, 0);
  return store.aggregate(Access, store.tenant);
};

/** Records what is in order, and leaves out what is recorded already. */
const recordOn = async (world: World, device: Device, event: Sent): Promise<boolean> => {
  const access = accessOn(device);
  if (device.life.trouble.isDead || !access.can(event)) return false;
  const stream = `${Access.type}/${tabOf(device, 0).store.tenant}`;
  return tell(world, device, { stream, event, send: () => access.send(event, { reason: 'as drawn' }) });
};

/** A device asks, and is let in as soon as who administers has heard of it. */
export const letIn = async (world: World, by: Device, device: Device): Promise<string | undefined> => {
  for (const each of new Set([by, device]))
    await recordOn(world, by, { type: 'UserAdded', user: userOf(each), role: 'site', site: null });
  const { replica } = tabOf(device, 0).store;
  const asks = { holder: holderOf(device), user: userOf(device), sharingKey: sharingKeyOf(device), replica };
  await recordOn(world, device, { type: 'DeviceRequested', ...asks });
  const isIn = await recordOn(world, by, { type: 'DeviceEnrolled', holder: holderOf(device) });
  return isIn ? 'device let in' : undefined;
};

/** From now on, by the clock of who administers, the device's use does not count. */
export const takeOff = async (world: World, by: Device, device: Device): Promise<string | undefined> => {
  const from = new Date(by.life.time.clock.nowMs()).toISOString();
  const isOff = await recordOn(world, by, { type: 'DeviceRevoked', holder: holderOf(device), from });
  return isOff ? 'device revoked' : undefined;
};
