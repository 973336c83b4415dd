/** Health in words: what each check is called, what it measured, what a loss means for a person. */
import type { HealthCheck, HealthCheckName, Loss, RememberedStore, SpaceForecast } from '../../src/index.ts';
import { utcText } from './times.ts';

export const CHECK_NAMES: Readonly<Record<HealthCheckName, string>> = {
  chain: 'Chains',
  receipts: 'Receipts',
  writability: 'Writing',
  backlog: 'Waiting to be sent',
  clock: 'Clock',
  space: 'Room',
  storage: 'Database',
  connection: 'Server',
  losses: 'Losses and findings',
};

const NUMBER = new Intl.NumberFormat('en');
export const countText = (count: number, one: string, many = `${one}s`): string =>
  `${NUMBER.format(count)} ${count === 1 ? one : many}`;

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;
export const bytesText = (bytes: number): string => {
  let [size, unit] = [bytes, 0];
  while (size >= 1_000 && unit < UNITS.length - 1) {
    size /= 1_000;
    unit += 1;
  }
  return `${unit > 0 && size < 10 ? size.toFixed(1) : NUMBER.format(Math.round(size))} ${UNITS[unit]}`;
};

/** What one event takes and how long the room will do, as far as that is measured. */
export const forecastText = ({ bytesPerEvent, eventsPerDay, daysLeft }: SpaceForecast): string => {
  const each = bytesPerEvent === undefined ? '' : `About ${bytesText(bytesPerEvent)} for an event. `;
  if (daysLeft === undefined || eventsPerDay === undefined)
    return `${each}How long the room will do shows after an hour of use.`;
  const years = daysLeft / 365;
  const span =
    years >= 10
      ? 'more than 10 years'
      : years >= 2
        ? `${Math.floor(years)} years`
        : countText(Math.floor(daysLeft), 'day');
  return `${each}At ${countText(Math.round(eventsPerDay), 'event')} a day the room will do for ${span}.`;
};

type Facts = HealthCheck['facts'];
const count = (facts: Facts, name: string): number => {
  const value = facts[name];
  return typeof value === 'number' ? value : 0;
};

const MEASURED: Readonly<Record<HealthCheckName, (facts: Facts) => string>> = {
  chain: (facts) =>
    `${countText(count(facts, 'events'), 'event')} in ${countText(count(facts, 'commits'), 'commit')} of ${countText(count(facts, 'replicas'), 'replica')}`,
  receipts: (facts) =>
    count(facts, 'receipts') === 0 ? 'none yet' : `the newest covers event ${count(facts, 'sequence')} of this device`,
  writability: (facts) =>
    `written and read back in ${count(facts, 'roundTripMs')} ms, ${facts['durability']} durability`,
  backlog: (facts) => (count(facts, 'pending') === 0 ? 'nothing' : countText(count(facts, 'pending'), 'event')),
  clock: (facts) =>
    facts['skewMs'] === undefined
      ? 'steady'
      : `steady, ${(Math.abs(count(facts, 'skewMs')) / 1_000).toFixed(1)} s from the server`,
  space: (facts) =>
    facts['known'] === true
      ? `${bytesText(count(facts, 'usageBytes'))} of ${bytesText(count(facts, 'quotaBytes'))} used`
      : 'the platform does not say',
  storage: (facts) =>
    `${countText(count(facts, 'size'), 'event')}, ${NUMBER.format(count(facts, 'packed'))} of them packed`,
  connection: (facts) => (facts['state'] === 'none' ? 'no sync' : `sync is ${facts['state']}`),
  losses: (facts) =>
    `${countText(count(facts, 'closedReplicas'), 'closed replica')}, ${countText(count(facts, 'findings'), 'finding')}`,
};

/** What a check measured; nothing if it did not come to that. */
export const measuredText = ({ name, facts }: HealthCheck): string =>
  Object.keys(facts).length === 0 ? '' : MEASURED[name](facts);

const TITLES: Readonly<Record<Loss['reason'], string>> = {
  lost: 'Events are missing: the database of this device is gone',
  shorter: 'Events are missing: the database of this device is older than it was',
  forked: 'A copy of this device’s database went on elsewhere',
  refused: 'The server refused what somebody may not record, and what followed it on this device',
};

/** As much of a loss as a person is told. */
export type ToldLoss = Pick<
  Loss,
  'reason' | 'size' | 'seenAt' | 'receiptSequence' | 'held' | 'sequence' | 'unconfirmed' | 'heldHereOnly' | 'unreadable'
>;

/** The loss of a store that is remembered on this device, and whose keys are gone with it. */
export const lossOfRemembered = ({ size, seenAt, receiptSequence, sequence }: RememberedStore): ToldLoss => ({
  ...{ reason: 'lost', size, seenAt, receiptSequence, sequence, held: 0, heldHereOnly: 0, unreadable: 0 },
  unconfirmed: Math.max(0, sequence - receiptSequence),
});

/** A loss as a person is told of it: what happened, what comes back, what does not, what to do. */
export const lossText = (loss: ToldLoss) => {
  const { reason, size, seenAt, receiptSequence, held, sequence, unconfirmed, heldHereOnly, unreadable } = loss;
  const confirmed = Math.min(receiptSequence, sequence);
  const back = Math.min(held, confirmed);
  const had = `This device held ${countText(size, 'event')} of this study until ${utcText(seenAt)}.`;
  return {
    title: unreadable > 0 ? 'Events are missing: records of this device cannot be read' : TITLES[reason],
    happened:
      unreadable > 0
        ? `${countText(unreadable, 'event')} in the database of this device cannot be read. The bytes are kept; a new replica goes on beside them.`
        : reason === 'lost'
          ? `${had} They are not here any more.`
          : `${had} A new replica goes on from what is here.`,
    confirmed,
    back,
    returning:
      confirmed === 0
        ? 'The server had confirmed none of this device’s own events.'
        : back < confirmed
          ? `The server had confirmed ${countText(confirmed, 'event')} of this device: they come back at the next sync, and so does what others recorded.`
          : `All ${countText(confirmed, 'event')} of this device that the server had confirmed are here again.`,
    gone:
      unconfirmed > 0
        ? `${countText(unconfirmed, 'event')} recorded after the last receipt ${unconfirmed === 1 ? 'is' : 'are'} lost. Enter ${unconfirmed === 1 ? 'it' : 'them'} again.`
        : '',
    alone:
      heldHereOnly > 0
        ? `${countText(heldHereOnly, 'event')} recorded here can never be sent, because ${reason === 'refused' ? 'who recorded the first of them was not entitled to' : 'the copy recorded others in their place'}. They stay here: export them, and have them entered again.`
        : '',
  };
};
