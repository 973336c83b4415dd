/**
 * Users who are let in on devices, several on one, and taken off again while they are away, with one device or altogether: what they
 * record goes on, what they send is judged by the server and by every other device. Somebody on the first tab of the device that acts
 * founds the access list, and administers it.
 */
import { toBase64 } from '../../crypto/bytes.ts';
import { holderFingerprint } from '../../crypto/holder.ts';
import { Access } from '../../machines/clinical/index.ts';
import { tell } from './acts.ts';
import { type Device, tabOf } from './device.ts';
import type { Word } from './notation.ts';
import { count, type World } from './worldState.ts';

const SHARING_KEY_BYTES = 65;
/** What a point of an elliptic curve begins with that is not compressed. */
const UNCOMPRESSED = 4;

/** A user on a device: each of its tabs has one. */
type Seat = { readonly device: Device; readonly tab: number };

const userOf = ({ device, tab }: Seat): string => `user-${device.name}${tab}`;

/** A key that nobody has the other half of: no key is granted here. */
const sharingKeyOf = ({ device, tab }: Seat): string => {
  const bytes = new Uint8Array(SHARING_KEY_BYTES).fill(device.name.charCodeAt(0));
  [bytes[0], bytes[1]] = [UNCOMPRESSED, tab];
  return toBase64(bytes);
};

const holderOf = (seat: Seat): string => holderFingerprint(sharingKeyOf(seat));

type Sent = Parameters<ReturnType<typeof accessOn>['send']>[0];

const accessOn = ({ device, tab }: Seat) => {
  const { store } = tabOf(device, tab);
  return store.aggregate(Access, store.tenant);
};

/** Records what is in order, and leaves out what is recorded already. */
const recordOn = async (world: World, seat: Seat, event: Sent): Promise<boolean> => {
  const { device, tab } = seat;
  const access = accessOn(seat);
  if (device.life.trouble.isDead || !access.can(event)) return false;
  const stream = `${Access.type}/${tabOf(device, tab).store.tenant}`;
  return tell(world, device, { stream, event, send: () => access.send(event, { reason: 'as drawn' }) });
};

/** A user on a device asks, and is let in as soon as who administers has heard of it; whoever was taken off is taken back. */
const letIn = async (world: World, by: Seat, seat: Seat): Promise<string | undefined> => {
  for (const each of [by, seat])
    await recordOn(world, by, { type: 'UserAdded', user: userOf(each), role: 'site', site: null });
  const back = { type: 'UserReadmitted', user: userOf(seat), role: 'site', site: null } as const;
  const isBack = await recordOn(world, by, back);
  const { replica } = tabOf(seat.device, seat.tab).store;
  const asks = { holder: holderOf(seat), user: userOf(seat), sharingKey: sharingKeyOf(seat), replica };
  await recordOn(world, seat, { type: 'DeviceRequested', ...asks });
  const isIn = await recordOn(world, by, { type: 'DeviceEnrolled', holder: holderOf(seat) });
  if (isBack) return 'user taken back';
  return isIn ? 'device let in' : undefined;
};

/** From now on, by the clock of who administers, the use of the device by this user does not count. */
const takeOff = async (world: World, by: Seat, seat: Seat): Promise<string | undefined> => {
  const from = new Date(by.device.life.time.clock.nowMs()).toISOString();
  const isOff = await recordOn(world, by, { type: 'DeviceRevoked', holder: holderOf(seat), from });
  return isOff ? 'device revoked' : undefined;
};

/** From now on, by the clock of who administers, nothing that the user records counts. */
const removeUser = async (world: World, by: Seat, seat: Seat): Promise<string | undefined> => {
  const isOff = await recordOn(world, by, { type: 'UserRemoved', user: userOf(seat) });
  return isOff ? 'user taken off' : undefined;
};

/** What somebody does to the access list, by the verb of their word. */
const CHANGES: Readonly<Record<string, typeof letIn>> = { '(': letIn, ')': takeOff, '}': removeUser };

/** Who administers on a device lets somebody in, or takes them off. */
export const changeAccess = async (world: World, on: Device, { verb, rest }: Word): Promise<void> => {
  const [name, tab = '0'] = rest;
  const device = world.devices.find((each) => each.name === name);
  if (device === undefined) return;
  const what = await CHANGES[verb]?.(world, { device: on, tab: 0 }, { device, tab: Number(tab) });
  if (what !== undefined) count(world, what);
};
