/** The rows of the comparison, for a terminal and for the document. */
import { aligned } from '../report.mjs';
import { median, round } from '../stats.mjs';

const middle = (numbers) => {
  const known = numbers.filter((number) => number !== null);
  return known.length === 0 ? null : round(median(known));
};

/** Medians over the rounds; a count is the least that a round reached. */
export const columnsOf = (samples) => {
  const of = (pick) => middle(samples.map(pick));
  const least = (pick) => Math.min(...samples.map(pick));
  const reached = (pick) => ({
    events: least((sample) => pick(sample).events),
    cut: samples.some((sample) => pick(sample).cut),
  });
  return {
    rounds: samples.length,
    one: { rate: of(({ one }) => one.rate), p50: of(({ one }) => one.p50), ...reached(({ one }) => one) },
    hundred: { rate: of(({ hundred }) => hundred.rate), ...reached(({ hundred }) => hundred) },
    all: { rate: of(({ all }) => all.rate), ...reached(({ all }) => all) },
    cold: { ms: of(({ cold }) => cold.ms), events: least(({ cold }) => cold.events) },
    live: {
      callback: of(({ live }) => live.callback),
      durable: of(({ live }) => live.durable),
      calls: of(({ live }) => live.calls),
    },
    bytes: of(({ hundred }) => hundred.bytes / hundred.events),
  };
};

const HEAD = [
  'store',
  'one at a time, events/s (p50 ms)',
  'by 100, events/s',
  '10,000 at once, events/s',
  'cold reopen to 500 states, ms (events)',
  'callback p50 ms (durable)',
  'callbacks a write',
  'bytes an event on disk',
];

const n = (value) => (value === null ? '-' : value.toLocaleString('en-US'));

const cellsOf = ({ name, version, one, hundred, all, cold, live, bytes }) => [
  `${name} ${version}`.trim(),
  `${n(one.rate)} (${n(one.p50)})`,
  n(hundred.rate),
  n(all.rate),
  `${n(cold.ms)} (${n(cold.events)})`,
  `${n(live.callback)} (${n(live.durable)})`,
  n(live.calls),
  n(bytes),
];

const notesOf = (rows) =>
  rows.map(({ name, durability, differs, one, hundred }) => {
    const cut = [
      one.cut ? `one at a time: ${n(one.events)} events within the time` : '',
      hundred.cut ? `by 100: ${n(hundred.events)}` : '',
    ].filter((text) => text !== '');
    return `- **${name}**: durability ${durability}; ${differs}${cut.length > 0 ? `. Cut off by the clock: ${cut.join(', ')}` : ''}.`;
  });

export const textOf = (rows) => {
  const table = aligned([HEAD, ...rows.map(cellsOf)]);
  return [...table, '', ...notesOf(rows)].join('\n');
};

export const markdownOf = (rows) => [
  ...[HEAD, HEAD.map(() => '---'), ...rows.map(cellsOf)].map((line) => `| ${line.join(' | ')} |`),
  '',
  ...notesOf(rows),
];
