/** What people do on a device: they record and settle. What they were told to be recorded has to be there for ever. */
import { isStoreError, type StoreError } from '../../core/errors.ts';
import { canonicalText } from '../../crypto/canonical.ts';
import type { SendOptions, SendOutcome } from '../../store/types.ts';
import { type Device, modelOn, tabOf } from './device.ts';
import type { Word } from './notation.ts';
import type { World } from './worldState.ts';

/** What comes of an attempt: an outcome, or a failure with its code. */
export const attempted = async <T>(send: Promise<T>): Promise<T | StoreError> => {
  try {
    return await send;
  } catch (error) {
    if (isStoreError(error)) return error;
    throw error;
  }
};

export type Sent = {
  readonly stream: string;
  readonly event: { readonly type: string };
  readonly send: () => Promise<SendOutcome>;
};

/** Sends an event, and keeps in mind what somebody was told of it. @returns true if they were told that it is recorded */
export const tell = async (world: World, device: Device, { stream, event, send }: Sent): Promise<boolean> => {
  const { trouble } = device.life;
  const outcome = await attempted(send());
  if (isStoreError(outcome) || trouble.isDead) {
    // nobody was told, or nobody was there any more to be told
    const { type, ...payload } = event;
    world.unanswered.push({ device: device.name, stream, type, payload: canonicalText(payload) });
    return false;
  }
  if (outcome.kind !== 'committed') return false;
  world.acknowledged.set(outcome.eventId, device.name);
  return true;
};

const subject = (at: string): string => `subject-${at}`;

/** Tries to record something. */
export const record = async (
  world: World,
  device: Device,
  { tab, rest }: Word,
  options: SendOptions = {},
): Promise<void> => {
  const model = modelOn(device, world.model);
  const handle = tabOf(device, tab).store.aggregate(model.aggregate, subject(rest));
  const before = handle.state();
  const event = model.event(world.draw, before);
  const stream = `${model.aggregate.type}/${subject(rest)}`;
  const send = () => handle.send(event, { reason: 'as drawn', ...options });
  const isTold = await tell(world, device, { stream, event, send });
  // a state that another version of the application kept is shown as stale until it is folded anew, which an act waits for
  if (isTold && before.readOnly && !before.stale)
    world.violations.push(`(i) ${device.name} records what it shows as read-only`);
};

const SETTLING_TRIES = 4;

/** Settles everything that is in conflict in a stream by an event that names all heads. */
export const settle = async (world: World, device: Device, word: Word): Promise<void> => {
  for (let tries = 0; tries < SETTLING_TRIES; tries++) {
    const { aggregate } = modelOn(device, world.model);
    const { conflicts } = tabOf(device, word.tab).store.aggregate(aggregate, subject(word.rest)).state();
    if (conflicts.length === 0 || device.life.trouble.isDead) return;
    const resolves = [...new Set(conflicts.flatMap(({ heads }) => heads.map(({ body }) => body.id)))];
    await record(world, device, word, { resolves });
  }
};
